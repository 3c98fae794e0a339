"""The public API: checks the token, its permissions, the request and the answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import attestations, commits, deployments, environments, pulls, refs, releases, repositories, runs
from .loopback import Message, Reply
from .routing import Answer, Call, RefusedError, Route, found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract import Contract
    from .state import Repository, State, Token

_MODULES = (attestations, commits, deployments, environments, pulls, refs, releases, repositories, runs)
ROUTES: tuple[Route, ...] = tuple(route for module in _MODULES for route in module.ROUTES)
_DOCUMENTATION = "https://docs.github.com/rest"


@dataclass
class Api:
    """Answers messages from the state."""

    state: State
    contract: Contract
    base: str
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        missing = {(route.method, route.template) for route in ROUTES} - self.contract.operations
        if missing:
            raise RuntimeError(f"trim GitHub's description again, it lacks {sorted(missing)}")

    def handle(self, message: Message) -> Reply:
        """One request, one response, both as described."""
        route, path = self._route(message)
        try:
            reply = _reply(self._serve(message, route, path))
        except RefusedError as refusal:
            if not refusal.played:
                self._record(message, [refusal.message, *refusal.errors])
            reply = _refusal(refusal)
        if route is None:
            return reply
        faults = self.contract.response_faults(message, route.fill(path), reply)
        if faults:
            self._record(message, [f"answer {reply.status}: {fault}" for fault in faults])
            return _refusal(RefusedError(500, "The local GitHub gave an answer that GitHub doesn't", *faults))
        return reply

    def _serve(self, message: Message, route: Route | None, path: Mapping[str, str]) -> Answer:
        token = self._token(message)
        if route is None:
            raise RefusedError(404, "Not Found", played=False)
        repository = self._repository(message, path)
        self._refuse(message, repository)
        if not route.allowed(token.permissions):
            raise RefusedError(403, "Resource not accessible by integration")
        faults = self.contract.request_faults(message, route.fill(path))
        faults += [f"query {name}: not played" for name in sorted(set(message.query) - route.known)]
        if faults:
            raise RefusedError(422, "Validation Failed", *faults, played=False)
        body = json.loads(message.body) if message.body else None
        call = Call(self.state, repository, self.base, message.path, path, message.query, body, token)
        with self.state.changed:
            return route.handler(call)

    def _route(self, message: Message) -> tuple[Route | None, dict[str, str]]:
        for route in ROUTES:
            path = route.match(message.path) if route.method == message.method else None
            if path is not None:
                return route, path
        return None, {}

    def _repository(self, message: Message, path: Mapping[str, str]) -> Repository:
        """The repository. A former name leads to the present one.

        https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        """
        name = f"{path['owner']}/{path['repo']}".lower()
        if name not in self.state.renamed:
            return found(self.state.repositories.get(name))
        former = f"/repos/{path['owner']}/{path['repo']}"
        there = f"{self.base}/repos/{self.state.renamed[name]}{message.path.removeprefix(former)}"
        status, text = (301, "Moved Permanently") if message.method == "GET" else (307, "Temporary Redirect")
        raise RefusedError(status, text, headers={"Location": there})

    def _refuse(self, message: Message, repository: Repository) -> None:
        below = message.path.removeprefix(f"/repos/{repository.name}")
        for fault in self.state.faults:
            if fault.method == message.method and re.fullmatch(fault.path, below):
                raise RefusedError(fault.status, fault.message, headers=fault.headers)
        if repository.archived and message.method != "GET":
            raise RefusedError(403, "Repository was archived so is read-only.")

    def _token(self, message: Message) -> Token:
        scheme, _, secret = message.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"token", "bearer"}:
            raise RefusedError(401, "Requires authentication")
        token = self.state.tokens.get(secret)
        if token is None:
            raise RefusedError(401, "Bad credentials")
        return token

    def _record(self, message: Message, faults: list[str]) -> None:
        self.violations += [f"{message.method} {message.path}: {fault}" for fault in faults]


def _reply(answer: Answer) -> Reply:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(answer.status, json.dumps(answer.body).encode(), {**kind, **answer.headers})


def _refusal(refusal: RefusedError) -> Reply:
    body: dict[str, Any] = {
        "message": refusal.message,
        "documentation_url": _DOCUMENTATION,
        "status": str(refusal.status),
    }
    if refusal.errors:
        body["errors"] = [{"resource": "Call", "code": "custom", "message": text} for text in refusal.errors]
    return _reply(Answer(body, refusal.status, refusal.headers))
