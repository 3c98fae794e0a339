"""Calls to GitHub: each is in the log of `-v`, also one without an answer."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import pytest
import requests
from github import Auth, Github

from kanmon.github.client import Client
from tests.fakes.repository import NAME, run_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub


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
