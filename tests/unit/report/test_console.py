"""A value on the terminal is plain text on one line, whoever wrote it (TRU-5)."""

from __future__ import annotations

import io
import re
from typing import TextIO, cast

import pytest
from hypothesis import example, given
from rich.console import Console

from kanmon.github.runner import HarmlessLog
from kanmon.report.console import Screen, block, joined, make_console, markup, styled
from tests.fakes.foreign import FOREIGN, PIECES, invisible


def printed(screen: Screen) -> str:
    assert isinstance(screen.console.file, io.StringIO)
    return screen.console.file.getvalue()


def coloured() -> Screen:
    """A terminal with colours, as a person has it."""
    return Screen(Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80))


@given(FOREIGN)
@example("".join(PIECES))
def test_a_value_is_one_line_without_anything_invisible(value: str) -> None:
    """TRU-5"""
    screen = make_console(io.StringIO())
    screen.print("[bold]by[/] {by}: {reason}", by=value, reason=value)
    screen.line(value)
    shown = printed(screen)
    assert shown.count("\n") == 2
    assert not invisible(shown)


@given(FOREIGN)
@example("[red]out[/]\x1b[31m")
def test_a_terminal_gets_the_commands_of_the_template_only(value: str) -> None:
    """TRU-5"""
    screen = coloured()
    screen.print("[red]{value}[/]", value=value)
    assert printed(screen).count("\x1b") in {0, 2}


def test_markup_in_a_value_is_shown() -> None:
    assert markup("{value}", value="[/] [red]x[/red] \\").plain == "[/] [red]x[/red] \\"


def test_a_field_in_a_value_is_shown() -> None:
    assert markup("{one} {two}", one="{two}", two=2).plain == "{two} 2"


def test_a_value_has_the_style_of_its_place() -> None:
    screen = coloured()
    screen.print("[red]a {value}[/] b", value="x")
    assert "\x1b[31mx\x1b[0m" in printed(screen)


def test_a_value_can_be_formatted() -> None:
    assert markup("{slot:<7}|{number:>3}|", slot="blue", number=4).plain == "blue   |  4|"


def test_a_styled_value_stays_text() -> None:
    assert styled("[/]\nx", "red").plain == "[/] x"


def test_values_are_joined() -> None:
    assert joined(", ", ["[a]", styled("b", "red"), 3]).plain == "[a], b, 3"


def test_further_lines_of_a_block_are_indented() -> None:
    """So none of them looks like a line of Kanmon (TRU-5)."""
    assert block("what\nr9 is live\r\nlive r9").plain == "what\n  r9 is live\n  live r9"


@given(FOREIGN)
def test_a_table_has_one_line_for_each_row(value: str) -> None:
    """TRU-5"""
    screen = make_console(io.StringIO())
    screen.table(["#", "by"], [((1, value), value[:20]), ((2, ""), "")], right={"#"})
    shown = printed(screen)
    assert shown.count("\n") == (4 if value[:20] else 3)
    assert not invisible(shown)


def test_a_question_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """TRU-5"""
    monkeypatch.setattr("builtins.input", lambda *_: "r1")
    screen = make_console(io.StringIO())
    assert screen.ask("Type [red]r1[/]\x1b[2J to go on:") == "r1"
    assert printed(screen) == "Type [red]r1[/][2J to go on: "


@pytest.mark.parametrize("key", [EOFError, KeyboardInterrupt])
def test_ctrl_d_and_ctrl_c_answer_nothing(monkeypatch: pytest.MonkeyPatch, key: type[BaseException]) -> None:
    """CD-3: no answer is no approval, and no error of Kanmon's."""

    def end(*_: object) -> str:
        raise key

    monkeypatch.setattr("builtins.input", end)
    assert not make_console(io.StringIO()).ask("Type r1 to go on:")


@given(FOREIGN)
@example("".join(PIECES))
def test_a_foreign_line_of_a_log_is_no_command(value: str) -> None:
    """TRU-5"""
    stream = io.StringIO()
    log = HarmlessLog(stream)
    screen = make_console(cast("TextIO", log))
    screen.line(value)
    screen.print("{value}", value=value)
    log.close()
    assert stream.getvalue().count("\n") == 2
    assert not re.search(r"^\s*::|##\[", stream.getvalue(), re.MULTILINE)


@pytest.mark.parametrize("value", ["²", "9" * 4400, "99999", "-1", "a"])
@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
def test_an_impossible_size_of_the_terminal_is_nothing(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """TRU-6: Rich reads both, and takes every digit of Unicode."""
    monkeypatch.setenv(name, value)
    file = io.StringIO()
    make_console(file).print("a")
    assert file.getvalue() == "a\n"
