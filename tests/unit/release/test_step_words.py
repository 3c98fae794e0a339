"""The words about a step: English in the ledger, and the reader's language on the screen (CD-11, DOC-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.ledger.records import StepRecord
from kanmon.model import OperationKind, Slot, Step
from kanmon.release.step_words import shown_step, words_of
from tests.fakes.clock import BEGIN
from tests.fakes.ledger import operation

if TYPE_CHECKING:
    from kanmon.ledger.records import Operation


def _operation(kind: OperationKind, base: str | None) -> Operation:
    facts = {"kind": kind, "release": "r2", "base": base, "slot": Slot.GREEN}
    return operation(7).model_copy(update=facts)


@pytest.mark.parametrize("kind", OperationKind)
@pytest.mark.parametrize("base", ["r1", None])
@pytest.mark.parametrize("step", Step)
@pytest.mark.usefixtures("japanese")
def test_each_step_has_words_in_both_languages(step: Step, kind: OperationKind, base: str | None) -> None:
    words = words_of(_operation(kind, base), step, 10)
    assert words.english.isascii()
    assert not str(words).isascii()
    assert "None" not in words.english
    assert "{" not in words.english + str(words)


@pytest.mark.parametrize(
    ("step", "kind", "base", "english"),
    [
        (Step.LOCK, OperationKind.DEPLOY, "r1", "r2 goes into the green slot"),
        (Step.LOCK, OperationKind.ROLLBACK, "r1", "back to r2 in the green slot"),
        (Step.SHIFT, OperationKind.DEPLOY, "r1", "10 % of API requests"),
        (Step.ROLL_BACK, OperationKind.DEPLOY, "r1", "back to r1"),
        (Step.ROLL_BACK, OperationKind.DEPLOY, None, "back to nothing live"),
        (Step.ROLL_BACK, OperationKind.ROLLBACK, "r1", "back to r2"),
    ],
)
def test_the_words_have_the_facts(step: Step, kind: OperationKind, base: str | None, english: str) -> None:
    words = words_of(_operation(kind, base), step, 10)
    assert (words.english, str(words)) == (english, english)


@pytest.mark.usefixtures("japanese")
def test_a_step_without_its_share_keeps_its_own_words() -> None:
    """An earlier Kanmon recorded no share."""
    old = StepRecord(step=Step.SHIFT, began=BEGIN, note="10 % of API requests")
    assert shown_step(operation(7), old) == "10 % of API requests"
    assert shown_step(operation(7), old.model_copy(update={"percent": 10})) == "API リクエストの 10 %"
