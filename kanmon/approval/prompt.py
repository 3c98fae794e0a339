"""Approval at the terminal: a person reads the plan and types yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import Approval
from kanmon.text import cut, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.clock import Clock


YES = ("y", "yes")
"""The approving answers to a question with `[y/N]`, in lower case."""
_REFUSALS = {"", "n", "no"}
_SHOWN = 40


def no_terminal(fix: str | None = None) -> KanmonError:
    """The refusal when nobody can answer a question."""
    message = phrase("There is no terminal for the question, and no --yes.")
    usual = phrase("Run the command in a terminal, or add `--yes` in a script.")
    return KanmonError(Code.NOT_APPROVED, message, fix=fix or usual)


class Approvable(Protocol):
    """Something to approve, with a digest and a name."""

    @property
    def digest(self) -> str:
        """The digest of the whole content."""

    @property
    def release(self) -> str:
        """The release users would get."""


@dataclass(frozen=True)
class TerminalApproval:
    """Asks the person at the terminal."""

    actor: str
    ask: Callable[[str], str] | None
    """Asks a question and returns the answer. None if there is no terminal."""
    assume_yes: bool
    clock: Clock
    question: str
    answers: tuple[str, ...]
    """The approving answers, in lower case. `{release}` stands for the release."""

    def approve(self, what: Approvable) -> Approval:
        """Get the approval. Raises NOT_APPROVED."""
        how = "--yes" if self.assume_yes else phrase("terminal")
        if not self.assume_yes:
            if self.ask is None:
                raise no_terminal()
            answer = self.ask(self.question.format(release=what.release)).strip().lower()
            wanted = [text.format(release=what.release) for text in self.answers]
            if answer not in wanted:
                raise self._refused(what.release, answer, wanted[0])
        return Approval(by=self.actor, how=how, digest=what.digest, at=self.clock.now())

    def _refused(self, release: str, answer: str, wanted: str) -> KanmonError:
        """A mistyped answer is no refusal: in an emergency, somebody has to see what was wrong."""
        if answer in _REFUSALS:
            message = phrase("{actor} did not approve {release}.", actor=self.actor, release=release)
        else:
            shown = cut(one_line(answer), _SHOWN)
            message = phrase("The answer was {answer}, and not {wanted}.", answer=shown, wanted=wanted)
        fix = phrase(
            "Nothing was changed. To approve, run the command again and answer `{wanted}`.", wanted=wanted
        )
        return KanmonError(Code.NOT_APPROVED, message, fix=fix)
