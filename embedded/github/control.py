"""The control side over HTTP, below /_control/: the methods of LocalGithub for a launcher in another process.

Parameters are the path's and a JSON object's, by their names in Python; the answer is `{"result": …}`.
Beginning a job blocks until a reviewer has decided. The answer is
`{"state": "approved", "job": 7, "runner": "…"}`. The state may also be `rejected`, `cancelled`, or `waiting`:
then ask again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from .loopback import Message, Reply
from .routing import RefusedError

if TYPE_CHECKING:
    from .server import LocalGithub

_BEGIN = "begin"
_METHODS = {
    r"repositories": "add_repository",
    r"users": "add_user",
    r"tokens": "token",
    r"environments/(?P<environment>[^/]+)": "protect",
    r"commits": "commit",
    r"pulls": "open_pull",
    r"pulls/(?P<number>\d+)/merge": "merge_pull",
    r"runs": "begin_run",
    r"runs/(?P<run>\d+)/cancel": "cancel",
    r"runs/(?P<run>\d+)/review": "review",
    r"runs/(?P<run>\d+)/end": "end_run",
    r"runs/(?P<run>\d+)/jobs/(?P<job>[^/]+)/begin": _BEGIN,
    r"runs/(?P<run>\d+)/jobs/(?P<job>[^/]+)/end": "end_job",
}
PATIENCE = 20.0
"""How many seconds one request waits for a reviewer."""

_NUMBERS = {"run", "number"}


@dataclass(frozen=True)
class Control:
    """Answers messages by calling the server's own methods."""

    github: LocalGithub

    def handle(self, message: Message) -> Reply:
        """One POST, one call."""
        for pattern, method in _METHODS.items():
            filled = re.fullmatch(f"/_control/{pattern}", message.path)
            if filled and message.method == "POST":
                named = {
                    name: int(value) if name in _NUMBERS else unquote(value)
                    for name, value in filled.groupdict().items()
                }
                return self._call(method, {**json.loads(message.body or b"{}"), **named})
        return _reply(404, {"message": "There is no such control"})

    def _call(self, method: str, parameters: dict[str, Any]) -> Reply:
        try:
            if method == _BEGIN:
                return _reply(200, self._begin(**parameters))
            result = getattr(self.github, method)(**parameters)
        except RefusedError as refusal:
            return _reply(refusal.status, {"message": refusal.message, "errors": refusal.errors})
        except (KeyError, TypeError, ValueError) as error:
            return _reply(400, {"message": f"{type(error).__name__}: {error}"})
        return _reply(200, {"result": result if isinstance(result, int | str) else None})

    def _begin(
        self, run: int, job: str, run_attempt: int, patience: float = PATIENCE, **more: Any
    ) -> dict[str, Any]:
        made = self.github.begin_job(run, run_attempt, job, **more)
        state = self.github.wait_job(run, job, patience)
        return {"state": state, "job": made.id, "runner": made.runner}


def _reply(status: int, body: Any) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
