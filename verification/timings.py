"""The steps that measure: stages, pointers, rollbacks, CloudFormation; and what users saw meanwhile."""

from __future__ import annotations

import json
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from demo.commands import OutputLine
from demo.seen import Kind, Seen, read_seen
from demo.summary import LoggedOperation, judge, measure_rollback, tenures
from kanmon.checks.probe import NoAnswerError, Target
from kanmon.config.checks import Check
from kanmon.model import SLOTS, OperationKind, Step
from kanmon.naming import API, LIVE_STAGE, STAGE_VARIABLE, Output, preview_token, stack_name
from kanmon.release.steps import ARRIVAL

from .releases import stack_names
from .sample import PREFIX
from .steps import StepError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from demo.summary import Tenure
    from kanmon.checks.probe import Edge
    from kanmon.ledger.records import Operation

    from .findings import Findings
    from .steps import Verification

_STAGES = 3
"""New stages to measure; an API takes ten."""
_IN_A_ROW = 20
"""Good answers until a change counts as arrived everywhere."""
_LONGEST = 180.0
_TIMEOUT, _PAUSE = 20.0, 0.1
_OWN_EVENT = re.compile(r"(CREATE|UPDATE|DELETE)_(IN_PROGRESS|COMPLETE)")
_VERSION = Check.model_validate({"name": "version", "path": "/api/version"})


def stages(run: Verification, findings: Findings) -> None:
    """New stages of the API, as previews are, until they answer; and their moves between the slots."""
    gateway = run.account.client("apigateway")
    api = run.account.outputs(stack_name(PREFIX, API, ""))[Output.API_ID]
    live = gateway.get_stage(restApiId=api, stageName=LIVE_STAGE)
    for _ in range(_STAGES):
        stage = _Stage(run, gateway, api, preview_token("r1", secrets.token_hex(16)))
        stage.create(live)
        try:
            first, everywhere = stage.arrival(live["variables"][STAGE_VARIABLE])
            findings.measure("new stage: until its first answer", first)
            findings.measure(f"new stage: until the first of {_IN_A_ROW} answers in a row", everywhere)
            for slot in SLOTS:
                findings.measure("UpdateStage: the call", stage.move(slot))
                _, everywhere = stage.arrival(slot)
                findings.measure(f"UpdateStage: until the first of {_IN_A_ROW} answers in a row", everywhere)
        finally:
            stage.delete()
    slowest = max(findings.times["new stage: until its first answer"])
    claim = f"A new stage answers within the time that Kanmon gives it, {ARRIVAL:g} s"
    findings.prove("P1", claim, slowest < ARRIVAL, f"{slowest:.1f} s at most")


@dataclass(frozen=True)
class _Stage:
    """A stage for measuring, with the name of a preview: the edge leads its holder there."""

    run: Verification
    gateway: Any
    api: str
    name: str

    def create(self, live: Mapping[str, Any]) -> None:
        """Create it with the routes and the slot of the live stage."""
        self.gateway.create_stage(
            **self._place, deploymentId=live["deploymentId"], variables=live["variables"]
        )

    def move(self, slot: str) -> float:
        """Point it at a slot; the seconds of the call."""
        began = time.monotonic()
        operation = {"op": "replace", "path": f"/variables/{STAGE_VARIABLE}", "value": slot}
        self.gateway.update_stage(**self._place, patchOperations=[operation])
        return time.monotonic() - began

    def delete(self) -> None:
        """Remove it."""
        self.gateway.delete_stage(**self._place)

    @property
    def _place(self) -> dict[str, str]:
        return {"restApiId": self.api, "stageName": self.name}

    def arrival(self, slot: str) -> tuple[float, float]:
        """Seconds until the slot's first answer, and until the first of many in a row. Raises StepError."""
        edge, began = self.run.edge, time.monotonic()
        first = row_began = 0.0
        row = 0
        while row < _IN_A_ROW:
            good = self._answers(edge, slot)
            now = time.monotonic() - began
            if now > _LONGEST:
                raise StepError(f"a stage did not answer well within {_LONGEST:.0f} s")
            if good:
                first, row, row_began = first or now, row + 1, row_began if row else now
            else:
                row = 0
                time.sleep(_PAUSE)
        return first, row_began

    def _answers(self, edge: Edge, slot: str) -> bool:
        try:
            answer = edge.ask(_VERSION, Target("preview", "", self.name), _TIMEOUT)
        except NoAnswerError:
            return False
        return answer.status == 200 and json.loads(answer.body).get("slot") == slot


