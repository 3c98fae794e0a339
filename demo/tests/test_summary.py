"""The viewer's log: the times of a release's answers, and failed and mixed answers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from demo.commands import Lines, OutputLine
from demo.seen import Kind, Seen, read_seen
from demo.summary import LoggedOperation, Tenure, judge, measure_rollback, tenures
from kanmon.ledger.records import Operation, StepRecord
from kanmon.model import Result, Slot, Step

if TYPE_CHECKING:
    from pathlib import Path

LIVE_API, LIVE_PAGE = "    0.1s    → the API serves the green slot", "    0.1s    → the page is that of r2"
FAILED = "   10.2s    ✗ features on r2 (live): features.editing is false instead of true 17.6 ms, 5 tries"


def moment(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def operation(
    release: str,
    base: str | None,
    *steps: tuple[Step, float],
    end: float,
    kind: str = "deploy",
    seconds: float | None = None,
) -> Operation:
    """An operation with these steps, one after the other."""
    ends = [*(began for _, began in steps[1:]), end]
    return Operation(
        number=1,
        kind=kind,
        release=release,
        base=base,
        slot=Slot.BLUE,
        actor="somebody",
        began=moment(steps[0][1]),
        ended=moment(end),
        steps=tuple(
            StepRecord(step=state, began=moment(began), ended=moment(ended))
            for (state, began), ended in zip(steps, ends, strict=True)
        ),
        result=Result.STABLE,
        rollback_seconds=seconds,
        traffic_calls=2,
    )


def seen(
    start: float, end: float, release: str, kind: Kind = Kind.API, problem: str = "", url: str = "/"
) -> Seen:
    return Seen(start, end, kind, "GET", url, 500 if problem else 200, release, problem)


FIRST = LoggedOperation(operation("r1", None, (Step.LOCK, 0), (Step.PROMOTE, 1), (Step.COMPLETE, 5), end=6))
CANARY_THEN_LIVE = LoggedOperation(
    operation(
        "r2", "r1", (Step.VERIFY, 10), (Step.SHIFT, 12), (Step.PROMOTE, 15), (Step.COMPLETE, 20), end=21
    ),
    (OutputLine(15.2, LIVE_API), OutputLine(15.4, LIVE_PAGE)),
)
ROLLED_BACK = LoggedOperation(
    operation(
        "r2",
        "r1",
        (Step.SHIFT, 12),
        (Step.PROMOTE, 15),
        (Step.ROLL_BACK, 19),
        (Step.ROLL_BACK, 22),
        end=23,
        seconds=1.5,
    ),
    (
        OutputLine(15.2, LIVE_API),
        OutputLine(15.4, LIVE_PAGE),
        OutputLine(18.5, FAILED),
        OutputLine(19.2, "→ the page is that of r1"),
        OutputLine(19.3, "→ the API serves the blue slot"),
    ),
)


def test_a_release_answers_from_its_canary_on_until_the_next() -> None:
    allowed = set(tenures([FIRST, CANARY_THEN_LIVE]))
    assert allowed == {
        Tenure("r1", Kind.API, 1, 15.2),
        Tenure("r1", Kind.PAGE, 1, 15.4),
        Tenure("r2", Kind.API, 12, math.inf),
        Tenure("r2", Kind.PAGE, 15, math.inf),
    }


def test_an_aborted_candidate_never_answers() -> None:
    aborted = LoggedOperation(operation("r2", "r1", (Step.VERIFY, 10), (Step.ABORT, 12), end=13))
    allowed = tenures([FIRST, aborted])
    assert {tenure.release for tenure in allowed} == {"r1"}
    assert len(judge([seen(11, 11.1, "r2")], allowed).mixed) == 1


def test_a_rolled_back_release_answers_until_the_pointers_moved() -> None:
    allowed = set(tenures([FIRST, ROLLED_BACK]))
    assert allowed == {
        Tenure("r1", Kind.API, 1, 15.2),
        Tenure("r1", Kind.PAGE, 1, 15.4),
        Tenure("r2", Kind.API, 12, 19.3),
        Tenure("r2", Kind.PAGE, 15, 19.2),
        Tenure("r1", Kind.API, 19, math.inf),
        Tenure("r1", Kind.PAGE, 19, math.inf),
    }


def test_a_failed_canary_leaves_the_stable_release_live() -> None:
    failed = LoggedOperation(
        operation("r2", "r1", (Step.SHIFT, 12), (Step.ROLL_BACK, 14), (Step.ROLL_BACK, 15), end=16)
    )
    allowed = set(tenures([FIRST, failed]))
    assert allowed == {
        Tenure("r1", Kind.API, 1, math.inf),
        Tenure("r1", Kind.PAGE, 1, math.inf),
        Tenure("r2", Kind.API, 12, 15),
    }


def test_after_a_manual_rollback_the_former_release_is_silent() -> None:
    by_hand = LoggedOperation(
        operation("r1", "r2", (Step.ROLL_BACK, 30), (Step.ROLL_BACK, 32), end=33, kind="rollback"),
        (OutputLine(30.5, "→ the page is that of r1"), OutputLine(30.7, "→ the API serves the blue slot")),
    )
    allowed = tenures([FIRST, CANARY_THEN_LIVE, by_hand])
    assert Tenure("r2", Kind.API, 12, 30.7) in allowed
    assert Tenure("r2", Kind.PAGE, 15, 30.5) in allowed
    assert Tenure("r1", Kind.API, 30, math.inf) in allowed


@pytest.mark.parametrize(
    ("answer", "mixed"),
    [
        (seen(11.8, 11.9, "r2"), True),  # before its canary
        (seen(11.9, 12.1, "r2"), False),  # its canary began while the request was on its way
        (seen(15.1, 15.3, "r1"), False),  # the pointer moved while the request was on its way
        (seen(15.3, 15.4, "r1"), True),  # the pointer had moved before it began
        (seen(13, 13.1, "r2", Kind.PAGE), True),  # pages have no canary
        (seen(13, 13.1, "", Kind.FILE), False),  # belongs to no release
    ],
)
def test_an_answer_is_mixed_when_its_release_was_never_live(answer: Seen, *, mixed: bool) -> None:
    verdict = judge([answer], tenures([FIRST, CANARY_THEN_LIVE]))
    assert bool(verdict.mixed) is mixed
    assert not verdict.failed


def test_a_missing_asset_of_a_page_is_failed_and_mixed() -> None:
    missed = seen(3, 3.1, "", Kind.ASSET, "status 404: not found", "/assets/index-12345678.js")
    verdict = judge([missed, seen(3, 3.1, "r1")], tenures([FIRST]))
    assert verdict.requests == 2
    assert verdict.failed == (missed,)
    assert verdict.mixed == (missed,)
    assert not verdict.clean


def test_a_failed_answer_of_the_right_release_is_not_mixed() -> None:
    verdict = judge([seen(3, 3.1, "r1", problem="status 500")], tenures([FIRST]))
    assert len(verdict.failed) == 1
    assert verdict.mixed == ()


def test_without_a_single_request_nothing_is_proved() -> None:
    assert not judge([], tenures([FIRST])).clean


@pytest.mark.parametrize(("last", "seconds"), [(19.25, 1.5), (21.0, 2.5)])
def test_a_rollback_takes_the_longer_of_two_measured_times(last: float, seconds: float) -> None:
    times = measure_rollback(ROLLED_BACK, [seen(16, 16.1, "r2"), seen(19, last, "r2"), seen(22, 22.1, "r1")])
    assert times.seconds == seconds
    assert times.aws_calls == 2


def test_a_rollback_without_a_failed_check_is_refused() -> None:
    with pytest.raises(ValueError, match="no check that failed live"):
        measure_rollback(CANARY_THEN_LIVE, [])


def test_chunks_become_whole_lines_without_colours() -> None:
    lines = Lines()
    lines.add("\x1b[1;35m→\x1b[0m the API".encode(), 1.0)
    lines.add(b" serves\nnext", 2.0)
    assert lines.end(3.0) == (OutputLine(2.0, "→ the API serves"), OutputLine(3.0, "next"))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "viewer.jsonl"
    known = [seen(1, 2, "r1"), seen(2, 3, "", Kind.ASSET, "status 404")]
    path.write_text("".join(one.text() for one in known), "utf-8")
    assert read_seen(path) == known
