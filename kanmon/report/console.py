"""The only way to a terminal and to a step's log: foreign text is shown there, and it does nothing (TRU-5).

A template is a constant of the code, in Rich's markup, with `{name}` for each value. A value is never read as
markup. It stands on one line, and nothing invisible is in it. So it can't colour, link, or write more lines.
Nothing else in Kanmon imports Rich: `tests/unit/test_architecture.py` looks at both.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.text import Text

from kanmon.language import phrase
from kanmon.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

_FIELD = re.compile(r"\{(\w+)(?::([^}]*))?\}")
_NARROWEST = 200
_SIZE = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Screen:
    """A terminal, or the log of a workflow's step."""

    console: Console

    def print(self, template: str, /, **values: object) -> None:
        """Print a template with its values. See :func:`markup`."""
        self.console.print(markup(template, **values), soft_wrap=True)

    def line(self, text: str) -> None:
        """Print one line of plain text, as fast as it comes: tests may print a million."""
        self.console.file.write(visible(text).rstrip("\n").replace("\n", " ") + "\n")
        self.console.file.flush()

    def table(
        self, titles: Sequence[str], rows: Iterable[tuple[Sequence[object], str]], *, right: Container[str]
    ) -> None:
        """Print a table. Its cells are values; the columns in `right` are numbers.

        Each row has a note, for a line of its own below the cells. Nothing is cut in a narrow terminal.
        """
        cells, notes = [[Text(title, "bold") for title in titles]], [""]
        for row, note in rows:
            cells.append([_text(cell) for cell in row])
            notes.append(note)
        widths = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
        for row, note in zip(cells, notes, strict=True):
            for title, cell, width in zip(titles, row, widths, strict=True):
                cell.align("right" if title in right else "left", width)
            line = Text("  ").join(row)
            line.rstrip()
            self.console.print(line, no_wrap=True, overflow="ignore", crop=False)
            if note:
                self.print("    [dim]{note}[/]", note=note)

    def ask(self, question: str) -> str:
        """Ask a question in plain text; the answer. Ctrl-D and Ctrl-C answer nothing."""
        try:
            return self.console.input(Text(one_line(question) + " "))
        except (EOFError, KeyboardInterrupt):
            # The next output begins on a line of its own.
            self.console.print()
            return ""


def make_console(file: TextIO | None = None, *, stderr: bool = False) -> Screen:
    """A console. If a machine reads the output, it has no colours and no cut lines."""
    console = Console(
        file=file, stderr=stderr, highlight=False, soft_wrap=True, emoji=False, _environ=_environment()
    )
    if not console.is_terminal:
        console.width = _NARROWEST
    return Screen(console)


def _environment() -> dict[str, str]:
    """The environment without impossible sizes of a terminal: Rich would end with a traceback."""
    sizes = {"COLUMNS", "LINES"}
    return {name: value for name, value in os.environ.items() if name not in sizes or _SIZE.fullmatch(value)}


def markup(template: str, /, **values: object) -> Text:
    """A template with its values: a Text stays as it is, every other value is plain text on one line.

    `{name:<10}` formats a value like Python.
    """
    whole = Text.from_markup(phrase(template), emoji=False)
    made, end = Text(), 0
    for field in _FIELD.finditer(whole.plain):
        made.append_text(whole[end : field.start()])
        value = _text(values[field[1]], field[2] or "")
        for span in whole[field.start() : field.end()].spans:
            value.stylize_before(span.style)
        made.append_text(value)
        end = field.end()
    return made.append_text(whole[end:])


def styled(value: object, style: str) -> Text:
    """A value in a style, such as `bold red`."""
    return Text(one_line(str(value)), style)


def block(text: str) -> Text:
    """A foreign text of several lines. All but the first are indented: none looks like one of Kanmon's."""
    return Text(visible(text).strip("\n").replace("\n", "\n  "))


def joined(separator: str, values: Iterable[object]) -> Text:
    """Values with a separator between them."""
    return Text(separator).join(map(_text, values))


def _text(value: object, form: str = "") -> Text:
    return value.copy() if isinstance(value, Text) else Text(format(one_line(str(value)), form))
