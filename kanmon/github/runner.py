"""A step's messages to its runner: outputs, the job summary, annotations, groups, masks.

`actions-toolkit` writes environment files and commands. Its delimiters are random, its commands escaped.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
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

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterator

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of a step's job summary. GitHub drops the whole summary if it is longer."""

_CUT = deferred("\n\n*The rest does not fit into a job summary.*\n")


class Level(StrEnum):
    """The severity of an annotation."""

    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


@dataclass
class Runner:
    """The runner of the present step. `stream` is the step's log."""

    stream: TextIO
    masked: set[str] = field(default_factory=set)

    def output(self, name: str, value: str) -> None:
        """Give the step an output.

        Raises INTERNAL for a masked value in the output. GitHub drops such a job output without an error, and
        the next job would get an empty value. Raises ENVIRONMENT_BROKEN for a file that can't be written.
        """
        if any(secret in value for secret in self.masked):
            message = phrase("The output {name} would hold a value that is masked.", name=name)
            raise KanmonError(Code.INTERNAL, message)
        _give("OUTPUT", name, value)

    def state(self, name: str, value: str) -> None:
        """Save a value for the action's post step. The post step reads it as `STATE_<name>`."""
        _give("STATE", name, value)

    def summary(self, markdown: str) -> None:
        """Add to the job summary."""
        path = os.environ.get("GITHUB_STEP_SUMMARY")
        if not path:
            return
        with _writing("GITHUB_STEP_SUMMARY"):
            _append(Path(path), _whole(markdown).encode())

    def annotate(
        self, level: Level, message: str, *, title: str = "", file: str = "", line: int | None = None
    ) -> None:
        """Show a message on the run's page. With `file` and `line` it is shown at this line, too."""
        properties = {"title": one_line(title), "file": one_line(file), "line": str(line) if line else ""}
        self._command(
            level.value, visible(message), {key: value for key, value in properties.items() if value}
        )

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold the output of the `with` block under a title."""
        self._command("group", one_line(title))
        try:
            yield
        finally:
            self._command("endgroup", "")

    def mask(self, secret: str) -> None:
        """Mask a value, and each of its lines. From now on the runner prints `***` in its place."""
        for value in {secret, *secret.splitlines()}:
            if value.strip():
                self.masked.add(value)
                self._command("add-mask", value)

    def _command(self, name: str, message: str, properties: dict[str, str] | None = None) -> None:
        self.stream.write(f"{Command(name, properties or {}, message)}\n")
        self.stream.flush()


def _give(command: str, name: str, value: str) -> None:
    variable = f"GITHUB_{command}"
    if os.environ.get(variable):
        with _writing(variable):
            issue_file_command(command, prepare_key_value_message(name, _whole(value)))


def _whole(text: str) -> str:
    """A text without halves of characters: no file in UTF-8 can hold them."""
    return text.encode(errors="replace").decode()


def _append(path: Path, content: bytes) -> None:
    """Append to a summary. A summary beyond its limit is cut."""
    room = SUMMARY_LIMIT - (path.stat().st_size if path.exists() else 0)
    if len(content) > room:
        end = phrase(_CUT).encode()
        content = _whole_characters(content, room - len(end)) + _whole_characters(end, room)
    with path.open("ab") as file:
        file.write(content)


def _whole_characters(content: bytes, length: int) -> bytes:
    return content[: max(0, length)].decode(errors="ignore").encode()


@contextmanager
def _writing(variable: str) -> Iterator[None]:
    """Raise ENVIRONMENT_BROKEN for a file of the runner that can't be written any more."""
    try:
        yield
    except Exception as error:  # the library raises plain Exception for a missing file
        reason = error.strerror if isinstance(error, OSError) else phrase("it is missing")
        problem = phrase(
            "The file of {variable} can't be written: {reason}.", variable=variable, reason=reason
        )
        raise KanmonError(Code.ENVIRONMENT_BROKEN, problem, where=os.environ.get(variable)) from error


_ANYWHERE = re.compile(r"##(?=\[)")
_AT_START = re.compile(r"^(\s*):(?=:)")


def harmless(text: str) -> str:
    """Break the runner's commands in a text: `::…::` at the beginning of a line, `##[…]` anywhere.

    An invisible zero-width space between the two signs breaks a command. The rules come from the runner's
    parser: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
    """
    lines = _ANYWHERE.sub("#\u200b#", text).splitlines(keepends=True)
    return "".join(_AT_START.sub("\\1:\u200b", line) for line in lines)


@dataclass
class HarmlessLog:
    """A text stream to a step's log. It breaks the runner's commands, and writes only whole lines."""

    stream: TextIO
    _rest: str = ""

    def write(self, text: str) -> int:
        """Write text. An unfinished last line waits for its end."""
        whole, found, rest = (self._rest + text).rpartition("\n")
        self._rest = rest
        if found:
            self.stream.write(harmless(whole + found))
        return len(text)

    def flush(self) -> None:
        """Flush the whole lines."""
        self.stream.flush()

    def close(self) -> None:
        """Write the unfinished last line."""
        self.stream.write(harmless(self._rest))
        self._rest = ""
        self.stream.flush()

    def isatty(self) -> bool:
        """False: a log is no terminal."""
        return False
