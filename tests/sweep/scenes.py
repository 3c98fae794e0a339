"""The scenes of the sweep in memory: a cloud, and the run to be struck there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kanmon.approval.gate import Gate, GateApproval
from kanmon.github.environments import Environment, Review
from kanmon.ledger.records import Decision, DecisionKind
from kanmon.model import Approval, Step
from kanmon.release.deploy import deploy
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import CANARY, GREETING, NIGHTLY, make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.repository import RUN
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.github.runs import Job
    from kanmon.release.events import Observer
    from kanmon.release.ports import ApprovalPort
    from kanmon.release.walk import Outcome

_RATES = {"one": 100.0, "two": 50.0, "three": 25.0, "next": 10.0}


@dataclass(frozen=True)
class Repository:
    """The run's repository on GitHub: its approval, and what the run shows there."""

    approver: Callable[[Cloud, Process], ApprovalPort]
    observer: Observer


@dataclass
class Scene:
    """A cloud just before the run to be struck. The run may be repeated on copies of the cloud."""

    cloud: Cloud
    run: Callable[[Cloud, Process, Repository], Outcome | None]
    manifest: Manifest
    """What a later run releases."""
    digest: str = ""
    """The digest of its plan."""
    recovers: bool = False
    """The run is a recovery. Its command takes an operation for open until it has read the ledger."""


