"""The only client for GitHub: a repository's API, by PyGithub. Its errors name the missing permission."""

from __future__ import annotations

import json
import logging
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from github import Auth, Github, GithubException, GithubRetry, RateLimitExceededException
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from github.Repository import Repository

    from kanmon.github.workflow_run import WorkflowRun

log = logging.getLogger(__name__)

WRITE_PAUSE = "KANMON_GITHUB_WRITE_PAUSE"
"""Seconds between two writes, for tests without GitHub. The default is one second, as GitHub asks:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api"""

_LONGEST_PAGE = 100
_LONGEST_WAIT = 60
"""Seconds that a call waits for its turn after GitHub's limit, at most `_REPEATS` times. The job holds its
environment meanwhile. https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
_REPEATS = 3
# From the special to the general.
_UNREACHABLE = {
    requests.Timeout: deferred("GitHub gave no answer in time"),
    requests.exceptions.SSLError: deferred("GitHub's certificate is not valid here"),
    requests.exceptions.ProxyError: deferred("the proxy gave no connection to GitHub"),
    requests.exceptions.RetryError: deferred("GitHub answered each repetition with an error"),
    requests.ConnectionError: deferred("GitHub gave no connection or no answer"),
}
_NO_REQUEST = deferred("the request to GitHub failed")
_NOT_FOUND = 404
_DENIED = {401, 403}
_TOO_MANY = 429
_NOT_TAKEN = {307, 308}
"""Redirects that PyGithub takes for answers. It goes along with 301 itself."""
_ARCHIVED = "Repository was archived"


class _LoggedHttp(HTTPRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _logged(self, super().getresponse)


class _LoggedHttps(HTTPSRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _logged(self, super().getresponse)


def _logged(
    connection: HTTPRequestsConnectionClass | HTTPSRequestsConnectionClass,
    ask: Callable[[], RequestsResponse],
) -> RequestsResponse:
    """Log each call with its duration, retries included (`-v`). PyGithub's own log also has bodies.

    Raises GithubException for the answer to a write under the repository's former name. PyGithub takes it for
    a success, and nothing was written.
    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    began = time.monotonic()
    answer = "no answer"
    try:
        response = ask()
        answer = str(response.status)
    finally:
        milliseconds = (time.monotonic() - began) * 1000
        log.debug("%s %s %s %.0f ms", connection.verb, connection.url, answer, milliseconds)
    if response.status in _NOT_TAKEN:
        raise GithubException(response.status, {"message": phrase("the repository has another name")})
    return response


# PyGithub's hook for logging its requests.
Requester.injectConnectionClasses(_LoggedHttp, _LoggedHttps)


class Client:
    """A repository's API, with the token of a workflow."""

    def __init__(self, run: WorkflowRun, token: str) -> None:
        if not token:
            raise KanmonError(Code.GITHUB_MISSING, phrase("There is no GitHub token."))
        pause = os.environ.get(WRITE_PAUSE)
        self.run = run
        self._github = Github(
            auth=Auth.Token(token),
            base_url=run.api,
            lazy=True,
            timeout=15,
            retry=GithubRetry(
                total=_REPEATS,
                max_rate_limit_wait=_LONGEST_WAIT,
                retry_after_max=_LONGEST_WAIT,
                raise_on_status=False,  # the last answer, in place of "too many retries"
            ),
            user_agent="kanmon",
            seconds_between_requests=0,
            seconds_between_writes=float(pause) if pause else 1.0,
        )

    @property
    def repository(self) -> Repository:
        """PyGithub's repository, not read yet."""
        return self._github.get_repo(self.run.repository)

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401 - JSON, as GitHub describes it
        """The answer to `GET /repos/{repository}{path}`. Use it if PyGithub has no method for the path."""
        _, content = self._github.requester.requestJsonAndCheck(
            "GET", f"/repos/{self.run.repository}{path}", parameters=query or None
        )
        return content

    def items(self, path: str, key: str, **query: str | int) -> Iterator[Any]:
        """All items of a list, from all its pages. `key` is the list's name in each page.

        https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        page, more = 1, True
        while more:
            headers, content = self._github.requester.requestJsonAndCheck(
                "GET",
                f"/repos/{self.run.repository}{path}",
                parameters={**query, "per_page": _LONGEST_PAGE, "page": page},
            )
            yield from content[key]
            page, more = page + 1, 'rel="next"' in headers.get("link", "")

    def post(self, path: str) -> None:
        """`POST /repos/{repository}{path}` without content."""
        self._github.requester.requestJsonAndCheck("POST", f"/repos/{self.run.repository}{path}")


@contextmanager
def github_errors(doing: str, *, permission: str) -> Iterator[None]:
    """Make API calls, and raise their errors as KanmonError.

    `doing` comes after "While", in the chosen language. `permission` is the permission the token needs, as
    a workflow writes it: `actions: read`.
    """
    try:
        yield
    except GithubException as error:
        raise _refusal(error, doing, permission) from error
    except requests.RequestException as error:
        reason = next((words for kind, words in _UNREACHABLE.items() if isinstance(error, kind)), _NO_REQUEST)
        message = phrase("While {doing}: {reason}.", doing=doing, reason=phrase(reason))
        raise KanmonError(Code.GITHUB_UNREACHABLE, message) from error
    except (json.JSONDecodeError, RecursionError) as error:
        message = phrase("While {doing}: GitHub's answer is not JSON.", doing=doing)
        raise KanmonError(Code.GITHUB_FAILED, message) from error
    except KeyError as error:
        # Such as a proxy's page in place of GitHub's answer.
        message = phrase("While {doing}: GitHub's answer has no {key}.", doing=doing, key=error)
        raise KanmonError(Code.GITHUB_FAILED, message) from error


def not_found(error: GithubException) -> bool:
    """Whether GitHub has no such thing, or doesn't show it to this token."""
    return bool(error.status == _NOT_FOUND)


def reason(error: GithubException) -> str:
    """GitHub's words for an error, on one line, without a full stop at the end."""
    data = error.data
    if not isinstance(data, dict):
        return one_line(str(data or error.message))
    details = [item.get("message") for item in data.get("errors") or () if isinstance(item, dict)]
    return one_line(
        ": ".join(str(text).strip().rstrip(".") for text in (data.get("message"), *details) if text)
    )


def _refusal(error: GithubException, doing: str, permission: str) -> KanmonError:
    message = phrase(
        "While {doing}: GitHub answered {status}: {reason}.",
        doing=doing,
        status=error.status,
        reason=reason(error),
    )
    if isinstance(error, RateLimitExceededException) or error.status == _TOO_MANY:
        fix = phrase(
            "Wait an hour, then run the command again: GitHub limits the calls of this repository's jobs."
        )
        return KanmonError(Code.GITHUB_UNREACHABLE, message, fix=fix)
    if error.status in _NOT_TAKEN:
        fix = phrase("Start a new run: it has the repository's new name.")
        return KanmonError(Code.GITHUB_FAILED, message, fix=fix)
    if error.status not in _DENIED:
        return KanmonError(Code.GITHUB_FAILED, message)
    fix = phrase("Give the job `permissions: {permission}`.", permission=permission)
    if _ARCHIVED in message:
        fix = phrase("Unarchive the repository.")
    return KanmonError(Code.GITHUB_DENIED, message, fix=fix)
