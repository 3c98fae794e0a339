"""Filter patterns of alarms: those that CloudWatch Logs would refuse in the deploy (INF-9, MON-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from kanmon.config.log_patterns import LogPattern
from kanmon.config.source import load_config
from kanmon.errors import KanmonError
from tests.unit.config.refused import mistake_of

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """\
app: shop
functions: {{api: {{handler: shop.api, artifact: build}}}}
api: {{routes: [{{path: /api, function: api}}]}}
checks: [{{name: health, path: /api}}]
alarms:
  mine:
    threshold: 1
    log_pattern: {pattern}
"""


@pytest.mark.parametrize(
    "pattern",
    [
        "ERROR",
        "payment refused",
        "?ERROR ?WARN -Retry",
        '"[ERROR" "100 %" "a { b"',
        r'"she wrote \"no\" (twice"',
        "%[Ee]rror|fail{2}%",
        r"%\{open%",
        "{ $.level = ERROR }",
        '{ ($.status >= 500) && ($.path = "/api/*" || $.path NOT EXISTS) }',
        '{ $.message = %^pay[^(]+% && $.items[0].name = "{" }',
        "{ $.['error}type'] = \"x\" }",
        "{ $.a IS NULL }\n",
        '[ip, user != "-", ..., status = 4*, bytes]',
        "[(level = ERROR || level = WARN), ...]",
    ],
)
def test_a_pattern_of_the_syntax_is_fine(pattern: str) -> None:
    assert TypeAdapter(LogPattern).validate_python(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("{ $.level = ERROR", "a `{` has no counterpart"),
        ("$.level = ERROR }", "a `}` has no counterpart"),
        ("{ ($.level = ERROR }", "a `}` has no counterpart"),
        ("{ ($.level = ERROR) && ($.a = 1 }", "a `}` has no counterpart"),
        ("[ip, user, status = 5*", "a `[` has no counterpart"),
        ("ip, status = 5*]", "a `]` has no counterpart"),
        ("[ip, (status = 5* || status = 4*]", "a `]` has no counterpart"),
        ('payment "refused', 'a `"` has no counterpart'),
        (r"\"refused\"", 'a `"` has no counterpart'),
        ('{ $.message = "refused }', 'a `"` has no counterpart'),
        ("100%", "a `%` has no counterpart"),
        ("{ $.message = %refused }", "a `%` has no counterpart"),
        ("   ", "is empty"),
        ("{ }", "is empty"),
        ("[]", "is empty"),
        ("[ERROR] failed", "goes on after its `]`"),
        ("{ $.level = ERROR } failed", "goes on after its `}`"),
    ],
)
def test_a_broken_pattern_is_refused(pattern: str, problem: str) -> None:
    assert problem in mistake_of(LogPattern, pattern)


def test_the_mistake_has_its_line_its_key_and_its_fix(tmp_path: Path) -> None:
    path = tmp_path / "kanmon.yml"
    path.write_text(_CONFIG.format(pattern="'{ $.level = \"ERROR }'"), "utf-8")
    with pytest.raises(KanmonError) as caught:
        load_config(path)
    assert "`alarms.mine.log_pattern` is" in caught.value.message
    assert "Write its counterpart" in (caught.value.fix or "")
    assert caught.value.where == "kanmon.yml:8"
