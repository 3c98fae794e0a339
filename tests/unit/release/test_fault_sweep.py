"""Every single failure at every call of a run ends in a whole release, and a re-run converges (CD-13).

The calls of an undisturbed run are counted; then the run is repeated once for every call and every blow
that can fall there: an error, a lost answer, Ctrl-C, and the process dying before or after the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.errors import KanmonError
from kanmon.model import ReleaseState, Result
from kanmon.release.deploy import deploy
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import CANARY, NIGHTLY, make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.ledger import is_held
from tests.fakes.process import Blow, Process, ProcessDied, only_reads
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.release.walk import Outcome

RATES = {"one": 100.0, "two": 50.0, "three": 25.0, "next": 10.0}


def _config(version: str, **more: Any) -> Config:
    """Each version has limits of its own, so that every release changes the live stage's settings."""
    api = {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": RATES[version]}}
    return make_config(traffic=CANARY, api=api, **more)


CONFIG = _config("one")


BLOWS = pytest.mark.parametrize(
    "blow", [blow for blow in Blow if blow is not Blow.SUSPENSION], ids=lambda blow: blow.name.lower()
)


@dataclass
class Scene:
    """A cloud just before the disturbed run."""

    cloud: Cloud
    run: Callable[[Cloud, Process], Outcome]
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
        lambda where, process: deploy(where.services(process), plan, FakeApproval(), ignore),
        manifest,
    )


def first_release(**more: Any) -> Scene:
    return _deploy_over("one", **more)


def next_release(**more: Any) -> Scene:
    return _deploy_over("one", "two", pages={"new.html": "new"}, **more)


def rolled_back(**more: Any) -> Scene:
    return _deploy_over("one", "two", faulty=True, pages={"new.html": "new"}, **more)


def alarmed(**more: Any) -> Scene:
    return _deploy_over("one", "two", noisy=True, **more)


def first_rolled_back(**more: Any) -> Scene:
    return _deploy_over("one", faulty=True, **more)


def _rollback_after(*versions: str, to: str, **more: Any) -> Scene:
    cloud = Cloud()
    for version in versions:
        release(cloud, version, config=_config(version, **more))

    def run(where: Cloud, process: Process) -> Outcome:
        services = where.services(process)
        return rollback(
            services, CONFIG, rollback_target(services.ledger, to), FakeApproval(), ignore, reason="it hurts"
        )

    return Scene(cloud, run, make_bundle(cloud, "next", config=_config("next", **more)))


def rollback_in_slot(**more: Any) -> Scene:
    return _rollback_after("one", "two", to="r1", **more)


def rollback_reapplied(**more: Any) -> Scene:
    return _rollback_after("one", "two", "three", to="r1", **more)


SCENES = [
    first_release,
    next_release,
    rolled_back,
    alarmed,
    first_rolled_back,
    rollback_in_slot,
    rollback_reapplied,
]


@BLOWS
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_users_are_on_a_whole_release_after_any_failure(scene: Callable[[], Scene], blow: Blow) -> None:
    """CD-13, CD-7, CD-10, NFR-2"""
    _sweep(scene(), blow)


@BLOWS
@pytest.mark.parametrize(
    "scene", [next_release, alarmed, rollback_reapplied], ids=lambda scene: scene.__name__
)
def test_triggers_are_on_in_the_live_slot_after_any_failure(scene: Callable[..., Scene], blow: Blow) -> None:
    """CD-13, CD-10: never those of two releases, and in the end exactly the live one's."""
    _sweep(scene(schedules=NIGHTLY), blow)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_late_run_changes_nothing(scene: Callable[[], Scene]) -> None:
    """CD-14: it is suspended, another run brings its operation to an end, and it wakes up."""
    _sweep(scene(), Blow.SUSPENSION)


def _sweep(began: Scene, blow: Blow) -> None:
    undisturbed, counted = began.cloud.copy(), Process()
    began.run(undisturbed, counted)
    problems = []
    for at in _calls(counted, blow):
        cloud, process = began.cloud.copy(), Process(at=at, blow=blow)
        try:
            _strike_and_recover(began, cloud, process)
        except Exception as problem:  # noqa: BLE001 - all are reported together
            place = process.calls[at - 1] if len(process.calls) >= at else "?"
            problems.append(f"{blow} at call {at} ({place}): {type(problem).__name__}: {problem}")
    assert not problems, "\n".join([f"{len(problems)} of {len(counted.calls)}:", *problems])


