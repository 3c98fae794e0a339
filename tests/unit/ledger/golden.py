"""One record of each kind, as this version stores it. `python -m tests.unit.ledger.golden` writes the files.

A file of an earlier version stays for ever: records of that version are still in people's buckets.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kanmon.ledger.ledger import as_json
from kanmon.ledger.records import (
    VERSION,
    AlarmRecord,
    CheckRecord,
    Decision,
    DecisionKind,
    Failure,
    Freeze,
    Head,
    KeptStack,
    Lease,
    Operation,
    PlannedRelease,
    Release,
    StackRecord,
    StepRecord,
    Stored,
    Threads,
)
from kanmon.model import Approval, OperationKind, Pointer, ReleaseState, Result, Slot, Step

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BLUE, GREEN = Pointer(deployment="d1", slot=Slot.BLUE), Pointer(deployment="d2", slot=Slot.GREEN)
PLANNED = PlannedRelease(id="r2", commit="c" * 40, bundle="b" * 64, config="f" * 64, created=NOON)
DECISION = Decision(
    operation=2,
    kind=DecisionKind.ABORT,
    step=Step.PROMOTE,
    approval=Approval(by="aki", how="terminal", digest="d" * 64, at=NOON),
    reason="prices are wrong",
)
RECORDS: dict[str, Stored] = {
    "decision": DECISION,
    "planned": PLANNED,
    "release": Release(
        **PLANNED.model_dump(),
        token=7,
        state=ReleaseState.STABLE,
        base="r1",
        slot=Slot.GREEN,
        stacks={"slot": StackRecord(template="t" * 64, parameters={"Triggers": "off"}, tags={"app": "shop"})},
        pointer=GREEN,
        notifier="e" * 64,
        verified_at=NOON,
        stable_at=NOON,
    ),
    "operation": Operation(
        token=7,
        number=2,
        kind=OperationKind.DEPLOY,
        release="r2",
        base="r1",
        slot=Slot.GREEN,
        actor="kim",
        run="https://github.com/acme/shop/actions/runs/7",
        reason="prices",
        digest="d" * 64,
        approval=Approval(by="aki", how="review", digest="d" * 64, at=NOON),
        began=NOON,
        ended=NOON,
        origin=BLUE,
        steps=(StepRecord(step=Step.PROMOTE, began=NOON, ended=NOON, note="r2 goes live"),),
        checks=(
            CheckRecord(name="page", target="live", passed=False, tries=2, milliseconds=7.5, failure="500"),
        ),
        alarms=(AlarmRecord(name="shop-production-rollback", reason="errors", before=True),),
        result=Result.ROLLED_BACK,
        failure=Failure(code="KNM-501", message="page: 500."),
        rollback_seconds=0.4,
        traffic_calls=2,
        changes=("foundation", "edge"),
        decisions=(DECISION,),
        kept=(KeptStack(stack="shop-production-foundation", reason="to restore it would delete Key"),),
    ),
    "head": Head(
        token=8,
        live="r1",
        pointer=BLUE,
        slots={Slot.BLUE: "r1", Slot.GREEN: "r2"},
        kept=("r1",),
        operations=2,
        lease=Lease(holder="kim@runner:7", expires=NOON),
        freeze=Freeze(reason="r2 was rolled back", since=NOON, operation=2),
    ),
    "threads": Threads(threads={"slack": "1700000000.1"}),
}


def golden(name: str, version: int = VERSION) -> Path:
    """The file of a record."""
    return Path(__file__).parent / "golden" / f"v{version}" / f"{name}.json"


if __name__ == "__main__":
    for name, record in RECORDS.items():
        golden(name).parent.mkdir(parents=True, exist_ok=True)
        golden(name).write_bytes(as_json(record) + b"\n")
