"""The end of a command with changes: its exit status, and its marker on the dashboard (MON-1)."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cli.ending import exit_status, put_marker, show_outcome
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.ledger.records import Operation
from kanmon.model import OperationKind, Result, Slot
from kanmon.release.walk import Outcome
from kanmon.report.console import make_console
from tests.fakes.app import make_config
from tests.fakes.clock import BEGIN
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from kanmon.report.console import Screen


class Metrics:
    """CloudWatch, as far as it takes metrics."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put_metric_data(self, **data: Any) -> None:
        self.names += [metric["MetricName"] for metric in data["MetricData"]]


class NoMetrics:
    """CloudWatch for somebody without a right to it."""

    def put_metric_data(self, **_: Any) -> None:
        raise refusal("AccessDenied", "PutMetricData", "not authorized")


def _context(cloudwatch: Any, warnings: list[KanmonError], console: Screen | None = None) -> Any:
    account = SimpleNamespace(aws=SimpleNamespace(cloudwatch=cloudwatch))
    return SimpleNamespace(
        config=make_config(), account=account, warn=warnings.extend, console=console, step=None, hinted=""
    )


@pytest.mark.parametrize("result", Result)
def test_an_outcome_for_users_puts_one_marker(result: Result) -> None:
    metrics, warnings = Metrics(), list[KanmonError]()
    put_marker(_context(metrics, warnings), Outcome(result, "r2"))
    expected = {Result.STABLE: ["Releases"], Result.ROLLED_BACK: ["Rollbacks"]}.get(result, [])
    assert metrics.names == expected
    assert warnings == []


def test_a_failed_marker_is_a_warning() -> None:
    warnings: list[KanmonError] = []
    put_marker(_context(NoMetrics(), warnings), Outcome(Result.STABLE, "r2"))
    [warning] = warnings
    assert warning.code is Code.MARKER_FAILED
    assert "PutMetricData" in warning.message
    assert warning.fix != Code.MARKER_FAILED.fix


def _outcome(result: Result, kind: OperationKind, failure: KanmonError | None = None) -> Outcome:
    operation = Operation(number=1, kind=kind, release="r2", slot=Slot.BLUE, actor="kim", began=BEGIN)
    return Outcome(result, "r2", operation, failure)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (Result.STABLE, ExitStatus.OK),
        (Result.UNCHANGED, ExitStatus.OK),
        (Result.ABORTED, ExitStatus.FAILED),
        (Result.ROLLED_BACK, ExitStatus.FAILED),
        (Result.FAILED, ExitStatus.FAILED),
        (Result.HELD, ExitStatus.HELD),
    ],
)
def test_a_deploy_ends_with_the_status_of_its_result(result: Result, status: ExitStatus) -> None:
    assert exit_status(_outcome(result, OperationKind.DEPLOY)) is status


def test_a_finished_rollback_is_a_success() -> None:
    assert exit_status(_outcome(Result.ROLLED_BACK, OperationKind.ROLLBACK)) is ExitStatus.OK


def test_an_aborted_rollback_is_a_failure() -> None:
    assert exit_status(_outcome(Result.ABORTED, OperationKind.ROLLBACK)) is ExitStatus.FAILED


def test_a_live_release_without_an_operation_is_a_success() -> None:
    assert exit_status(Outcome(Result.UNCHANGED, "r2")) is ExitStatus.OK


def test_an_interruption_has_a_status_of_its_own() -> None:
    interrupted = KanmonError(Code.INTERRUPTED, "Interrupted.")
    outcome = _outcome(Result.ABORTED, OperationKind.DEPLOY, interrupted)
    assert exit_status(outcome) is ExitStatus.INTERRUPTED


@pytest.mark.parametrize(
    ("result", "way_out"),
    [
        (Result.ABORTED, "Kanmon undid what it had begun; no user was on it. Run the command again."),
        (Result.ROLLED_BACK, "Users are back on the release before. Look at `kanmon status`."),
        (Result.STABLE, "This run left no operation open. Run the command again."),
        (Result.FAILED, "Run `kanmon recover`."),
        (Result.HELD, "Run `kanmon recover`."),
    ],
)
def test_an_interruption_has_the_way_out_of_its_end(result: Result, way_out: str) -> None:
    """CD-13: only an operation without an end needs a person."""
    interrupted = KanmonError(Code.INTERRUPTED, "The run was interrupted.", fix="Run `kanmon recover`.")
    file = io.StringIO()
    show_outcome(
        _context(Metrics(), [], make_console(file)), _outcome(result, OperationKind.DEPLOY, interrupted)
    )
    assert f"KNM-902 The run was interrupted. {way_out}\n" in file.getvalue()