def users(run: Verification, findings: Findings) -> None:
    """What people saw during all releases and rollbacks, and how soon they were elsewhere after a move."""
    seen = [one for log in sorted(run.folder.glob("viewer-*.jsonl")) for one in read_seen(log)]
    lines = tuple(OutputLine(at, text) for done in run.state.done.values() for at, text in done.lines)
    logged = [LoggedOperation(operation, _during(operation, lines)) for operation in run.ledger.operations()]
    verdict = judge(seen, spread(tenures(logged), 0.0 if run.embedded else ARRIVAL))
    fact = f"{verdict.requests} requests, {len(verdict.failed)} failed, {len(verdict.mixed)} mixed"
    findings.prove("NFR-2", "Users are always on a complete release", verdict.clean, fact)
    for one in (*verdict.failed[:3], *verdict.mixed[:3]):
        findings.notes[f"{one.start:.3f} {one.method} {one.url}"] = one.problem or f"by {one.release}"
    for each in logged:
        for name, seconds in moves(each, seen):
            findings.measure(name, seconds)
    endings = ", ".join(one.operation.ending for one in logged)
    findings.prove("CD-11", "The ledger has every operation", bool(logged), endings)


def spread(known: Iterable[Tenure], seconds: float) -> list[Tenure]:
    """The tenures until a move is everywhere in AWS: until then, the former release may answer.

    Its answers are whole ones. The times of the report show how long they came.
    """
    return [replace(one, end=one.end + seconds) for one in known]


def _during(operation: Operation, lines: Sequence[OutputLine]) -> tuple[OutputLine, ...]:
    begin, end = operation.began.timestamp(), operation.ended.timestamp() if operation.ended else time.time()
    return tuple(line for line in lines if begin <= line.at <= end)


def moves(run: LoggedOperation, seen: Sequence[Seen]) -> Iterator[tuple[str, float]]:
    """How long users still got the other release after each pointer had moved."""
    operation = run.operation
    with suppress(ValueError):  # no check failed live
        late = measure_rollback(run, seen).viewer_seconds
        yield "automatic rollback: from the failed check to the last answer of the bad release", late
    deploy = operation.kind is OperationKind.DEPLOY
    left = {Step.PROMOTE: operation.base, Step.ROLL_BACK: operation.release if deploy else operation.base}
    for step, kind in product(left, (Kind.API, Kind.PAGE)):
        moved, end = run.moved(kind, step), run.ended(step)
        # A request from before the move may be answered after it, so it counts by its begin. After the step,
        # a rollback may have given users the other release again.
        asked = [
            one.start for one in seen if one.kind is kind and one.release == left[step] and one.end <= end
        ]
        if run.began(step) and asked:
            late = max(0.0, max(asked) - moved)
            yield f"{kind}: from the move to the last request with the other release", late


def stacks(run: Verification, findings: Findings) -> None:
    """How long CloudFormation took for each stack, by the stack's own events."""
    for name in stack_names():
        if stack := run.account.stack(name):
            findings.notes[f"stack {name}"] = stack["StackId"]
            measure_stack(run, findings, name, stack["StackId"])


def measure_stack(run: Verification, findings: Findings, name: str, stack_id: str, only: str = "") -> None:
    """Each operation of a stack, from its first event to its last one."""
    pages = run.account.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id)
    began = None
    for event in reversed([one for one in pages if one.get("PhysicalResourceId") == stack_id]):
        found = _OWN_EVENT.fullmatch(event.get("ResourceStatus", ""))
        if found and found[2] == "IN_PROGRESS":
            began = event["Timestamp"]
        elif found and began and found[1] == (only or found[1]):
            took = (event["Timestamp"] - began).total_seconds()
            kind = name.removeprefix(f"{PREFIX}-")
            findings.measure(f"CloudFormation: {found[1].lower()} {kind}", took)
