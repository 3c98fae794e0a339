"""CloudFormation's times, from a stack's own events; what users may get after a move (AWS-3)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from demo.seen import Kind, Seen
from demo.summary import Tenure, judge
from verification.account import Account
from verification.findings import Findings
from verification.timings import measure_stack, spread

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
def test_the_former_release_may_answer_until_a_move_is_everywhere(
    at: float, seconds: float, mixed: int
) -> None:
    """NFR-2: an answer is wholly of one release, and AWS needs seconds for a move."""
    tenure = Tenure("r1", Kind.API, 0, 10)
    seen = Seen(at, at + 0.1, Kind.API, "GET", "/api/goals", 200, "r1", "")
    assert len(judge([seen], spread([tenure], seconds)).mixed) == mixed
