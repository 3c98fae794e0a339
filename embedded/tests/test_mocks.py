"""MOCK integrations in memory (INF-6)."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.edge import mocks
from embedded.edge.messages import Request

MOCK: dict[str, Any] = {
    "type": "MOCK",
    "passthroughBehavior": "never",
    "requestTemplates": {"application/json": '{"statusCode": 301}'},
    "integrationResponses": {
        "301": {
            "statusCode": "301",
            "selectionPattern": "",
            "responseParameters": {"method.response.header.location": "'/new'"},
            "responseTemplates": {"text/html": "#set($dollar = '$')1 ${dollar}"},
        }
    },
}


def ask(content_type: str = "", binary: tuple[str, ...] = (), **changes: Any) -> tuple[int, bytes]:
    headers = {"content-type": [content_type]} if content_type else {}
    answer = mocks.answer(Request("GET", "/", headers=headers), MOCK | changes, binary)
    return answer.status, answer.body


def test_the_status_chooses_the_answer() -> None:
    answer = mocks.answer(Request("GET", "/"), MOCK, ())
    assert (answer.status, answer.headers["location"], answer.body) == (301, ["/new"], b"1 $")


@pytest.mark.parametrize(("behavior", "status"), [("never", 415), ("when_no_match", 500)])
def test_a_request_of_another_type_fits_no_template(behavior: str, status: int) -> None:
    assert ask("text/plain", passthroughBehavior=behavior)[0] == status
    assert ask("application/json; charset=utf-8", passthroughBehavior=behavior)[0] == 301


def test_bytes_fit_a_template_as_text_only() -> None:
    assert ask(binary=("*/*",))[0] == 500
    assert ask(binary=("*/*",), contentHandling="CONVERT_TO_TEXT")[0] == 301


@pytest.mark.parametrize(
    ("template", "text"), [("a", "a"), ("$x", None), ("#if(1)", None), ("${x}", "${x}"), ("", "")]
)
def test_other_directives_are_not_played(template: str, text: str | None) -> None:
    assert mocks.rendered(template) == text
