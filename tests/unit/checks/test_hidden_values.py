"""Values of secrets and answers are used in checks, and shown nowhere (CD-7, TRU-3)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest

from kanmon.checks.hidden_values import NoValueError, Values
from kanmon.config.checks import Check
from kanmon.model import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = 'Sail"away\\ 東京 &=+%/'
SECRETS = {
    "shopper": json.dumps({"password": PASSWORD, "user": "kim", "n": 1}),
    "key": "canary-key-1234",
    "line": "canary\n",
    "odd": "canary-ü",
    "list": "[]",
}


def _check(**content: Any) -> Check:
    return Check.model_validate({"name": "orders", "path": "/api/orders", **content})


def _values() -> Values:
    return Values(SECRETS.__getitem__)


def test_a_header_takes_a_secret() -> None:
    filled = _values().fill(_check(headers={"x-key": "Key ${secrets.key}", "accept": "${!secrets.key}"}))
    assert filled.headers == {"x-key": "Key canary-key-1234", "accept": "${secrets.key}"}


@pytest.mark.parametrize(
    ("body", "headers", "read"),
    [
        ('{"p": "${secrets.shopper.password}"}', {}, lambda text: json.loads(text)["p"]),
        ("p=${secrets.shopper.password}", {"Content-Type": "application/x-www-form-urlencoded"}, None),
        ("${secrets.shopper.password}", {}, str),
    ],
    ids=["json", "form", "text"],
)
def test_a_body_takes_any_value(
    body: str, headers: dict[str, str], read: Callable[[str], str] | None
) -> None:
    """Whatever characters the value has, the app reads the same."""
    filled = _values().fill(_check(method="POST", body=body, headers=headers))
    assert filled.body
    assert (read(filled.body) if read else filled.body) == (PASSWORD if read else f"p={quote_plus(PASSWORD)}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${secrets.line}", "header x-key is not one line of plain ASCII"),
        ("${secrets.odd}", "header x-key is not one line of plain ASCII"),
        ("${secrets.key.password}", "the secret key is not JSON, so it has no key password"),
        ("${secrets.list.password}", "the secret list has no text under the key password"),
        ("${secrets.shopper.gone}", "the secret shopper has no text under the key gone"),
        ("${secrets.shopper.n}", "the secret shopper has no text under the key n"),
        ("${login.token}", "no check captured login.token"),
    ],
)
def test_a_value_that_can_not_be_used_has_a_reason_without_it(text: str, reason: str) -> None:
    with pytest.raises(NoValueError, match=reason) as refused:
        _values().fill(_check(headers={"x-key": text}))
    assert "canary" not in str(refused.value)


def test_a_secret_is_read_once_in_a_run() -> None:
    read: list[str] = []

    def reader(name: str) -> str:
        read.append(name)
        return SECRETS[name]

    values = Values(reader)
    for _ in range(3):
        values.fill(_check(headers={"x-key": "${secrets.key}"}))
    assert read == ["key"]


def _captured(answer: Answer, **capture: Any) -> tuple[Values, str]:
    values = _values()
    return values, values.capture(_check(name="login", capture=capture), answer)


def test_what_an_answer_gives_is_there_for_later_checks() -> None:
    answer = Answer(
        200, {}, b'{"data": {"token": "canary-token", "id": 7}}', 0.1, cookies={"sid": "canary-sid"}
    )
    values, problem = _captured(answer, json={"token": "data.token", "id": "data.id"}, cookies=["sid"])
    assert problem == ""
    later = _check(
        headers={"authorization": "Bearer ${login.token}", "cookie": "sid=${login.sid}; n=${login.id}"}
    )
    assert values.fill(later).headers == {
        "authorization": "Bearer canary-token",
        "cookie": "sid=canary-sid; n=7",
    }


@pytest.mark.parametrize(
    ("body", "capture", "problem"),
    [
        (b"canary", {"json": {"token": "a"}}, "the body is not JSON, so nothing can be captured"),
        (b"{}", {"json": {"token": "a"}}, "a is no text and no number, so token can't be captured"),
        (b'{"a": ""}', {"json": {"token": "a"}}, "a is no text and no number, so token can't be captured"),
        (b'{"a": true}', {"json": {"token": "a"}}, "a is no text and no number, so token can't be captured"),
        (
            b'{"a": ["canary"]}',
            {"json": {"token": "a"}},
            "a is no text and no number, so token can't be captured",
        ),
        (
            b'{"a": "' + b"x" * 20_000 + b'"}',
            {"json": {"token": "a"}},
            "token has more than 16384 characters",
        ),
        (b"{}", {"cookies": ["sid"]}, "the answer sets no cookie sid"),
    ],
)
def test_an_answer_without_the_value_is_a_bad_one(body: bytes, capture: Any, problem: str) -> None:
    _, found = _captured(Answer(200, {}, body, 0.1), **capture)
    assert found.startswith(problem)


FORMS: list[Callable[[str], str]] = [
    str,
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False),
    quote,
    quote_plus,
    lambda value: quote(value, safe=""),
    lambda value: base64.b64encode(value.encode()).decode(),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_used_value_is_shown_in_no_form(form: Callable[[str], str]) -> None:
    """TRU-3: the app may repeat it in its answer."""
    values = _values()
    values.fill(_check(body="${secrets.shopper.password}"))
    shown = form(PASSWORD)
    hidden = values.hidden(
        Answer(500, {"x-echo": shown}, f"wrong: {shown}".encode(), 0.1, cookies={"a": shown})
    )
    assert hidden.body.strip(b'"').endswith(b"***") or hidden.body == b'wrong: "***"'
    assert "***" in hidden.headers["x-echo"]
    assert hidden.cookies == {}
    assert "Sail" not in values.hide(f"error: {shown}")
    assert "Sail" not in repr(values)


def test_an_answer_is_shown_as_it_is_without_values() -> None:
    answer = Answer(200, {"a": "b"}, b"c", 0.1)
    assert _values().hidden(answer) is answer


def test_a_value_of_three_characters_hides_nothing() -> None:
    """It would hide a piece of every number."""
    values, _ = _captured(Answer(200, {}, b'{"id": 7}', 0.1), json={"id": "id"})
    assert values.hide("status is 507") == "status is 507"
