"""The plan: everything a release would change, read from change sets, approved as a whole by its digest."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from kanmon.cloudformation import ChangeSet
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Pointer, Release, Slot, State
from kanmon.release.blueprint import (
    BACKGROUND,
    ON,
    PROTECTED,
    SLOT,
    Output,
    Value,
    blueprint,
    parts,
    stack_name,
    tags,
)
from kanmon.release.preflight import inspect, refuse_missing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kanmon.bundle import Manifest
    from kanmon.cloudformation import Change, DeployedStack
    from kanmon.config import Config
    from kanmon.release.blueprint import StackSpec
    from kanmon.release.ports import World


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedStack(_Part):
    """What happens to one stack."""

    part: str
    name: str
    template: str
    """The template's blob."""
    parameters: dict[str, Value]
    resolved: dict[str, str] | None
    """The parameters' values; None while a stack that gives one of them doesn't exist."""
    change_set: ChangeSet | None = None

    @property
    def deferred(self) -> bool:
        """Its change set can be made only when the stacks before it exist.

        What is approved then is the template and where its parameters come from.
        """
        return self.resolved is None

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes known now."""
        return self.change_set.changes if self.change_set else ()

    @property
    def touched(self) -> bool:
        """Something will be executed."""
        return self.deferred or self.change_set is not None


class WebPlan(_Part):
    """What happens to the web app's files."""

    files: int
    assets: int
    changed: tuple[str, ...]
    """Fixed-name files that differ from the live release's."""