def scene_config(version: str, **more: Any) -> Config:
    """Each version has limits of its own, so that every release changes the live stage's settings."""
    api = {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": _RATES[version]}}
    return make_config(**{"traffic": CANARY, "api": api, **more})


CONFIG = scene_config("one")
BAKED = CANARY | {"steps": [{"percent": 10, "bake": "5s"}, {"percent": 50, "bake": 0}]}


@dataclass(frozen=True)
class _Rules:
    """GitHub's facts about a run that aki approved."""

    def environment(self, name: str) -> Environment:
        return Environment(
            name, ("aki",), True, False, ("heads/main",), (), "https://github.test/environments"
        )

    def branch_is_protected(self, name: str) -> bool:
        return name == "main"

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        del run, environment_name
        return [Review(by="aki", approved=True)]

    def jobs(self, run: int, attempt: int) -> list[Job]:
        del run, attempt
        return []


def gate_of(cloud: Cloud, process: Process) -> GateApproval:
    """The approval of GitHub's reviewers, as this process reads it."""
    rules = process.watched(_Rules(), "github")
    return GateApproval(Gate(rules, RUN, "test", prevent_self_review=True), cloud.clock)


IN_MEMORY = Repository(gate_of, ignore)


def _deploy_over(
    *versions: str,
    faulty: tuple[tuple[str, str], ...] = (),
    noisy: bool = False,
    pages: dict[str, str] | None = None,
    changing: bool = False,
    **more: Any,
) -> Scene:
    cloud = Cloud()
    for version in versions[:-1]:
        release(cloud, version, config=scene_config(version, **more))
    last = more | ({"tags": {"team": "b"}, "allow_destroy": ["DatabaseCluster"]} if changing else {})
    manifest = make_bundle(cloud, versions[-1], config=scene_config(versions[-1], **last), pages=pages)
    plan = plan_of(cloud, manifest)
    cloud.faulty.update(faulty)
    if noisy:
        cloud.noisy.add(plan.release)

    def run(where: Cloud, process: Process, repository: Repository) -> Outcome:
        approver = repository.approver(where, process)
        return deploy(where.services(process), plan, approver, repository.observer)

    return Scene(cloud, run, manifest, plan.digest)


def first_release(**more: Any) -> Scene:
    """The first release of an app: there is no stage, no page and no other slot yet."""
    return _deploy_over("one", **more)


def canary_release(**more: Any) -> Scene:
    """A release takes over from another, by 10 % and 50 % of requests."""
    return _deploy_over("one", "two", pages={"new.html": "new"}, **more)


def automatic_rollback(**more: Any) -> Scene:
    """A release fails its checks when it is live."""
    return _deploy_over("one", "two", faulty=(("r2", "live"),), pages={"new.html": "new"}, **more)


def rollback_by_alarm(**more: Any) -> Scene:
    """A release makes its rollback alarm fire in its canary."""
    return _deploy_over("one", "two", noisy=True, **more)


def rollback_of_first_release(**more: Any) -> Scene:
    """The first release fails its checks when it is live: nothing was live before it."""
    return _deploy_over("one", faulty=(("r1", "live"),), **more)


def held_release(**more: Any) -> Scene:
    """The live checks fail on the stable release, too: a person decides."""
    return _deploy_over("one", "two", faulty=(("r2", "live"), ("r1", "stable")), **more)


def changed_stacks(**more: Any) -> Scene:
    """A release changes every stack and opens their policies, and fails when it is live: all is restored."""
    return _deploy_over("one", "two", faulty=(("r2", "live"),), changing=True, **more)


def pruning_release() -> Scene:
    """A release months after others: it deletes what no kept release needs."""
    cloud = Cloud()
    for version in ("one", "two"):
        release(cloud, version, config=_pruning(version))
        cloud.clock.move(timedelta(days=32))
    manifest = make_bundle(cloud, "three", config=_pruning("three"))
    plan = plan_of(cloud, manifest)

    def run(where: Cloud, process: Process, repository: Repository) -> Outcome:
        approver = repository.approver(where, process)
        return deploy(where.services(process), plan, approver, repository.observer)

    return Scene(cloud, run, manifest, plan.digest)


def _pruning(version: str) -> Config:
    """Each version has routes of its own, so that each release has a snapshot of them."""
    paths = ("/api/{proxy+}", f"/api/{version}/{{proxy+}}")
    api = {
        "routes": [{"path": path, "function": "api"} for path in paths],
        "throttle": {"rate": _RATES[version]},
    }
    return scene_config(version, api=api, releases={"kept": 2}, traffic={"strategy": "all-at-once"})


def promoted_canary(**more: Any) -> Scene:
    """A person promotes the canary from another terminal."""
    return _decided(_deploy_over("one", "two", traffic=BAKED, **more), DecisionKind.PROMOTE)


def aborted_release(**more: Any) -> Scene:
    """A person aborts the release before its canary."""
    return _decided(canary_release(**more), DecisionKind.ABORT)


def _decided(scene: Scene, kind: DecisionKind) -> Scene:
    """The scene with a decision about its operation, left before it looks."""
    approval = Approval(by="aki", how="terminal", digest=scene.digest, at=scene.cloud.clock.now())
    decision = Decision(operation=2, kind=kind, step=Step.SHIFT, approval=approval)
    scene.cloud.ledger.leave_decision(decision)
    return scene


def _rollback_after(*versions: str, **more: Any) -> Scene:
    cloud = Cloud()
    for version in versions:
        release(cloud, version, config=scene_config(version, **more))

    def run(where: Cloud, process: Process, repository: Repository) -> Outcome:
        services, approver = where.services(process), repository.approver(where, process)
        target = rollback_target(services.ledger, "r1")
        return rollback(services, CONFIG, target, approver, repository.observer, reason="it hurts")

    return Scene(cloud, run, make_bundle(cloud, "next", config=scene_config("next", **more)))


def rollback_in_slot(**more: Any) -> Scene:
    """A rollback by hand to the release in the other slot."""
    return _rollback_after("one", "two", **more)


def rollback_reapplied(**more: Any) -> Scene:
    """A rollback by hand to a release in no slot: it is put there first."""
    return _rollback_after("one", "two", "three", **more)


def recovery() -> Scene:
    """A run died when it had moved users; another one undoes its release."""
    began = canary_release()
    counted, whole = Process(), began.cloud.copy()
    began.run(whole, counted, IN_MEMORY)
    page = max(at for at, call in enumerate(counted.calls, 1) if call == "s3.put_object")
    try:
        began.run(began.cloud, Process(at=page, blow=Blow.DEATH_AFTER), IN_MEMORY)
    except ProcessDied:
        began.cloud.clock.outlast_lease()

    def run(where: Cloud, process: Process, repository: Repository) -> Outcome | None:
        return recover(where.services(process), repository.observer, FakeApproval())

    return Scene(began.cloud, run, began.manifest, recovers=True)


def with_triggers(scene: Callable[..., Scene]) -> Callable[[], Scene]:
    """The scene with a schedule and a trigger of the user pool: they are those of the live slot alone."""
    return lambda: scene(schedules=NIGHTLY, user_pool=GREETING)


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__.replace("_", " "): scene
    for scene in (
        *(first_release, canary_release, automatic_rollback, rollback_by_alarm, rollback_of_first_release),
        *(held_release, rollback_in_slot, rollback_reapplied, recovery),
        *(changed_stacks, promoted_canary, aborted_release, pruning_release),
    )
} | {
    f"{scene.__name__.replace('_', ' ')} with triggers": with_triggers(scene)
    for scene in (canary_release, rollback_by_alarm, rollback_reapplied)
}
