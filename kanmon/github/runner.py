"""What a step tells its runner: outputs, the job summary, annotations, groups, masks.

Environment files and commands are written by `actions-toolkit`, whose delimiters are random and whose
commands are escaped. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from actions_toolkit.command import Command
from actions_toolkit.file_command import issue_file_command, prepare_key_value_message

from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that a step may add to the job summary; more would lose all of it."""

_CUT = "\n\n*The rest does not fit into a job summary.*\n"


class Level(StrEnum):
    """How loud an annotation is."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


@dataclass
class Runner:
    """The runner of the present step. `stream` is the step's log."""

    stream: TextIO
    masked: set[str] = field(default_factory=set)

    def output(self, name: str, value: str) -> None:
        """Give the step an output. Raises INTERNAL for one that holds a masked value.

        GitHub drops a job output that contains a masked value without a word; what needs it would go on
        with nothing.
        """
        if any(secret in value for secret in self.masked):
            raise KanmonError(Code.INTERNAL, f"The output {name} would hold a value that is masked.")
        if os.environ.get("GITHUB_OUTPUT"):
            issue_file_command("OUTPUT", prepare_key_value_message(name, value))

    def state(self, name: str, value: str) -> None:
        """Give the step's own last part a value, which it finds as `STATE_<name>`."""
        if os.environ.get("GITHUB_STATE"):
            issue_file_command("STATE", prepare_key_value_message(name, value))

    def summary(self, markdown: str) -> None:
        """Add to the job summary."""
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if not path:
            return
        room = SUMMARY_LIMIT - (Path(path).stat().st_size if Path(path).exists() else 0)
        content = markdown.encode()
        if len(content) > room:
            content = content[: max(0, room - len(_CUT.encode()))].decode(errors="ignore").encode()
            content += _CUT.encode()[: max(0, room)]
        with Path(path).open("ab") as file:
            file.write(content)

    def annotate(
        self, level: Level, message: str, *, title: str = "", file: str = "", line: int | None = None
    ) -> None:
        """Show a message on the run's page, at a file's line when it has one."""
        properties = {"title": title, "file": file, "line": str(line) if line else ""}
        self._command(level.value, message, {key: value for key, value in properties.items() if value})

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is printed meanwhile under a title."""
        self._command("group", title)
        try:
            yield
        finally:
            self._command("endgroup", "")

    def mask(self, secret: str) -> None:
        """Have the runner replace a value wherever it is printed from now on, every line of it."""
        for part in {secret, *secret.splitlines()}:
            if part.strip():
                self.masked.add(part)
                self._command("add-mask", part)

    def _command(self, name: str, message: str, properties: dict[str, str] | None = None) -> None:
        self.stream.write(f"{Command(name, properties or {}, message)}\n")
        self.stream.flush()


_ANYWHERE = re.compile(r"##(?=\[)")
_AT_START = re.compile(r"^(\s*):(?=:)")


def harmless(text: str) -> str:
    """The text, so that a runner finds no command in it: `::…::` begins a line, `##[…]` stands anywhere.

    A zero-width space between the two signs changes nothing that a person sees. The rules are those of the
    runner's parser: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    lines = _ANYWHERE.sub("#\u200b#", text).splitlines(keepends=True)
    return "".join(_AT_START.sub("\\1:\u200b", line) for line in lines)


@dataclass
class HarmlessLog:
    """A text stream to a step's log in which no command can stand. Whole lines are passed on at once."""

    stream: TextIO
    _rest: str = ""

    def write(self, text: str) -> int:
        """Write text; what follows the last line break waits for its end."""
        whole, found, rest = (self._rest + text).rpartition("\n")
        self._rest = rest
        if found:
            self.stream.write(harmless(whole + found))
        return len(text)

    def flush(self) -> None:
        """Pass on what is whole."""
        self.stream.flush()

    def close(self) -> None:
        """Pass on the rest."""
        self.stream.write(harmless(self._rest))
        self._rest = ""
        self.stream.flush()

    def isatty(self) -> bool:
        """A log is no terminal."""
        return False
