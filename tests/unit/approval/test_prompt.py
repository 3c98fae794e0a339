"""The question at the terminal: a person approves this plan, or nothing happens (CD-3, CD-4)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kanmon.approval.prompt import YES, TerminalApproval
from kanmon.cli.approvals import DEPLOY_QUESTION, asker
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.report.console import make_console
from tests.fakes.clock import BEGIN, Clock

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Person:
    """Answers the question at the terminal."""

    answer: str
    asked: str = ""

    def __call__(self, question: str) -> str:
        self.asked = question
        return self.answer


@dataclass(frozen=True)
class Approvable:
    release: str = "r2"
    digest: str = "d1"


def _prompt(person: Callable[[str], str] | None, *, yes: bool = False) -> TerminalApproval:
    return TerminalApproval("kim", person, yes, Clock(), DEPLOY_QUESTION, YES)


@pytest.mark.parametrize("answer", ["y", "yes", "Y", " Yes "])
def test_yes_approves_exactly_this_plan(answer: str) -> None:
    """CD-3, CD-4."""
    person = Person(answer)
    approval = _prompt(person).approve(Approvable())
    assert approval.by == "kim"
    assert approval.how == "terminal"
    assert approval.digest == "d1"
    assert approval.at == BEGIN
    assert "r2" in person.asked


@pytest.mark.parametrize("answer", ["yeah", "yes please", "\x1b[2Jr2"])
def test_a_mistyped_answer_is_shown_beside_the_right_one(answer: str) -> None:
    with pytest.raises(KanmonError, match="and not y") as caught:
        _prompt(Person(answer)).approve(Approvable())
    assert caught.value.code is Code.NOT_APPROVED
    assert caught.value.fix == "Nothing was changed. To approve, run the command again and answer `y`."
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("answer", ["", "n", "no", "NO"])
def test_a_refusal_does_not_approve(answer: str) -> None:
    with pytest.raises(KanmonError, match="kim did not approve r2") as caught:
        _prompt(Person(answer)).approve(Approvable())
    assert caught.value.code is Code.NOT_APPROVED
    assert caught.value.fix == "Nothing was changed. To approve, run the command again and answer `y`."


def test_with_nobody_to_ask_nothing_is_approved() -> None:
    with pytest.raises(KanmonError, match="no terminal") as caught:
        _prompt(None).approve(Approvable())
    assert caught.value.code is Code.NOT_APPROVED
    assert caught.value.fix == "Run the command in a terminal, or add `--yes` in a script."


def test_the_flag_yes_is_recorded_with_the_approval() -> None:
    person = Person("no")
    assert _prompt(person, yes=True).approve(Approvable()).how == "--yes"
    assert person.asked == ""


@pytest.mark.parametrize(("answer", "approves"), [("r2", True), (" R2 ", True), ("y", False), ("r1", False)])
def test_a_rollback_is_approved_by_its_releases_id(answer: str, approves: bool) -> None:
    """CD-9"""
    prompt = TerminalApproval("kim", Person(answer), False, Clock(), "Type {release}: ", ("{release}",))
    if approves:
        assert prompt.approve(Approvable()).by == "kim"
    else:
        with pytest.raises(KanmonError, match="and not r2"):
            prompt.approve(Approvable())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_question_shows_the_possible_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    monkeypatch.setattr("sys.stdin", _Terminal())
    _prompt(asker(make_console())).approve(Approvable())
    assert "[y/N]" in capsys.readouterr().out
