"""Tokens of a job's identity, as GitHub's OIDC provider issues them to jobs with `id-token: write`.

https://docs.github.com/en/actions/reference/security/oidc. They have no signature: nobody here checks one.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .loopback import Message, Reply

if TYPE_CHECKING:
    from .state import Repository, State
    from .workflows import Run

PATH = "/_identity"
ISSUER = "https://token.actions.githubusercontent.com"
_LIFE_SECONDS = 300


@dataclass(frozen=True)
class Identity:
    """A job that may ask for tokens."""

    run: int
    job: str
    ref: str
    """The ref of the run, such as `refs/heads/main`."""
    workflow: str
    """The file with the job, and its ref: `owner/name/.github/workflows/file.yml@ref`."""


@dataclass(frozen=True)
class Identities:
    """The jobs that may ask, by the secret with which they ask."""

    state: State
    jobs: dict[str, Identity] = field(default_factory=dict)

    def admit(self, identity: Identity) -> str:
        """A job's secret for its requests."""
        secret = secrets.token_hex(20)
        self.jobs[secret] = identity
        return secret

    def handle(self, message: Message) -> Reply:
        """A job asks for a token with the audience of its choice."""
        scheme, _, secret = message.headers.get("authorization", "").partition(" ")
        identity = self.jobs.get(secret)
        if scheme.lower() != "bearer" or identity is None:
            return Reply(401)
        with self.state.changed:
            repository, run = next(
                (one, one.runs[identity.run])
                for one in self.state.repositories.values()
                if identity.run in one.runs
            )
            claims = self._claims(repository, run, identity)
        claims["aud"] = message.query.get("audience", f"https://github.com/{claims['repository_owner']}")
        body = json.dumps({"value": unsigned(claims)}).encode()
        return Reply(200, body, {"Content-Type": "application/json"})

    def _claims(self, repository: Repository, run: Run, identity: Identity) -> dict[str, Any]:
        owner, _, name = repository.name.partition("/")
        owner_id, now = self.state.user_id(owner), int(time.time())
        job = run.latest.job(identity.job)
        context = f"ref:{identity.ref}"
        if job and job.environment:
            context = f"environment:{job.environment}"
        elif run.event == "pull_request":
            context = "pull_request"
        # The repository is new, so its subject has ids:
        # https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
        subject = f"repo:{owner}@{owner_id}/{name}@{repository.id}:{context}"
        return {
            "iss": ISSUER,
            "iat": now,
            "exp": now + _LIFE_SECONDS,
            "sub": subject,
            "repository": repository.name,
            "repository_id": str(repository.id),
            "repository_owner": owner,
            "repository_owner_id": str(owner_id),
            "ref": identity.ref,
            "sha": run.sha,
            "actor": run.actor,
            "event_name": run.event,
            "run_id": str(run.id),
            "run_attempt": str(run.latest.number),
            "workflow_ref": f"{repository.name}/.github/workflows/{run.workflow_file}@{identity.ref}",
            "job_workflow_ref": identity.workflow,
            **({"environment": job.environment} if job and job.environment else {}),
        }


def unsigned(claims: dict[str, Any]) -> str:
    """The token with these claims."""
    head = {"alg": "RS256", "typ": "JWT"}
    encoded = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in (head, claims)
    ]
    return ".".join([*encoded, "unsigned"])
