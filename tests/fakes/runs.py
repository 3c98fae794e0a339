"""Whole runs in one line, for tests that begin where a run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.ledger.records import Operation
from kanmon.ledger.writer import LedgerWriter
from kanmon.model import OperationKind, Slot
from kanmon.release.deploy import deploy
from kanmon.release.journal import Journal
from kanmon.release.lease import LENGTH, HeldLease
from kanmon.release.plan import live_release, make_plan
from kanmon.release.rollback import rollback, rollback_target
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import BOOTSTRAPPED
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest, StackTemplate
    from kanmon.config.schema import Config
    from kanmon.errors import KanmonError
    from kanmon.release.events import Event, Observer
    from kanmon.release.plan import Plan
    from kanmon.release.ports import Services
    from kanmon.release.walk import Outcome
    from tests.fakes.cloud import Cloud
    from tests.fakes.process import Process


def ignore(event: Event) -> None:
    """An observer that isn't interested."""
    del event


def plan_of(cloud: Cloud, manifest: Manifest, services: Services | None = None) -> Plan:
    services = services or cloud.services()
    head = services.ledger.head()
    live = live_release(services, head)
    config = cloud.configs[manifest.digest]
    # The fakes keep each hashed asset in a blob of its own.
    assets = tuple(sorted({file.sha256 for file in manifest.web.values() if file.immutable}))
    return make_plan(services, config, manifest, BOOTSTRAPPED, head=head, loaded=live, assets=assets)


def release(
    cloud: Cloud,
    version: str,
    *,
    config: Config | None = None,
    pages: dict[str, str] | None = None,
    stacks: dict[str, StackTemplate] | None = None,
    process: Process | None = None,
    observer: Observer = ignore,
    lift_freeze: str = "",
    run: str = "",
) -> Outcome:
    """Build a version, plan it, deploy it."""
    manifest = make_bundle(cloud, version, config=config, pages=pages, stacks=stacks)
    services = cloud.services(process, run=run)
    plan = plan_of(cloud, manifest)
    return deploy(services, plan, FakeApproval(), observer, lift_freeze=lift_freeze)


def roll_back(
    cloud: Cloud, wanted: str | None = None, *, process: Process | None = None, reason: str = "it hurts"
) -> Outcome:
    """A rollback by hand."""
    services = cloud.services(process)
    target = rollback_target(services.ledger, wanted)
    return rollback(services, make_config(), target, FakeApproval(), ignore, reason=reason)


def operation_of(outcome: Outcome) -> Operation:
    """The operation of a run that had one."""
    assert outcome.operation
    return outcome.operation


def failure_of(outcome: Outcome) -> KanmonError:
    """The failure of a run that had one."""
    assert outcome.failure
    return outcome.failure


def journal_of(cloud: Cloud, observer: Observer = ignore) -> Journal:
    """The journal of a deploy with a fresh lease, for one step of it alone."""
    now = cloud.clock.now()
    held = HeldLease(LedgerWriter.take(cloud.ledger, lambda head: head), cloud.clock, now + LENGTH)
    operation = Operation(
        number=1, kind=OperationKind.DEPLOY, release="r1", slot=Slot.BLUE, actor="kim", began=now
    )
    return Journal(cloud.clock, held, operation, observer)
