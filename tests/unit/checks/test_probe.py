"""One request of a smoke check through the edge (CD-7)."""

from __future__ import annotations

from typing import Any

import pytest

from kanmon.checks.probe import Target, preview_address
from kanmon.config.checks import Check
from tests.unit.checks.server import FROM_R2, Request, serving

LIVE = Target("live", "r2")
CANDIDATE = Target("candidate", "r2", "r2-secret")


def _request(target: Target, **content: Any) -> Request:
    """The request that the server gets of a check."""
    check = Check.model_validate({"name": "health", "path": "/api/health", **content})
    with serving(FROM_R2) as server:
        server.edge.ask(check, target, 5)
    [request] = server.requests
    return request


def test_a_request_is_as_its_check_says() -> None:
    request = _request(LIVE, method="POST", path="/api/goals?a=1", body='{"a": 1}', headers={"X-Test": "yes"})
    assert request.method == "POST"
    assert request.path == "/api/goals?a=1"
    assert request.body == b'{"a": 1}'
    assert request.headers["x-test"] == "yes"


def test_a_request_names_the_apps_domain() -> None:
    assert _request(LIVE).headers["host"] == "shop.example"


def test_a_request_to_the_live_release_has_no_cookie() -> None:
    assert "cookie" not in _request(LIVE).headers


def test_a_request_to_a_candidate_has_the_previews_cookie() -> None:
    """CD-7, CD-8: the candidate, through the real edge, before any user."""
    assert _request(CANDIDATE).headers["cookie"] == "kanmon-preview=r2-secret"


@pytest.mark.parametrize("name", ["cookie", "Cookie"])
def test_a_checks_own_cookie_is_sent_to_a_candidate_too(name: str) -> None:
    cookie = _request(CANDIDATE, headers={name: "session=1"}).headers["cookie"]
    assert set(cookie.split("; ")) == {"session=1", "kanmon-preview=r2-secret"}


def test_a_preview_has_an_address_for_browsers() -> None:
    assert preview_address("https://shop.example", "r2-secret") == (
        "https://shop.example/?kanmon-preview=r2-secret"
    )
