"""Every step is in the ledger before it is taken, and after it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanmon.model import Result, Step
from tests.fakes.app import CANARY, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.process import Process
from tests.fakes.runs import failure_of, operation_of, release

if TYPE_CHECKING:
    from typing import Any

    from kanmon.release.events import Event

# The states in which each change may be made. It is the last state that was announced.
_DURING = {
    "stacks.execute": {Step.PROVISION},
    "functions.invoke": {Step.PROVISION},
    "apigateway.create_stage": {Step.VERIFY, Step.PROMOTE},
    "apigateway.update_stage": {Step.VERIFY, Step.SHIFT, Step.PROMOTE, Step.ROLL_BACK},
    "apigateway.delete_stage": {Step.COMPLETE, Step.ROLL_BACK},
    # The assets, the preview, the live page.
    "s3.put_object": {Step.PROVISION, Step.VERIFY, Step.PROMOTE, Step.ROLL_BACK},
    "s3.delete_objects": {Step.COMPLETE, Step.ROLL_BACK},
}


@dataclass
class _Watching(Process):
    """Looks into the ledger at each change."""

    cloud: Cloud = field(default_factory=Cloud)

    def call(self, name: str, action: Any) -> Any:
        if name in _DURING:
            number = self.cloud.ledger.head().operation or 0
            operation = self.cloud.ledger.operation(number)
            assert operation, f"{name} without an operation in the ledger"
            assert operation.step in _DURING[name], f"{name} while {operation.step}"
            assert operation.steps[-1].ended is None
        return super().call(name, action)


def test_the_intent_is_written_before_every_change(cloud: Cloud) -> None:
    """CD-13"""
    config = make_config(traffic=CANARY)
    processes = [_Watching(cloud=cloud) for _ in range(3)]
    assert release(cloud, "one", config=config, process=processes[0]).result is Result.STABLE
    assert release(cloud, "two", config=config, process=processes[1]).result is Result.STABLE
    cloud.faulty.add(("r3", "live"))
    assert release(cloud, "three", config=config, process=processes[2]).result is Result.ROLLED_BACK
    seen = {call for process in processes for call in process.calls}
    assert seen >= _DURING.keys()


def test_the_outcome_is_written_after_every_step(cloud: Cloud) -> None:
    """CD-11"""
    outcome = release(cloud, "one")
    operation = cloud.ledger.operation(1)
    assert operation
    assert operation == outcome.operation
    states = [transition.step for transition in operation.steps]
    assert states == [Step.LOCK, Step.PROVISION, Step.VERIFY, Step.PROMOTE, Step.COMPLETE]
    assert all(transition.ended for transition in operation.steps)
    assert operation.ended


def test_a_failed_step_has_no_end(cloud: Cloud) -> None:
    cloud.functions.failing.add("migrate")
    operation = operation_of(release(cloud, "one"))
    steps = {transition.step: transition for transition in operation.steps}
    assert steps[Step.PROVISION].ended is None
    assert steps[Step.ABORT].ended


def test_the_failure_of_an_operation_is_kept(cloud: Cloud) -> None:
    cloud.functions.failing.add("migrate")
    outcome = release(cloud, "one")
    kept = operation_of(outcome).failure
    assert kept
    assert kept.code == "KNM-221"
    assert kept.message == failure_of(outcome).message


def test_every_verdict_of_a_check_is_kept(cloud: Cloud) -> None:
    """CD-7"""
    checks = operation_of(release(cloud, "one")).checks
    verdicts = [(check.name, check.target, check.passed) for check in checks]
    assert verdicts == [
        ("health", "candidate", True),
        ("page", "candidate", True),
        ("health", "live", True),
        ("page", "live", True),
    ]


def test_a_long_bake_keeps_the_record_small(cloud: Cloud) -> None:
    """CD-8, CD-11: the journal is written at each of 720 looks."""
    release(cloud, "one")
    written: list[int] = []

    class Counting(Process):
        def call(self, name: str, action: Any) -> Any:
            if name == "store.put":
                _, body = action.args
                written.append(len(body))
            return super().call(name, action)

    hour = {"strategy": "all-at-once", "bake": "1h"}
    outcome = release(cloud, "two", config=make_config(traffic=hour), process=Counting())
    live = [check for check in operation_of(outcome).checks if check.target == "live"]
    assert [check.runs for check in live] == [721, 721]
    assert max(written) < 10_000
    assert sum(written) < 5_000_000


def test_states_are_sent_to_the_observer_in_order(cloud: Cloud) -> None:
    states: list[str] = []
    release(cloud, "one", observer=lambda event: states.append(str(event.facts.get("step", ""))))
    assert [state for state in states if state] == ["lock", "provision", "verify", "promote", "complete"]


def test_every_event_has_the_time_of_the_clock(cloud: Cloud) -> None:
    events: list[Event] = []
    release(cloud, "one", observer=events.append)
    assert {event.at for event in events} == {cloud.clock.now()}


def test_a_closed_terminal_stops_no_release(cloud: Cloud) -> None:
    """CD-13: nobody reads the output any more."""

    def closed(event: Event) -> None:
        raise OSError(5, f"Input/output error: {event.text}")

    assert release(cloud, "one", observer=closed).result is Result.STABLE
