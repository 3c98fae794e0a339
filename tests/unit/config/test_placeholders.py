"""`${…}` in texts (CD-7)."""

from __future__ import annotations

import pytest

from kanmon.config.placeholders import names_in, substitute


@pytest.mark.parametrize(
    ("text", "names", "result"),
    [
        ("", [], ""),
        ("plain $ {a} $a", [], "plain $ {a} $a"),
        ("${a}", ["a"], "<a>"),
        ("x${a.b}y${c}", ["a.b", "c"], "x<a.b>y<c>"),
        ("${!a}", [], "${a}"),
        ("${open", [], "${open"),
        ("${a${b}}", ["b"], "${a<b>}"),
    ],
)
def test_names_are_found_and_replaced(text: str, names: list[str], result: str) -> None:
    assert names_in(text) == names
    assert substitute(text, lambda name: f"<{name}>") == result


def test_a_value_is_not_read_again() -> None:
    """A value may have anything in it."""
    assert substitute("${a}", lambda _: "${b}") == "${b}"
