"""What each step of an operation does, in words.

The ledger has the facts of a step, and its words in English: a run in another language reads the same record.
People get the words in their own language, made from the facts anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase
from kanmon.model import OperationKind, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.ledger.records import Operation, StepRecord


@dataclass(frozen=True)
class StepWords:
    """The words about a step, for the ledger and for people."""

    template: str
    values: Mapping[str, object]

    @property
    def english(self) -> str:
        """The words as the ledger keeps them, whatever the language of this run."""
        return self.template.format(**self.values)

    def __str__(self) -> str:
        """The words in the chosen language."""
        return phrase(self.template, **self.values)


_WORDS = {
    Step.LOCK: deferred("{release} goes into the {slot} slot"),
    Step.PROVISION: deferred("putting {release} into the {slot} slot"),
    Step.VERIFY: deferred("checking {release} as candidate"),
    Step.SHIFT: deferred("{percent} % of API requests"),
    Step.PROMOTE: deferred("{release} goes live"),
    Step.COMPLETE: deferred("{release} is stable"),
    Step.ABORT: deferred("{release} is aborted; no user was on it"),
    Step.ROLL_BACK: deferred("back to {target}"),
    Step.HOLD: deferred("held: a person has to decide"),
}
_LOCK_BY_HAND = deferred("back to {release} in the {slot} slot")
_BACK_TO_NOTHING = deferred("back to nothing live")


def words_of(operation: Operation, step: Step, percent: int | None = None) -> StepWords:
    """The words about a step of an operation. `percent` is the share that the step `shift` gives."""
    by_hand = operation.kind is OperationKind.ROLLBACK
    target = operation.release if by_hand else operation.base
    template = _WORDS[step]
    if step is Step.LOCK and by_hand:
        template = _LOCK_BY_HAND
    elif step is Step.ROLL_BACK and target is None:
        template = _BACK_TO_NOTHING
    values = {"release": operation.release, "slot": operation.slot, "target": target, "percent": percent}
    return StepWords(template, values)


def shown_step(operation: Operation, record: StepRecord) -> str:
    """A recorded step for people. A record of an earlier Kanmon lacks the share: its own words stay."""
    if record.step is Step.SHIFT and record.percent is None:
        return record.note
    return str(words_of(operation, record.step, record.percent))
