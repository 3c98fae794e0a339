"""The conditions on an answer. A failed check shows the actual value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon.config.checks import Check
from kanmon.model import Answer

FROM_R2 = {"x-kanmon-release": "r2"}


def check(path: str = "/api/health", **expect: Any) -> Check:
    return Check.model_validate({"name": "health", "path": path, "expect": expect})


def assess(one: Check, given: Answer) -> str:
    """The problems of an answer to a check of r2."""
    return one.expect.problem(given, one.path or "", "r2")


def answer(
    body: bytes = b"{}", status: int = 200, headers: dict[str, str] | None = None, seconds: float = 0.1
) -> Answer:
    return Answer(status, FROM_R2 if headers is None else headers, body, seconds)


def test_an_expected_answer_has_no_problem() -> None:
    assert assess(check(), answer()) == ""


def test_another_status_is_shown_with_the_body() -> None:
    problem = assess(check(), answer(b"relation  goals\nis missing", status=500))
    assert "500" in problem
    assert "200" in problem
    assert "relation goals is missing" in problem


def test_a_status_other_than_200_can_be_expected() -> None:
    assert assess(check(status=401), answer(status=401)) == ""
    assert "200 instead of 401" in assess(check(status=401), answer())


@pytest.mark.parametrize("path", ["/api/health", "/api/v1.2/goals?q=a.b", "/", "/goals", "/index.html"])
def test_api_answers_and_pages_must_name_their_release(path: str) -> None:
    """CD-7: an answer of the other release proves nothing."""
    assert assess(check(path), answer()) == ""
    assert "r1 instead of r2" in assess(check(path), answer(headers={"x-kanmon-release": "r1"}))
    nameless = assess(check(path), answer(headers={}))
    assert nameless == "answered without a release's name in `x-kanmon-release`, which has to be r2"


@pytest.mark.parametrize("path", ["/robots.txt", "/assets/app-1a2b.js", "/sw.js?v=1"])
def test_other_files_need_not_name_their_release(path: str) -> None:
    assert assess(check(path), answer(headers={})) == ""


def test_a_check_decides_whether_a_release_must_be_named() -> None:
    assert assess(check(release=False), answer(headers={})) == ""
    assert "which has to be r2" in assess(check("/robots.txt", release=True), answer(headers={}))


def test_a_page_names_its_release_by_its_metadata() -> None:
    assert assess(check("/"), answer(headers={"x-amz-meta-kanmon-release": "r2"})) == ""


def test_headers_are_matched_whatever_the_case_of_their_names() -> None:
    expected = check(headers={"Content-Type": "^text/html"})
    assert assess(expected, answer(headers=FROM_R2 | {"content-type": "text/html; charset=utf-8"})) == ""
    problem = assess(expected, answer(headers=FROM_R2 | {"content-type": "application/json"}))
    assert "Content-Type" in problem
    assert "application/json" in problem
    assert "None" in assess(expected, answer())


def test_the_body_must_contain_the_pattern() -> None:
    assert assess(check(body="He[l]+o"), answer(b"<h1>Hello</h1>")) == ""
    assert "Goodbye" in assess(check(body="Hello"), answer(b"Goodbye"))


def test_json_is_asked_by_jmespath() -> None:
    expected = check(json={"length(items)": 2, "items[0].name": "a", "cursor": None})
    assert assess(expected, answer(b'{"items": [{"name": "a"}, {}]}')) == ""
    problem = assess(expected, answer(b'{"items": [{"name": "b"}, {}]}'))
    assert problem == 'items[0].name is "b" instead of "a"'


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff\xfe\x00", b'{"a": '])
def test_a_body_without_json_is_shown(body: bytes) -> None:
    assert "not JSON" in assess(check(json={"status": "ok"}), answer(body))


@pytest.mark.parametrize(("body", "wanted"), [(b'{"ok": true}', 1), (b'{"ok": 0}', False)])
def test_a_truth_value_is_not_a_number(body: bytes, wanted: object) -> None:
    assert "instead of" in assess(check(json={"ok": wanted}), answer(body))


@pytest.mark.parametrize("body", [b'{"items": 5}', b"{}", b"[]"])
def test_a_function_of_another_type_is_a_failed_check(body: bytes) -> None:
    """CD-7: an error answer has another shape; that must fail the check, not the run."""
    assert "length(items)" in assess(check(json={"length(items)": 2}), answer(body))


def test_a_body_nested_without_end_is_a_failed_check() -> None:
    assert "not JSON" in assess(check(json={"status": "ok"}), answer(b"[" * 100_000))


def test_a_slow_answer_is_shown_in_milliseconds() -> None:
    assert assess(check(latency="300ms"), answer(seconds=0.3)) == ""
    assert "1250 ms instead of 300 ms" in assess(check(latency="300ms"), answer(seconds=1.25))


def test_a_long_body_is_not_shown_whole() -> None:
    assert len(assess(check(), answer(b"x" * 10_000, status=500))) < 300


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "status"]), inner),
    max_leaves=8,
)
_BODIES = st.binary() | st.text().map(str.encode) | _JSON.map(lambda value: json.dumps(value).encode())


@settings(deadline=None)
@given(
    body=_BODIES,
    headers=st.dictionaries(st.text(), st.text()) | st.just(FROM_R2 | {"content-type": "x"}),
    status=st.sampled_from([200, 200, 500]),
    expected=st.sampled_from(
        [
            {},
            {"body": "^a+$"},
            {"headers": {"Content-Type": "json"}},
            {"json": {"a.b[0]": 1, "status": "ok", "[]": [], "@": {"a": 1}}},
        ]
    ),
)
def test_no_answer_makes_it_raise(
    body: bytes, headers: dict[str, str], status: int, expected: dict[str, Any]
) -> None:
    """CD-7: whatever comes back is judged."""
    problem = assess(check("/robots.txt", **expected), answer(body, status, headers))
    assert (problem == "") <= (status == 200)


def test_a_body_without_end_is_not_read_as_json() -> None:
    """TRU-6: the probe reads the beginning of a large body."""
    cut = Answer(200, FROM_R2, b"[" * 1024 * 1024, 0.1, cut=True)
    assert "larger than 1 MB" in assess(check(json={"@": 1}), cut)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a": NaN}', b"Infinity", b"9" * 5000])
def test_extreme_json_is_no_json(body: bytes) -> None:
    assert "not JSON" in assess(check(json={"a": 1}), answer(body))


def test_a_deep_value_is_compared_or_refused() -> None:
    deep = json.loads("[" * 900 + "]" * 900)
    assert assess(check(json={"@": 1}), answer(json.dumps(deep).encode()))


def test_a_large_body_is_searched_at_its_beginning() -> None:
    assert assess(check(body="ok"), answer(b"ok" + b" " * 200_000)) == ""
    assert "first 128 kB" in assess(check(body="ok"), answer(b" " * 200_000 + b"ok"))