class Plan(_Part):
    """Everything a release would change."""

    app: str
    environment: str
    release: str
    commit: str
    bundle: str
    slot: Slot
    base: str | None
    """The release that was live when the plan was made."""
    origin: Pointer
    """Where the API pointed then."""
    made: datetime
    stacks: tuple[PlannedStack, ...]
    web: WebPlan
    unchanged: bool = False
    """The release is live already: nothing would be done."""

    @property
    def digest(self) -> str:
        """The SHA-256 that stands for the whole plan."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def text(self) -> str:
        """The plan as a file: its digest and itself."""
        content = {"digest": self.digest, "plan": self.model_dump(mode="json")}
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def read_plan(path: Path) -> Plan:
    """Read a plan file. Raises PLAN_UNREADABLE or PLAN_ALTERED."""
    try:
        content = json.loads(path.read_text("utf-8"))
        plan, digest = Plan.model_validate(content["plan"]), content["digest"]
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise KanmonError(Code.PLAN_UNREADABLE, f"It can't be read: {reason}.", where=str(path)) from None
    if plan.digest != digest:
        raise KanmonError(Code.PLAN_ALTERED, "Its digest does not fit its content.", where=str(path))
    return plan


def make_plan(world: World, config: Config, manifest: Manifest, bucket: str) -> Plan:
    """Create the change sets of a release and put them into a plan; users and stacks are not touched.

    `manifest` is of a bundle that was uploaded already. Raises PLAN_DESTROYS,
    TEMPLATE_WRONG, TEMPLATE_TOO_BIG, BUNDLE_MISSING and what the services raise.
    """
    head = world.ledger.head()
    live = world.ledger.release(head.live) if head.live else None
    slot = head.pointer.slot.other
    web = _web_plan(world, manifest, live)
    if live and _is_live_already(world, live, config, manifest, bucket):
        return Plan(
            app=config.app, environment=config.environment, release=live.id, commit=live.commit,
            bundle=live.bundle, slot=live.slot, base=live.id, origin=head.pointer, made=datetime.now(UTC),
            stacks=(), web=web, unchanged=True,
        )  # fmt: skip
    release = _take_id(world, manifest, slot)
    specs = blueprint(config, manifest, release.id, slot, bucket)
    inspect(config, specs)
    refuse_missing(world.blobs, manifest)
    stacks = _plan_stacks(world, config, specs)
    plan = Plan(
        app=config.app,
        environment=config.environment,
        release=release.id,
        commit=manifest.commit,
        bundle=manifest.digest,
        slot=slot,
        base=head.live,
        origin=head.pointer,
        made=datetime.now(UTC),
        stacks=tuple(stacks),
        web=web,
    )
    refuse_destruction(config, stacks)
    return plan


def refuse_destruction(config: Config, stacks: list[PlannedStack]) -> None:
    """Raise PLAN_DESTROYS when state would be lost that the config does not give up."""
    for stack in (stack for stack in stacks if stack.part in PROTECTED):
        for change in stack.changes:
            if change.destroys and change.logical_id not in config.allow_destroy:
                verb = "deletes" if change.action == "Remove" else "replaces"
                raise KanmonError(
                    Code.PLAN_DESTROYS,
                    f"The plan {verb} {change.logical_id} ({change.type}).",
                    where=stack.name,
                    fix=f"If this is meant, add {change.logical_id} to `allow_destroy` in the config.",
                )


def resolve(
    parameters: Mapping[str, Value], outputs: Mapping[str, Mapping[str, str]]
) -> dict[str, str] | None:
    """The parameters' values; None when a stack doesn't give one of them yet."""
    values: dict[str, str] = {}
    for key, value in parameters.items():
        found = outputs.get(value.part, {}).get(value.key) if isinstance(value, Output) else value
        if found is None:
            return None
        values[key] = found
    return values


def _plan_stacks(world: World, config: Config, specs: list[StackSpec]) -> list[PlannedStack]:
    deployed = {spec.part: world.stacks.find(spec.name) for spec in specs}
    outputs = {part: stack.outputs for part, stack in deployed.items() if stack}
    return [_plan_stack(world, config, spec, deployed[spec.part], outputs) for spec in specs]


def _plan_stack(
    world: World,
    config: Config,
    spec: StackSpec,
    existing: DeployedStack | None,
    outputs: Mapping[str, Mapping[str, str]],
) -> PlannedStack:
    template = world.blobs.put(spec.template.body.encode())
    resolved = resolve(spec.parameters, outputs)
    change_set = None
    if resolved is not None and not _same(world, config, spec, existing, resolved):
        url = world.blobs.url(template)
        change_set = world.stacks.propose(spec.name, url, resolved, tags(config), existing=existing)
    return PlannedStack(
        part=spec.part,
        name=spec.name,
        template=template,
        parameters=dict(spec.parameters),
        resolved=resolved,
        change_set=change_set,
    )


def _same(
    world: World, config: Config, spec: StackSpec, existing: DeployedStack | None, resolved: dict[str, str]
) -> bool:
    """Nothing can have changed: CloudFormation need not be asked."""
    if existing is None or not existing.status.endswith("_COMPLETE"):
        return False
    given = existing.parameters == resolved and existing.tags == tags(config)
    return given and world.stacks.body(spec.name) == spec.template.body


def _is_live_already(world: World, live: Release, config: Config, manifest: Manifest, bucket: str) -> bool:
    if live.bundle != manifest.digest or live.state is not State.STABLE:
        return False
    specs = blueprint(config, manifest, live.id, live.slot, bucket)
    deployed = {spec.part: world.stacks.find(spec.name) for spec in specs}
    outputs = {part: stack.outputs for part, stack in deployed.items() if stack}
    for spec in specs:
        resolved = resolve(spec.parameters, outputs)
        if resolved and spec.part == SLOT and BACKGROUND in resolved:
            resolved[BACKGROUND] = ON  # it came up with it off, and is live now
        if resolved is None or not _same(world, config, spec, deployed[spec.part], resolved):
            return False
    return True


def _take_id(world: World, manifest: Manifest, slot: Slot) -> Release:
    """A new id; the newest one again when it was only ever planned, with this same bundle."""
    newest = world.ledger.newest_release()
    if newest and newest.state is State.PLANNED and newest.bundle == manifest.digest:
        return newest
    return world.ledger.add_release(
        lambda release_id: Release(
            id=release_id,
            commit=manifest.commit,
            bundle=manifest.digest,
            created=datetime.now(UTC),
            slot=slot,
        )
    )


def _web_plan(world: World, manifest: Manifest, live: Release | None) -> WebPlan:
    base = world.blobs.manifest(live.bundle).web if live else {}
    pages = {name: file for name, file in manifest.web.items() if not file.immutable}
    return WebPlan(
        files=len(manifest.web),
        assets=len(manifest.web) - len(pages),
        changed=tuple(
            name for name, file in pages.items() if name not in base or base[name].sha256 != file.sha256
        ),
    )


def outputs_of(world: World, config: Config, slot: Slot) -> dict[str, dict[str, str]]:
    """What the app's stacks give now, by part."""
    found = {part: world.stacks.find(stack_name(config, part, slot)) for part in parts(config)}
    return {part: stack.outputs for part, stack in found.items() if stack}


def slot_stack(plan: Plan) -> PlannedStack:
    """The plan's slot."""
    return next(stack for stack in plan.stacks if stack.part == SLOT)
