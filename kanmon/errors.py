"""An error for people to read, and the exit status of the process."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase, sentences

if TYPE_CHECKING:
    from kanmon.codes import Code


class ExitStatus(IntEnum):
    """The exit status of the process."""

    OK = 0
    """Done."""
    FAILED = 1
    """Begun, but not successful. Users are on a complete release. Is the operation still open? Then they may
    have halves of two, and the message has a hint: run `kanmon recover`."""
    REFUSED = 2
    """Refused before anything changed: wrong input, no approval, a stale plan."""
    HELD = 3
    """Held: you decide, with `kanmon recover --keep` or `kanmon recover --undo`."""
    INTERRUPTED = 130
    """Interrupted by Ctrl-C or a cancelled job. Begun work is undone first."""


LEFT_NOTHING = deferred("This run left no operation open. Run the command again.")
"""What to do after an interruption, unless an operation may be open."""
_COMMANDS = re.compile(
    r"\bkanmon (abort|deploy|destroy|history|outputs|plan|promote|recover|rollback|smoke|status)\b(?! --env)",
    # A Japanese letter beside a command is no letter of it.
    re.ASCII,
)


def for_environment(hint: str, environment: str) -> str:
    """A hint whose commands name their environment: without it, they mean the first one of the config.

    Empty: the config has one environment only.
    """
    return _COMMANDS.sub(lambda found: f"{found[0]} --env {environment}", hint) if environment else hint


class KanmonError(Exception):
    """One error, for a person to read.

    `message` describes the problem. `where` names the file, key, stack or URL. `fix` replaces the code's
    general fix by a more precise one.
    """

    def __init__(self, code: Code, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.fix = fix or phrase(code.fix)

    def __str__(self) -> str:
        """The error as one message."""
        place = f"({self.where})" if self.where else ""
        return f"{self.code.id}: {sentences(self.message, place, self.fix)}"

    def for_environment(self, environment: str) -> KanmonError:
        """The same error with hints for one environment: see :func:`for_environment`."""
        message, fix = (for_environment(text, environment) for text in (self.message, self.fix))
        return KanmonError(self.code, message, where=self.where, fix=fix)
