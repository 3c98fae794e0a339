"""An error for people to read, and the exit status of the process."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from kanmon.language import phrase

if TYPE_CHECKING:
    from kanmon.codes import Code


class ExitStatus(IntEnum):
    """The exit status of the process."""

    OK = 0
    FAILED = 1
    """The work began and did not succeed; users are on a complete release."""
    REFUSED = 2
    """Kanmon refused the input or the situation, before any change."""
    HELD = 3
    """A person has to decide; the environment stays held."""
    INTERRUPTED = 130
    """Ctrl-C or a cancelled job, with the begun work undone first."""


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
        place = f" ({self.where})" if self.where else ""
        return f"{self.code.id}: {self.message}{place} {self.fix}"
