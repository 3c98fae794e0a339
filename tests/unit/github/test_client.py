"""Calls to GitHub: each is in the log of `-v`, also one without an answer."""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING

import pytest
import requests
from github import Auth, Github, GithubException

from kanmon import language
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.client import Client, github_errors, reason
from tests.fakes.repository import NAME, client_of, run_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

POOL = "HTTPSConnectionPool(host='api.github.com', port=443): NewConnectionError"


def test_a_call_is_logged_with_its_status_and_duration(
    github: LocalGithub, caplog: pytest.LogCaptureFixture
) -> None:
    token = github.token({"contents": "read"})
    with caplog.at_level(logging.DEBUG, "kanmon"):
        Client(run_of(github), token).get("/commits", per_page=1)
    assert any(
        line.startswith(f"GET /repos/{NAME}/commits") and " 200 " in line and line.endswith(" ms")
        for line in caplog.messages
    )
    assert token not in caplog.text


def test_a_call_without_an_answer_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        api = Github(auth=Auth.Token("t"), base_url=nobody, retry=None)
        with caplog.at_level(logging.DEBUG, "kanmon"), pytest.raises(requests.RequestException):
            api.get_repo(NAME)
    assert any(line.startswith(f"GET /repos/{NAME} no answer") for line in caplog.messages)


ERRORS = {
    "a silent server": (requests.ReadTimeout(POOL), "GitHub gave no answer in time"),
    "a slow connection": (requests.ConnectTimeout(POOL), "GitHub gave no answer in time"),
    "a foreign certificate": (requests.exceptions.SSLError(POOL), "GitHub's certificate is not valid here"),
    "a dead proxy": (requests.exceptions.ProxyError(POOL), "the proxy gave no connection to GitHub"),
    "errors alone": (requests.exceptions.RetryError(POOL), "GitHub answered each repetition with an error"),
    "no connection": (requests.ConnectionError(POOL), "GitHub gave no connection or no answer"),
    "anything else": (requests.exceptions.ChunkedEncodingError(POOL), "the request to GitHub failed"),
}


@pytest.mark.parametrize(("error", "words"), ERRORS.values(), ids=ERRORS)
@pytest.mark.usefixtures("japanese")
def test_a_failed_request_is_explained_in_japanese(error: Exception, words: str) -> None:
    """DOC-1"""
    with pytest.raises(KanmonError) as raised, github_errors("x", permission="actions: read"):
        raise error
    assert words not in raised.value.message
    assert language.japanese()[words] in raised.value.message


@pytest.mark.parametrize(("error", "words"), ERRORS.values(), ids=ERRORS)
def test_a_failed_request_is_explained_in_our_words(error: Exception, words: str) -> None:
    """TRU-6: no words of Python."""
    with pytest.raises(KanmonError) as caught, github_errors("reading the run", permission="actions: read"):
        raise error
    assert caught.value.code is Code.GITHUB_UNREACHABLE
    assert caught.value.message == f"While reading the run: {words}."


@pytest.mark.parametrize("answer", ["{", "[" * 100_000], ids=["a torn one", "a deep one"])
def test_an_answer_without_json_is_an_error(answer: str) -> None:
    """TRU-6"""
    reading = github_errors("reading the run", permission="actions: read")
    with pytest.raises(KanmonError, match="GitHub's answer is not JSON") as caught, reading:
        json.loads(answer)
    assert caught.value.code is Code.GITHUB_FAILED


LIMITED = ("GITHUB_UNREACHABLE", "Wait an hour")
HOUR = {"X-RateLimit-Reset": "9999999999"}
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
REFUSALS = {
    "a permission": (403, "Resource not accessible by integration", {}, "GITHUB_DENIED", "Give the job"),
    "an archive": (403, "Repository was archived so is read-only.", {}, "GITHUB_DENIED", "Unarchive"),
    "an hour's limit": (403, "API rate limit exceeded for installation.", HOUR, *LIMITED),
    "a moment's limit": (403, SECONDARY, {"Retry-After": "0"}, *LIMITED),
    "too many": (429, SECONDARY, {}, *LIMITED),
    "a former name": (307, "Temporary Redirect", {}, "GITHUB_FAILED", "Start a new run"),
    "trouble": (502, "Bad Gateway", {}, "GITHUB_FAILED", "githubstatus"),
}


@pytest.mark.parametrize(("status", "message", "headers", "code", "fix"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_has_its_own_fix(
    github: LocalGithub, status: int, message: str, headers: dict[str, str], code: str, fix: str
) -> None:
    """Nobody waits longer than some minutes, and a write under a former name is no success (TRU-6)."""
    github.fail("POST", "/git/refs", status, message, headers)
    writing = github_errors("writing the tag r1", permission="contents: write")
    with pytest.raises(KanmonError, match="While writing the tag r1: GitHub answered") as caught, writing:
        client_of(github, contents="write").repository.create_git_ref("refs/tags/r1", "a" * 40)
    assert caught.value.code is Code[code]
    assert fix in caught.value.fix


def test_the_details_of_an_answer_are_shown() -> None:
    data = {"message": "Validation Failed", "errors": [{"message": "pre_receive Rules\n\nNo.\n"}, "other"]}
    assert reason(GithubException(422, data)) == "Validation Failed: pre_receive Rules No"


def test_an_answer_without_its_content_is_an_error() -> None:
    """TRU-6: a proxy's page stands in place of GitHub's answer."""
    page: dict[str, str] = {"data": "<html>"}
    reading = github_errors("reading the run", permission="actions: read")
    with pytest.raises(KanmonError, match="answer has no 'jobs'") as caught, reading:
        _ = page["jobs"]
    assert caught.value.code is Code.GITHUB_FAILED
