"""The whole fake AWS, its users' view, and its services for a process."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from kanmon.bundle.blobs import Blobs
from kanmon.cli.wiring import open_api, open_web
from kanmon.config.paths import Paths
from kanmon.ledger.ledger import Ledger
from kanmon.model import SLOTS, Slot
from kanmon.naming import (
    FOUNDATION,
    LIVE_STAGE,
    ON,
    PREVIEWS,
    RELEASE_METADATA,
    SLOT,
    Parameter,
    blob_key,
    preview_folder,
    slot_rollback_alarm,
    stack_name,
    unique_id,
)
from kanmon.release.loaded import Loader
from kanmon.release.ports import Services, Site
from kanmon.stacks.user_triggers import NO_SLOT, called
from kanmon.templates.stack_set import Bootstrapped
from kanmon.traffic.page_data import with_page_data
from kanmon.traffic.pages import is_page
from tests.fakes.clock import Clock
from tests.fakes.objects import MemoryS3, StoredObject
from tests.fakes.process import Process
from tests.fakes.services import FakeAlarms, FakeChecks, FakeFunctions, FakePreviewTests, FakeSnapshots
from tests.fakes.stacks import FakeStacks
from tests.fakes.stages import MemoryApiGateway
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanmon.checks.probe import Target
    from kanmon.config.checks import Check
    from kanmon.config.schema import Config
    from kanmon.config.served import ServedConfig

ARTIFACTS, WEB = "artifacts", "web"
BOOTSTRAPPED = Bootstrapped(ARTIFACTS, "arn:key")
ENVIRONMENT = "test"


class UsersHarmedError(AssertionError):
    """A user would have met an incomplete release."""


@dataclass
class Cloud:
    """Everything that outlives a process."""

    clock: Clock = field(default_factory=Clock)
    store: MemoryStore = field(default_factory=MemoryStore)
    s3: MemoryS3 = field(default_factory=MemoryS3)
    gateway: MemoryApiGateway = field(default_factory=MemoryApiGateway)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    snapshots: FakeSnapshots = field(default_factory=FakeSnapshots)
    preview_tests: FakePreviewTests = field(default_factory=FakePreviewTests)
    faulty: set[tuple[str, str]] = field(default_factory=set)
    """Releases whose checks fail, with the name of the target: `("r4", "live")`."""
    throttled: set[tuple[str, str]] = field(default_factory=set)
    """Faulty ones of which no function runs."""
    absent: set[str] = field(default_factory=set)
    """The targets of checks, such as `candidate`: API Gateway never knows their new stage."""
    checked: list[tuple[str, str]] = field(default_factory=list)
    """The checks that ran: the target's name and the release."""
    ringing: dict[str, str] = field(default_factory=dict)
    """Alarms that fire, with their reasons."""
    noisy: set[str] = field(default_factory=set)
    """Releases that make their slot's rollback alarm fire as long as some API request comes to them."""
    seen: list[tuple[str | None, str | None]] = field(default_factory=list)
    """The pairs of page and API that users had, each once."""
    configs: dict[str, Config] = field(default_factory=dict)
    """The config beside each bundle, by the bundle's digest: that of the last one made."""
    others: dict[str, MemoryStore] = field(default_factory=dict)
    """The ledgers of other environments, by name."""
    prefix: str = "shop-test"

    def __post_init__(self) -> None:
        self.s3.clock = self.clock

    @cached_property
    def stacks(self) -> FakeStacks:
        return FakeStacks(self.s3, self.gateway, ARTIFACTS)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.store)

    def copy(self) -> Cloud:
        """Another cloud with the same content, in the same time."""
        return copy.deepcopy(self, {id(self.clock): self.clock})

    @property
    def state(self) -> dict[str, Any]:
        """All that outlives a process, to compare."""
        s3 = {
            f"s3://{bucket}/{key}": item
            for bucket, items in self.s3.buckets.items()
            for key, item in items.items()
        }
        stages = {f"stage {name}": stage for name, stage in copy.deepcopy(self.gateway.stages).items()}
        return {**self.store.objects, **s3, **stages, **self.stacks.stacks}

    @property
    def blobs(self) -> Blobs:
        return Blobs(cast("Any", self.s3), ARTIFACTS, ENVIRONMENT)

    def keep(self, content: bytes) -> str:
        return self.blobs.put(content)

    def blob(self, sha256: str) -> bytes:
        """The content of a blob, as it is stored."""
        return self.s3.objects(ARTIFACTS)[blob_key(ENVIRONMENT, sha256)].body

    def services(
        self,
        process: Process | None = None,
        actor: str = "kim",
        run: str = "",
        warn: Callable[[str], None] = lambda _: None,
    ) -> Services:
        """The services of a process. All its calls go through `process`; users look after each change."""
        process = process or Process()
        process.watch = self.look
        s3 = process.watched(cast("Any", self.s3), "s3")
        gateway = process.watched(cast("Any", self.gateway), "apigateway")
        checks = process.watched(
            FakeChecks(self.answering, self.faulty, self.absent, self.checked, self.throttled), "checks"
        )
        blobs = Blobs(s3, ARTIFACTS, ENVIRONMENT)

        def site(config: ServedConfig, outputs: Mapping[str, Mapping[str, str]]) -> Site:
            api = open_api(gateway, config, outputs)
            web = open_web(s3, blobs, outputs)
            return Site(api=api, web=web, checks=checks, url="https://edge.test")

        def other_ledger(environment: str) -> Ledger:
            return Ledger(process.watched(self.others.setdefault(environment, MemoryStore()), "other store"))

        return Services(
            other_ledger=other_ledger,
            ledger=Ledger(process.watched(self.store, "store"), warn),
            stacks=process.watched(self.stacks, "stacks"),
            blobs=blobs,
            functions=process.watched(replace(self.functions, code=self.stacks.code), "functions"),
            snapshots=process.watched(self.snapshots, "snapshots"),
            alarms=process.watched(FakeAlarms(self.ringing, self._noise), "alarms"),
            preview_tests=self.preview_tests,
            site=site,
            actor=actor,
            run=run,
            clock=process.clocked(self.clock),
            fence=process.fence,
        )

    def answering(self, check: Check, target: Target) -> str | None:
        """The release that answers a request."""
        if (check.path or "/").startswith("/api/"):
            return self.api_release(target.preview or LIVE_STAGE)
        if target.preview:
            key = preview_folder(target.preview) + Paths().file_of(check.path or "/")
            return self._release_of(key) if is_page(key) else target.release
        return self.page_release()

    def api_release(self, stage: str = LIVE_STAGE) -> str | None:
        """The release that a stage serves; None without a stage."""
        found = self.gateway.stages.get(stage)
        return self._slot_release(found["variables"]["slot"]) if found else None

    def canary_release(self) -> str | None:
        """The release that gets a share of requests; None without a canary."""
        settings = self.gateway.stages.get(LIVE_STAGE, {}).get("canarySettings")
        return self._slot_release(settings["stageVariableOverrides"]["slot"]) if settings else None

    def page_release(self) -> str | None:
        return self._release_of("index.html")

    @property
    def users(self) -> tuple[str | None, str | None]:
        """The releases of the page and of the API."""
        return self.page_release(), self.api_release()

    @property
    def previews(self) -> set[str]:
        """The tokens that lead somewhere."""
        files = (name.split("/") for name in self.s3.objects(WEB))
        folders = {parts[1] for parts in files if parts[0] == PREVIEWS}
        return set(self.gateway.stages) - {LIVE_STAGE} | folders

    def pages(self) -> dict[str, bytes]:
        """The live files that have fixed names."""
        return {
            name: item.body
            for name, item in self.s3.objects(WEB).items()
            if not name.startswith(("assets/", PREVIEWS))
        }

    def pages_of(self, release: str) -> dict[str, bytes]:
        """The result of :meth:`pages` when this release is live."""
        record = self.ledger.release(release)
        assert record
        loaded = Loader(self.blobs).load(record)
        manifest = loaded.manifest
        settings = record.settings or {}
        files = {name: file for name, file in manifest.web.items() if not file.immutable}
        bodies = {name: self.blob(file.sha256) for name, file in files.items()}
        return {
            name: with_page_data(body, release, settings) if is_page(name, files[name]) else body
            for name, body in bodies.items()
        }

    def look(self) -> None:
        """The user's view now. Raises when a page or an answer comes from an incomplete release."""
        for stage in self.gateway.stages:
            if stage == LIVE_STAGE and self.api_release() is None:
                raise UsersHarmedError("the API serves a slot that is being changed")
        if "canarySettings" in self.gateway.stages.get(LIVE_STAGE, {}) and not self.canary_release():
            raise UsersHarmedError("the canary is a slot that is being changed")
        files = self.s3.objects(WEB)
        page: StoredObject | None = files.get("index.html")
        if page:
            missing = set(re.findall(r"assets/[\w.-]+", page.body.decode())) - files.keys()
            if missing:
                raise UsersHarmedError(f"the page misses {missing}")
        if len(self.triggers_on) > 1:
            raise UsersHarmedError(f"the triggers of {self.triggers_on} are on")
        self._sign_up()
        if self.users not in self.seen:
            self.seen.append(self.users)

    def has_triggers(self, release: str) -> bool:
        record = self.ledger.release(release)
        return record is not None and Parameter.TRIGGERS in record.stacks["slot"].parameters

    @property
    def triggers_on(self) -> set[str]:
        """The releases whose triggers are on."""
        slots = [self.stacks.stacks.get(stack_name(self.prefix, SLOT, slot)) for slot in SLOTS]
        on = [stack for stack in slots if stack and stack.parameters.get(Parameter.TRIGGERS) == ON]
        return {stack.parameters["Release"] for stack in on}

    @property
    def pool_calls(self) -> tuple[str | None, dict[str, str]]:
        """The release whose functions the user pool calls, and their names by trigger."""
        foundation = self.stacks.stacks.get(stack_name(self.prefix, FOUNDATION, Slot.NONE))
        parameters = foundation.parameters if foundation else {}
        slot = parameters.get(Parameter.USER_TRIGGERS, NO_SLOT)
        return None if slot == NO_SLOT else self._slot_release(slot), called(parameters)

    def _sign_up(self) -> None:
        """A user meets each trigger of the pool."""
        live, functions = self.pool_calls
        for name in functions.values():
            if live is None:
                raise UsersHarmedError(f"the user pool calls {name} in a slot that is being changed")
            record = self.ledger.release(live)
            body = self.stacks.bodies[stack_name(self.prefix, SLOT, record.slot if record else "")]
            if f"{unique_id(name)}UserPool:\n" not in body:
                raise UsersHarmedError(f"the user pool calls {name}, and {live} doesn't let it")

    def _noise(self) -> dict[str, str]:
        stage = self.gateway.stages.get(LIVE_STAGE, {})
        slots = [stage.get("variables", {}).get("slot")]
        slots += [stage.get("canarySettings", {}).get("stageVariableOverrides", {}).get("slot")]
        return {
            slot_rollback_alarm(self.prefix, slot): "errors: 9 % is more than 5 %"
            for slot in slots
            if slot and self._slot_release(slot) in self.noisy
        }

    def _slot_release(self, slot: str) -> str | None:
        stack = self.stacks.stacks.get(stack_name(self.prefix, SLOT, Slot(slot)))
        # After an update, CloudFormation only cleans up: the stack is whole already.
        whole = stack and stack.status.endswith(("_COMPLETE", "_COMPLETE_CLEANUP_IN_PROGRESS"))
        return stack.outputs["Release"] if stack and whole else None

    def _release_of(self, key: str) -> str | None:
        found = self.s3.objects(WEB).get(key)
        return found.metadata.get(RELEASE_METADATA) if found else None
