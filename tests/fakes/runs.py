"""Whole runs in one line, for tests that want to begin where a run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.release.deploy import deploy
from kanmon.release.plan import make_plan
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import ARTIFACTS
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.bundle import Manifest
    from kanmon.config import Config
    from kanmon.release.events import Event, Observer
    from kanmon.release.plan import Plan
    from kanmon.release.ports import World
    from kanmon.release.session import Outcome
    from tests.fakes.cloud import Clock, Cloud
    from tests.fakes.process import Process


def ignore(event: Event) -> None:
    """An observer that isn't interested."""
    del event


def plan_of(cloud: Cloud, manifest: Manifest, world: World | None = None) -> Plan:
    return make_plan(world or cloud.world(), manifest.config, manifest, ARTIFACTS)


def release(
    cloud: Cloud,
    version: str,
    *,
    config: Config | None = None,
    pages: dict[str, str] | None = None,
    clock: Clock | None = None,
    process: Process | None = None,
    observer: Observer = ignore,
    lift_freeze: str = "",
) -> Outcome:
    """Build a version, plan it, deploy it."""
    manifest = make_bundle(cloud, version, config=config, pages=pages)
    world = cloud.world(process, clock)
    plan = plan_of(cloud, manifest)
    return deploy(world, plan, FakeApproval(), observer, lift_freeze=lift_freeze)


def go_back(
    cloud: Cloud, wanted: str | None = None, *, process: Process | None = None, reason: str = "it hurts"
) -> Outcome:
    """A rollback by hand."""
    world = cloud.world(process)
    target = rollback_target(world.ledger, wanted)
    return rollback(world, make_config(), target, FakeApproval(), ignore, reason=reason)
