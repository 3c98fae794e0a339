"""What YAML takes for something else than its writer is named as it is written, with the fix (TRU-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.config.source import load_config
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path

APP = """\
app: shop
functions:
  api:
    handler: app.handle
    artifact: fn
    LINE
api: {routes: [{path: "/api/{proxy+}", function: api}]}
checks: [{name: echo, path: /api/echo}]
"""


def _load(folder: Path, line: str, more: str = "") -> object:
    file = folder / "kanmon.yml"
    file.write_text(APP.replace("LINE", line) + more, "utf-8")
    return load_config(file)


def _refused(folder: Path, line: str, more: str = "") -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        _load(folder, line, more)
    return caught.value


NUMBERS = [
    "0755",
    "0o755",
    "0xFF8800",
    "0b11",
    "1e3",
    "3.10",
    "17.0",
    "1_000",
    "+1",
    "-0",
    "00",
    "08",
    ".inf",
    ".nan",
]
TAKEN_FOR = {
    **dict.fromkeys(NUMBERS, "a number"),
    **dict.fromkeys(["2026-01-01", "2026-01-01 10:00:00", "2026-01-01T10:00:00Z"], "a date"),
    **dict.fromkeys(["true", "True", "FALSE"], "true or false"),
    **dict.fromkeys(["null", "~", "NULL"], "nothing"),
    "[a, b]": "a list",
    "{a: b}": "a mapping",
}


@pytest.mark.parametrize(("value", "kind"), TAKEN_FOR.items())
def test_a_value_is_shown_as_written_and_put_in_quotes(tmp_path: Path, value: str, kind: str) -> None:
    error = _refused(tmp_path, f"environment: {{KEY: {value}}}")
    assert error.code is Code.CONFIG_INVALID
    assert error.where == "kanmon.yml:6"
    assert error.message == (
        f"`functions.api.environment.KEY` is `{value}`. YAML takes it for {kind}, not for text."
    )
    assert error.fix == f'Put it in quotes: `KEY: "{value}"`.'
    assert _load(tmp_path, f'environment: {{KEY: "{value}"}}')


@pytest.mark.parametrize(
    "value", ["no", "on", "y", "1:30", "12:30:45", "1.2.3", "0755a", "'0755'", "!!str 3"]
)
def test_text_needs_no_quotes(tmp_path: Path, value: str) -> None:
    """YAML 1.2 takes them for text, so they stay as they are written."""
    assert _load(tmp_path, f"environment: {{KEY: {value}}}")


def test_each_mistake_has_one_line_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = "memory: 0512\n    environment:\n      UMASK: 0755\n      VERSION: 3.10\n    sizes: 1"
    *each, last = _refused(tmp_path, lines, "notifications: {sns: no}\n").message.splitlines()
    assert [line.partition(". ")[0] for line in each] == [
        "kanmon.yml:6: `functions.api.memory` is `0512`",
        "kanmon.yml:8: `functions.api.environment.UMASK` is `0755`",
        "kanmon.yml:9: `functions.api.environment.VERSION` is `3.10`",
        "kanmon.yml:10: `functions.api.sizes` is not a key of Kanmon",
        "kanmon.yml:13: `notifications.sns` is `no`",
    ]
    assert last == "5 keys are wrong."


@pytest.mark.parametrize(
    ("line", "problem", "fix"),
    [
        (
            "memory: 0512",
            "Some readers of YAML take a number with a zero in front for octal.",
            "Write `memory: 512`.",
        ),
        ('memory: "512"', "YAML takes it for text, not for a number.", "Write `memory: 512`."),
        ("timeout: yes", "It must be a whole number from 1 to 900.", "Write, for example, `timeout: 60`."),
        ("timeout: true", "YAML takes it for true or false, not for a number.", "Write `timeout: 60`."),
        ("timeout: 30 s", "It must be a whole number from 1 to 900.", "Write, for example, `timeout: 30`."),
        ("timeout: 5m", "It must be a whole number from 1 to 900.", "Write, for example, `timeout: 60`."),
        (
            "memory: 256MB",
            "It must be a whole number from 128 to 10240.",
            "Write, for example, `memory: 256`.",
        ),
        ("memory: 1MB", "It must be a whole number from 128 to 10240.", "Write, for example, `memory: 512`."),
        ("database: on", "YAML takes it for text, not for true or false.", "Write `database: true`."),
        ("database: off", "YAML takes it for text, not for true or false.", "Write `database: false`."),
        ("database: 1", "YAML takes it for a number, not for true or false.", "Write `database: true`."),
    ],
)
def test_a_number_or_a_truth_is_not_made_in_silence(
    tmp_path: Path, line: str, problem: str, fix: str
) -> None:
    error = _refused(tmp_path, line, "database: {name: shop}\n")
    assert error.message.endswith(problem)
    assert error.fix == fix


@pytest.mark.parametrize(
    "line", ["memory: 512.0", "memory: 1e3", "memory: 0x200", "memory: 1_024", "database: TRUE"]
)
def test_a_plain_number_or_truth_is_taken(tmp_path: Path, line: str) -> None:
    assert _load(tmp_path, line, "database: {name: shop}\n")


@pytest.mark.parametrize(
    ("bake", "fix"),
    [("5 min", "5m"), ("30 S", "30s"), ("1hour", "1h"), ("500 ms", "500ms"), ("1:30", "5m"), ("true", "5m")],
)
def test_a_duration_is_corrected(tmp_path: Path, bake: str, fix: str) -> None:
    error = _refused(tmp_path, "memory: 512", f"traffic: {{strategy: all-at-once, bake: {bake}}}\n")
    assert f"`bake: {fix}`" in error.fix


@pytest.mark.parametrize("name", ["null", "true", "NULL", "False"])
def test_a_name_is_put_in_quotes(tmp_path: Path, name: str) -> None:
    error = _refused(tmp_path, f"environment: {{a: {name}}}".replace("a: ", "").replace("}", ": x}"))
    assert error.message == f"YAML does not take the name `{name}` in `functions.api.environment` for text."
    assert error.fix == f'Put it in quotes: `"{name}":`.'
    assert error.where == "kanmon.yml:6"


@pytest.mark.parametrize("name", ["1", "0755", "1.0", "2026-01-01", "~"])
def test_a_wrong_name_is_shown_as_written(tmp_path: Path, name: str) -> None:
    """In quotes it would be wrong, too."""
    error = _refused(tmp_path, f"environment: {{{name}: x}}")
    assert error.message.startswith(f"`{name}` can't be a name in `functions.api.environment`. Use ")
    assert error.fix.startswith("Rename it, for example to `")
    assert error.where == "kanmon.yml:6"


def test_a_name_in_a_payload_is_text(tmp_path: Path) -> None:
    """JSON has no other names."""
    error = _refused(tmp_path, "memory: 512", "hooks: [{name: seed, function: api, payload: {1: x}}]\n")
    assert error.message == "YAML does not take the name `1` in `hooks[0].payload` for text."


FULL_WIDTH = (
    "This line or the one before has a full-width colon or space. Write both in half width, as `key: value`."
)


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("\tmemory: 512", "Use spaces instead of tabs."),
        (
            "memory:512",
            "Put a space after each colon, in the line before, too. Put a text with `: ` in quotes.",
        ),
        ("memory\uff1a512", FULL_WIDTH),
        ("memory:\u3000512", FULL_WIDTH),
        ("environment: {KEY: @a}", "Put a text with `@`, `%` or a backtick at its beginning in quotes."),
        ("environment: {KEY: %a}", "Put a text with `@`, `%` or a backtick at its beginning in quotes."),
        ("environment: {KEY: *a}", "Put a text with `*` at its beginning in quotes."),
        ("environment: {KEY: =}", 'Put it in quotes: `"="`.'),
        ("environment: {KEY: <<}", 'Put it in quotes: `"<<"`.'),
        ("environment: {KEY: !!binary aGk=}", "Remove the tag. Put the text in quotes."),
        (
            'environment: {KEY: "\\x"}',
            "In double quotes, write `\\\\` for a backslash. Or use single quotes.",
        ),
        (
            'environment: {KEY: "\\d"}',
            "In double quotes, write `\\\\` for a backslash. Or use single quotes.",
        ),
        ("memory: 512\n---\nmore: x", "Remove the line with `---`: a config is one document."),
    ],
)
def test_a_trap_of_the_syntax_has_its_own_fix(tmp_path: Path, line: str, fix: str) -> None:
    error = _refused(tmp_path, line)
    assert error.code is Code.CONFIG_SYNTAX
    assert error.fix == fix


def test_a_number_of_any_length_is_no_unit(tmp_path: Path) -> None:
    error = _refused(tmp_path, f"timeout: {'9' * 5000}s")
    assert error.code is Code.CONFIG_INVALID
