"""The one place that talks to GitHub: a repository's API, by PyGithub, with errors that name what to set."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from github import Auth, Github, GithubException

from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.Repository import Repository

    from kanmon.github.run import WorkflowRun

WRITE_PAUSE = "KANMON_GITHUB_WRITE_PAUSE"
"""Seconds between two writes, for tests that don't talk to GitHub. One second otherwise, as GitHub asks:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api"""

_NOT_FOUND = 404
_DENIED = {401, 403}


class Client:
    """A repository's API with a workflow's token."""

    def __init__(self, run: WorkflowRun, token: str) -> None:
        if not token:
            raise KanmonError(Code.GITHUB_MISSING, "There is no GitHub token.")
        pause = os.environ.get(WRITE_PAUSE)
        self.run = run
        self._github = Github(
            auth=Auth.Token(token),
            base_url=run.api,
            lazy=True,
            timeout=15,
            user_agent="kanmon",
            seconds_between_requests=0,
            seconds_between_writes=float(pause) if pause else 1.0,
        )

    @property
    def repository(self) -> Repository:
        """PyGithub's repository, not read yet."""
        return self._github.get_repo(self.run.repository)

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON, as GitHub describes it
        """The answer to `GET /repos/{repository}{path}`, for what PyGithub has no method for."""
        _, content = self._github.requester.requestJsonAndCheck(
            "GET", f"/repos/{self.run.repository}{path}", parameters=query or None
        )
        return content

    def post(self, path: str) -> None:
        """`POST /repos/{repository}{path}` without content."""
        self._github.requester.requestJsonAndCheck("POST", f"/repos/{self.run.repository}{path}")


@contextmanager
def explained(doing: str, *, permission: str) -> Iterator[None]:
    """Make API calls; what they raise becomes a KanmonError.

    `doing` follows "While", `permission` is what the job's token needs, as a workflow writes it.
    """
    try:
        yield
    except GithubException as error:
        told = f"While {doing}: GitHub answered {error.status}: {_said(error)}."
        if error.status in _DENIED:
            fix = f"Give the job `permissions: {permission}`."
            raise KanmonError(Code.GITHUB_DENIED, told, fix=fix) from error
        raise KanmonError(Code.GITHUB_FAILED, told) from error
    except requests.RequestException as error:
        raise KanmonError(Code.GITHUB_UNREACHABLE, f"While {doing}: {error}.") from error


def is_missing(error: GithubException) -> bool:
    """GitHub knows no such thing, or doesn't show it to this token."""
    return bool(error.status == _NOT_FOUND)


def _said(error: GithubException) -> str:
    data = error.data
    return str(data.get("message", "")).rstrip(".") if isinstance(data, dict) else str(data or error.message)