def _calls(counted: Process, blow: Blow) -> list[int]:
    """The calls where a blow makes a difference.

    An error at a read of the ledger does the same as one at the write after it. A death around a call that
    only reads is the same as a death after the change before it.
    """
    numbered = list(enumerate(counted.calls, 1))
    if blow in {Blow.ERROR, Blow.INTERRUPT}:
        return [number for number, name in numbered if name != "store.get"]
    return [number for number, name in numbered if not only_reads(name)]


def _strike_and_recover(scene: Scene, cloud: Cloud, process: Process) -> None:
    before = cloud.users[1]
    taken_over: list[dict[str, Any] | None] = []
    process.meanwhile = lambda: taken_over.append(_take_over(cloud))
    try:
        outcome = scene.run(cloud, process)
    except ProcessDied:
        pass
    except (KanmonError, KeyboardInterrupt):
        assert not _is_open(cloud), "a refusal, but an operation is open"
    else:
        assert outcome.open or not _is_open(cloud), f"it is {outcome.result}, but its operation is open"
    assert len(process.calls) >= process.at, "it came to an end before it was struck"
    for state in filter(None, taken_over):
        changed = [name for name, now in cloud.state.items() if now != state.get(name)]
        assert not changed, f"it changed {changed} after another run had taken over"
    # A run that died holds its lease until it expires.
    cloud.clock.outlast_lease()
    # A release is held for a person when the alarms can't be read; here the person undoes it.
    recover(cloud.services(), ignore, keep=False if is_held(cloud.ledger) else None)
    _expect_one_release(cloud)
    if before is not None:
        assert (None, None) not in cloud.seen[1:], "users had nothing"
    _expect_to_converge(scene, cloud)


def _is_open(cloud: Cloud) -> bool:
    """Whether somebody has to recover. A held environment waits for a decision instead."""
    head = cloud.ledger.head()
    return head.operation is not None and not is_held(cloud.ledger)


def _take_over(cloud: Cloud) -> dict[str, Any] | None:
    """Another run recovers. All that there is then, if there was something to recover."""
    cloud.clock.outlast_lease()
    keep = False if is_held(cloud.ledger) else None
    if recover(cloud.services(actor="aki"), ignore, keep=keep) is None:
        return None
    _expect_one_release(cloud)
    return cloud.state


def _expect_one_release(cloud: Cloud) -> None:
    head = cloud.ledger.head()
    page, api = cloud.users
    assert page == head.live, f"the page is that of {page}, the ledger has {head.live}"
    assert api == head.live, f"the API is that of {api}, the ledger has {head.live}"
    assert head.operation is None, "an operation is left"
    assert not cloud.previews, f"previews are left: {cloud.previews}"
    assert cloud.canary_release() is None, "a canary is left"
    on = {head.live} if head.live and cloud.has_triggers(head.live) else set[str]()
    assert cloud.triggers_on == on, f"the triggers of {cloud.triggers_on} are on, not those of {on}"
    if head.live is None:
        assert cloud.pages().get("index.html") is None
        return
    assert cloud.pages() == cloud.pages_of(head.live), f"pages are {sorted(cloud.pages())}"
    record = cloud.ledger.release(head.live)
    assert record
    settings = cloud.gateway.stages["live"]["methodSettings"]["*/*"]
    configured = cloud.services().blobs.manifest(record.bundle).served.api
    assert configured
    assert settings["throttlingRateLimit"] == configured.throttle.rate, (
        "the stage has another release's settings"
    )
    assert record.state is ReleaseState.STABLE
    assert record.pointer == head.pointer
    assert head.slots[head.pointer.slot] == head.live


def _expect_to_converge(scene: Scene, cloud: Cloud) -> None:
    cloud.faulty.clear()
    cloud.noisy.clear()
    plan = plan_of(cloud, scene.manifest)
    if not plan.unchanged:
        outcome = deploy(cloud.services(), plan, FakeApproval(), ignore, lift_freeze="fixed")
        assert outcome.result is Result.STABLE, str(outcome.failure)
    _expect_one_release(cloud)
    live = cloud.ledger.release(cloud.ledger.head().live or "")
    assert live
    assert live.bundle == scene.manifest.digest
    assert not [operation.number for operation in cloud.ledger.operations() if operation.ended is None]
    assert cloud.ledger.releases()
