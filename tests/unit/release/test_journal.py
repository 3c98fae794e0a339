"""Every step is in the ledger before it is taken, and after it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.ledger import Result, State
from tests.fakes.app import CANARY, make_config
from tests.fakes.process import Process
from tests.fakes.runs import release

if TYPE_CHECKING:
    from typing import Any

    from tests.fakes.cloud import Cloud

# What may be going on while a change is made. It is the last state announced.
_DURING = {
    "stacks.execute": {State.PROVISIONED},
    "hooks.run": {State.PROVISIONED},
    "apigateway.create_stage": {State.VERIFIED, State.LIVE},
    "apigateway.update_stage": {State.VERIFIED, State.SHIFTING, State.LIVE, State.ROLLING_BACK},
    "apigateway.delete_stage": {State.STABLE, State.LIVE, State.ROLLED_BACK},
    "s3.put_object": {State.LIVE, State.ROLLING_BACK},
}


class _Watching(Process):
    """Looks into the ledger at each change."""

    cloud: Cloud

    def call(self, name: str, action: Any) -> Any:
        if name in _DURING:
            number = self.cloud.ledger.head().attempt or 0
            attempt = self.cloud.ledger.attempt(number)
            assert attempt, f"{name} without an attempt in the ledger"
            assert attempt.state in _DURING[name], f"{name} while {attempt.state}"
            assert attempt.transitions[-1].ended is None
        return super().call(name, action)


def test_the_intent_is_written_before_every_change(cloud: Cloud) -> None:
    """CD-13"""
    config = make_config(traffic=CANARY)
    for version in ("one", "two"):
        process = _Watching()
        process.cloud = cloud
        assert release(cloud, version, config=config, process=process).result is Result.STABLE
    cloud.faulty.add(("r3", "live"))
    process = _Watching()
    process.cloud = cloud
    assert release(cloud, "three", config=config, process=process).result is Result.ROLLED_BACK


def test_the_outcome_is_written_after_every_step(cloud: Cloud) -> None:
    """CD-11"""
    outcome = release(cloud, "one")
    attempt = cloud.ledger.attempt(1)
    assert attempt
    assert attempt == outcome.attempt
    states = [transition.state for transition in attempt.transitions]
    assert states == [State.LOCKED, State.PROVISIONED, State.VERIFIED, State.LIVE, State.STABLE]
    assert all(transition.ended for transition in attempt.transitions)
    assert attempt.ended


def test_a_step_that_failed_has_no_outcome(cloud: Cloud) -> None:
    cloud.hooks.failing.add("migrate")
    outcome = release(cloud, "one")
    assert outcome.attempt
    steps = {transition.state: transition for transition in outcome.attempt.transitions}
    assert steps[State.PROVISIONED].ended is None
    assert steps[State.ABORTED].ended
    assert outcome.attempt.failure
    assert outcome.attempt.failure.code == "KNM-221"


def test_every_verdict_is_kept(cloud: Cloud) -> None:
    """CD-7"""
    outcome = release(cloud, "one")
    assert outcome.attempt
    verdicts = [(check.name, check.target, check.passed) for check in outcome.attempt.checks]
    assert verdicts == [
        ("health", "candidate", True),
        ("page", "candidate", True),
        ("health", "live", True),
        ("page", "live", True),
    ]


def test_every_event_is_told_in_order(cloud: Cloud) -> None:
    told: list[str] = []
    release(cloud, "one", observer=lambda event: told.append(str(event.facts.get("state", ""))))
    assert [state for state in told if state] == ["locked", "provisioned", "verified", "live", "stable"]
