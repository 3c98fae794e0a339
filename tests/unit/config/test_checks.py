"""A check is a request, an invocation or a sign-in (CD-7)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.config.checks import Check, with_needed

SIGN_IN = {"username": "a@b.example", "password": "${secrets.shopper}"}


def _check(**content: Any) -> Check:
    return Check.model_validate({"name": "one", **content})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({}, "It has nothing to ask. Write one of `path: /api/health`, `function: name`"),
        ({"path": "/", "function": "api"}, "It has `path` and `function`."),
        ({"function": "api", "headers": {"a": "b"}}, "`headers` belongs to a request"),
        ({"function": "api", "method": "POST"}, "`method` belongs to a request"),
        ({"sign_in": SIGN_IN, "body": "x"}, "`body` belongs to a request"),
        ({"function": "api", "expect": {"headers": {"a": "b"}}}, "`expect.headers` belongs to a request"),
        ({"function": "api", "capture": {"cookies": ["sid"]}}, "Only an answer to a request sets cookies."),
        ({"path": "/", "payload": {"a": 1}}, "Only a function has a `payload`."),
        ({"name": "secrets", "path": "/"}, "stands for a secret, so no check has this name"),
    ],
)
def test_a_check_asks_in_one_way(content: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        _check(**content)
    assert reason in str(refused.value)


def test_a_password_is_a_secret() -> None:
    """TRU-3"""
    with pytest.raises(ValidationError, match="password"):
        _check(sign_in=SIGN_IN | {"password": "hunter22"})


def test_a_stored_check_is_read_again() -> None:
    """With all its defaults, as a bundle has it."""
    for content in ({"path": "/"}, {"function": "api", "payload": {"a": 1}}, {"sign_in": SIGN_IN}):
        check = _check(**content)
        assert Check.model_validate(check.model_dump(mode="json", by_alias=True)) == check


def test_a_request_is_stored_as_before() -> None:
    """An older Kanmon can run it."""
    stored = _check(path="/").model_dump(mode="json", by_alias=True)
    assert not {"function", "payload", "sign_in", "capture"} & set(stored)


def test_a_check_needs_what_it_names() -> None:
    check = _check(
        path="/",
        headers={"a": "${login.token} ${secrets.key} ${!secrets.not}"},
        body="${first.id} ${secrets.shopper.password}",
    )
    assert check.needs == {"login", "first"}
    assert check.secrets == {"key", "shopper"}


def test_the_needed_checks_come_along_in_their_order() -> None:
    """A failed check is asked again on another release, behind the same login."""
    first, login = _check(name="first", path="/"), _check(name="login", path="/", body="${first.id}")
    other = _check(name="other", path="/")
    mine = _check(name="mine", path="/", headers={"a": "${login.token}"})
    every = (first, login, other, mine)
    assert with_needed([mine], every) == (first, login, mine)
    assert with_needed([other], every) == (other,)
    assert with_needed([], every) == ()
