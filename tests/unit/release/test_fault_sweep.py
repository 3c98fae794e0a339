"""Every single failure at every call of a run ends in a whole release, and a re-run converges (CD-13).

The calls of an undisturbed run are counted; then the run is repeated once for every call and every blow
that can fall there: an error, a lost answer, Ctrl-C, and the process dying before or after the call.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.errors import KanmonError
from kanmon.ledger import Result, State
from kanmon.release.deploy import deploy
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import CANARY, NIGHTLY, make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.process import Blow, Process, ProcessDied, only_reads
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.bundle import Manifest
    from kanmon.config import Config
    from tests.fakes.cloud import Clock

RATES = {"one": 100.0, "two": 50.0, "three": 25.0, "next": 10.0}


def _config(version: str, **more: Any) -> Config:
    """Each version has limits of its own, so that every release changes the live stage's settings."""
    api = {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": RATES[version]}}
    return make_config(traffic=CANARY, api=api, **more)


CONFIG = _config("one")


@dataclass
class Scene:
    """A cloud just before the run that is disturbed."""

    cloud: Cloud
    run: Callable[[Cloud, Process], object]
    manifest: Manifest
    """What a re-run releases."""


def _deploy_over(
    *versions: str,
    faulty: bool = False,
    noisy: bool = False,
    pages: dict[str, str] | None = None,
    **more: Any,
) -> Scene:
    cloud = Cloud()
    for version in versions[:-1]:
        release(cloud, version, config=_config(version, **more))
    manifest = make_bundle(cloud, versions[-1], config=_config(versions[-1], **more), pages=pages)
    plan = plan_of(cloud, manifest)
    if faulty:
        cloud.faulty.add((plan.release, "live"))
    if noisy:
        cloud.noisy.add(plan.release)
    return Scene(
        cloud,
        lambda where, process: deploy(where.world(process), plan, FakeApproval(), ignore),
        manifest,
    )


def first_release(**more: Any) -> Scene:
    return _deploy_over("one", **more)


def next_release(**more: Any) -> Scene:
    return _deploy_over("one", "two", pages={"new.html": "new"}, **more)


def taken_back(**more: Any) -> Scene:
    return _deploy_over("one", "two", faulty=True, pages={"new.html": "new"}, **more)


def alarmed(**more: Any) -> Scene:
    return _deploy_over("one", "two", noisy=True, **more)


def first_taken_back(**more: Any) -> Scene:
    return _deploy_over("one", faulty=True, **more)


def _rollback_after(*versions: str, to: str, **more: Any) -> Scene:
    cloud = Cloud()
    for version in versions:
        release(cloud, version, config=_config(version, **more))

    def run(where: Cloud, process: Process) -> object:
        world = where.world(process)
        return rollback(
            world, CONFIG, rollback_target(world.ledger, to), FakeApproval(), ignore, reason="it hurts"
        )

    return Scene(cloud, run, make_bundle(cloud, "next", config=_config("next", **more)))


def rollback_in_slot(**more: Any) -> Scene:
    return _rollback_after("one", "two", to="r1", **more)


def rollback_reapplied(**more: Any) -> Scene:
    return _rollback_after("one", "two", "three", to="r1", **more)


SCENES = [
    first_release, next_release, taken_back, alarmed, first_taken_back, rollback_in_slot, rollback_reapplied,
]  # fmt: skip


@pytest.mark.parametrize("blow", Blow, ids=lambda blow: blow.name.lower())
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_users_are_on_a_whole_release_wherever_it_strikes(
    scene: Callable[[], Scene], blow: Blow, clock: Clock
) -> None:
    """CD-13, CD-7, CD-10, NFR-2"""
    _sweep(scene(), blow, clock)


@pytest.mark.parametrize("blow", Blow, ids=lambda blow: blow.name.lower())
@pytest.mark.parametrize(
    "scene", [next_release, alarmed, rollback_reapplied], ids=lambda scene: scene.__name__
)
def test_background_work_is_that_of_the_live_release_wherever_it_strikes(
    scene: Callable[..., Scene], blow: Blow, clock: Clock
) -> None:
    """CD-13, CD-10: never that of two releases, and in the end exactly the live one's."""
    _sweep(scene(schedules=NIGHTLY), blow, clock)


def _sweep(began: Scene, blow: Blow, clock: Clock) -> None:
    undisturbed, counted = began.cloud.copy(), Process()
    began.run(undisturbed, counted)
    problems = []
    for at in _moments(counted, blow):
        cloud, process = began.cloud.copy(), Process(at=at, blow=blow)
        try:
            _strike_and_mend(began, cloud, process, clock)
        except Exception as problem:  # noqa: BLE001 - all are told together
            place = process.calls[at - 1] if len(process.calls) >= at else "?"
            problems.append(f"{blow} at call {at} ({place}): {type(problem).__name__}: {problem}")
    assert not problems, "\n".join([f"{len(problems)} of {len(counted.calls)}:", *problems])


def _moments(counted: Process, blow: Blow) -> list[int]:
    """The calls where a blow tells something.

    A read of the ledger comes before each write, where the same blow does the same; and to die around
    any call that only reads is to die after the change before it.
    """
    numbered = list(enumerate(counted.calls, 1))
    if blow in {Blow.ERROR, Blow.INTERRUPT}:
        return [number for number, name in numbered if name != "store.get"]
    return [number for number, name in numbered if not only_reads(name)]


def _strike_and_mend(scene: Scene, cloud: Cloud, process: Process, clock: Clock) -> None:
    before = cloud.users[1]
    with contextlib.suppress(KanmonError, KeyboardInterrupt, ProcessDied):
        scene.run(cloud, process)
    assert len(process.calls) >= process.at, "it came to an end before it was struck"
    # A run that died holds its lease until it expires.
    clock.advance(minutes=2)
    # What can't be decided, as when the alarms can't be read, is held for a person; here it says no.
    recover(cloud.world(), CONFIG, ignore, keep=False if cloud.ledger.head().held else None)
    _expect_one_release(cloud)
    if before is not None:
        assert (None, None) not in cloud.seen[1:], "users had nothing"
    _expect_to_converge(scene, cloud)


def _expect_one_release(cloud: Cloud) -> None:
    head = cloud.ledger.head()
    page, api = cloud.users
    assert (page, api) == (head.live, head.live), f"users have {cloud.users}, the ledger says {head.live}"
    assert head.attempt is None, "an attempt is left"
    assert not cloud.trials, f"trials are left: {cloud.trials}"
    assert cloud.canary_release() is None, "a canary is left"
    working = {head.live} if head.live and cloud.has_background_work(head.live) else set[str]()
    assert cloud.working == working, f"{cloud.working} do background work instead of {working}"
    if head.live is None:
        assert cloud.pages().get("index.html") is None
        return
    assert cloud.pages() == cloud.pages_of(head.live), f"pages are {sorted(cloud.pages())}"
    record = cloud.ledger.release(head.live)
    assert record
    settings = cloud.gateway.stages["live"]["methodSettings"]["*/*"]
    configured = cloud.world().blobs.manifest(record.bundle).config.api
    assert configured
    assert settings["throttlingRateLimit"] == configured.throttle.rate, (
        "the stage has another release's settings"
    )
    assert (record.state, head.stable[-1:]) == (State.STABLE, (head.live,)), f"it is {record.state}"
    assert record.pointer == head.pointer
    assert head.slots[head.pointer.slot] == head.live


def _expect_to_converge(scene: Scene, cloud: Cloud) -> None:
    cloud.faulty.clear()
    cloud.noisy.clear()
    plan = plan_of(cloud, scene.manifest)
    if not plan.unchanged:
        outcome = deploy(cloud.world(), plan, FakeApproval(), ignore, lift_freeze="mended")
        assert outcome.result is Result.STABLE, str(outcome.failure)
    _expect_one_release(cloud)
    live = cloud.ledger.release(cloud.ledger.head().live or "")
    assert live
    assert live.bundle == scene.manifest.digest
    assert [attempt.result for attempt in cloud.ledger.attempts() if attempt.ended is None] == []
    assert cloud.ledger.releases()
