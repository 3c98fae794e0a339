"""CloudFormation's times, from a stack's own events; what users may get after a move (AWS-3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from demo.commands import OutputLine
from demo.seen import Kind, Seen
from demo.summary import LoggedOperation, Tenure, judge
from kanmon.ledger.records import Operation, StepRecord
from kanmon.model import OperationKind, Slot, Step
from verification.account import Account
from verification.findings import Findings
from verification.timings import measure_stack, moves, spread

from .test_report import ACCOUNT
from .test_steps import run_in

if TYPE_CHECKING:
    from pathlib import Path

STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/kanmon-verify-aws-edge/1"


def event(second: int, status: str, resource: str = STACK) -> Any:
    at = datetime.fromtimestamp(second, UTC)
    return {"Timestamp": at, "ResourceStatus": status, "PhysicalResourceId": resource}


HISTORY = [
    event(0, "REVIEW_IN_PROGRESS"),
    event(10, "CREATE_IN_PROGRESS"),
    event(11, "CREATE_IN_PROGRESS", "bucket"),
    event(19, "CREATE_COMPLETE", "bucket"),
    event(40, "CREATE_COMPLETE"),
    event(100, "UPDATE_IN_PROGRESS"),
    event(103, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
    event(104, "UPDATE_COMPLETE"),
    event(200, "UPDATE_IN_PROGRESS"),
    event(230, "UPDATE_ROLLBACK_IN_PROGRESS"),
    event(250, "UPDATE_ROLLBACK_COMPLETE"),
    event(300, "UPDATE_IN_PROGRESS"),
    event(306, "UPDATE_COMPLETE"),
    event(400, "DELETE_IN_PROGRESS"),
    event(407, "DELETE_COMPLETE"),
]


class Events(Account):
    """An account with one stack's history, newest first as CloudFormation lists it."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Any:
        del service, operation, key
        assert arguments == {"StackName": STACK}
        return reversed(HISTORY)


@pytest.mark.parametrize(
    ("only", "times"),
    [
        ("", {"create edge": [30.0], "update edge": [4.0, 6.0], "delete edge": [7.0]}),
        ("DELETE", {"delete edge": [7.0]}),
    ],
)
def test_each_whole_operation_of_a_stack_counts(
    tmp_path: Path, only: str, times: dict[str, list[float]]
) -> None:
    """A rolled-back update is no measure of an update."""
    run, findings = run_in(tmp_path), Findings()
    run.account = Events("eu-west-1", ACCOUNT, run.account.caller)
    measure_stack(run, findings, "kanmon-verify-aws-edge", STACK, only=only)
    assert findings.times == {f"CloudFormation: {name}": seconds for name, seconds in times.items()}


@pytest.mark.parametrize(("at", "seconds", "mixed"), [(14, 0, 1), (14, 5, 0), (16, 5, 1)])
def test_the_former_release_may_answer_until_a_move_arrives(at: float, seconds: float, mixed: int) -> None:
    """NFR-2: an answer is wholly of one release, and AWS needs seconds for a move."""
    tenure = Tenure("r1", Kind.API, 0, 10)
    seen = Seen(at, at + 0.1, Kind.API, "GET", "/api/goals", 200, "r1", "")
    assert len(judge([seen], spread([tenure], seconds)).mixed) == mixed


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def answer(start: float, release: str, kind: Kind = Kind.API) -> Seen:
    return Seen(start, start + 0.5, kind, "GET", "/", 200, release, "")


def rolled_back() -> LoggedOperation:
    """r2 goes live at 10 s, its check fails at 13 s, and r1 is live again at 14 s."""
    steps = [(Step.VERIFY, 0, 10), (Step.PROMOTE, 10, 13), (Step.ROLL_BACK, 13, 20)]
    operation = Operation(
        number=2,
        kind=OperationKind.DEPLOY,
        release="r2",
        base="r1",
        slot=Slot.GREEN,
        actor="hanako",
        began=moment(0),
        ended=moment(20),
        steps=tuple(StepRecord(step=step, began=moment(a), ended=moment(b)) for step, a, b in steps),
    )
    lines = [
        (10.5, "→ the API serves the green slot"),
        (13.0, "✗ health on r2 (live): status 500"),
        (14.0, "→ the API serves the blue slot"),
    ]
    return LoggedOperation(operation, tuple(OutputLine(at, text) for at, text in lines))


def test_a_move_is_measured_until_the_other_release_is_gone() -> None:
    """NFR-3: r1 answers again after the rollback. That is no late answer of the promotion before it."""
    seen = [answer(9, "r1"), answer(11, "r1"), answer(12, "r2"), answer(14.5, "r2"), answer(16, "r1")]
    found = list(moves(rolled_back(), seen))
    name = "api: from the move to the last request with the other release"
    bad = "automatic rollback: from the failed check to the last answer of the bad release"
    assert found == [(bad, 2.0), (name, 0.5), (name, 0.5)]
