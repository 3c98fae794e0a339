"""The plan: all changes of a release, read from change sets, approved as a whole by its digest."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from kanmon.bundle.web_files import refuse_changed_assets
from kanmon.codes import Code
from kanmon.config.check_values import secrets_of_checks
from kanmon.config.stored import StoredConfig
from kanmon.config.verify import Verify
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.records import PlannedRelease, Release
from kanmon.model import Pointer, Record, ReleaseState, Slot
from kanmon.naming import ON, SLOT, Parameter, secret_name
from kanmon.regular_file import RefusedFileError, read_regular
from kanmon.release.differences import WebPlan, config_changes, web_plan
from kanmon.release.guard import refuse_destruction, refuse_other_network
from kanmon.release.loaded import LoadedRelease, Loader, files_of
from kanmon.release.plan_words import effect_of, existing_lines
from kanmon.release.required import required_release
from kanmon.release.reservations import refuse_overdrawn
from kanmon.release.stack_outputs import resolve
from kanmon.stacks.changes import Change, ChangeSet, template_changes
from kanmon.stacks.fixed import refuse_impossible
from kanmon.stacks.preflight import inspect
from kanmon.stacks.protection import creating
from kanmon.stacks.spec import ParameterValue
from kanmon.stacks.statements import permission_changes
from kanmon.stacks.template import resources_of
from kanmon.stacks.user_triggers import TriggerChange, still_live, trigger_changes, user_triggers
from kanmon.templates.stack_set import Bootstrapped, notifier_of, stacks_of, tags

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.ledger.records import Head
    from kanmon.release.loaded import LoadedRelease
    from kanmon.release.ports import Services
    from kanmon.stacks.cloudformation import DeployedStack
    from kanmon.stacks.spec import StackSpec


LARGEST_PLAN = 16 * 1024 * 1024
"""Bytes of a plan file. Each of the five stacks has at most 500 resources, with 1 kB for each change. The
permissions have the length of the two templates, of 1 MB each."""


class PlannedStack(Record):
    """The changes of one stack."""

    kind: str
    """`foundation`, `slot`, `api`, `edge`, `observability`, or the name of a stack of the team's own."""
    name: str
    template: str
    """The template's blob."""
    parameters: dict[str, ParameterValue]
    resolved: dict[str, str] | None
    """The parameters' values; None while a stack before this one does not exist.

    None, too, after a failed creation: the deploy removes what is left of it first.
    """
    change_set: ChangeSet | None = None
    deployed: str = ""
    """The SHA-256 of the deployed template that the changes were read from; empty for a new stack."""
    comparable: bool = True
    """The deployed template, if there is one, has a form that Kanmon can read."""
    planned: tuple[Change, ...] = ()
    """The changes of a deferred stack, read from its template and the deployed one."""
    permissions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """The changes of permissions, by logical ids: :func:`kanmon.stacks.statements.permission_changes`."""

    @property
    def deferred(self) -> bool:
        """The change set has to wait for the stacks before this one, or for the end of a failed creation.

        People approve the changes read from its template, and the sources of its parameters then.
        """
        return self.resolved is None

    @property
    def changes(self) -> tuple[Change, ...]:
        """CloudFormation's changes; for a deferred stack those that its template shows."""
        return self.change_set.changes if self.change_set else self.planned

    @property
    def touched(self) -> bool:
        """The deploy will execute a change set."""
        return self.deferred or self.change_set is not None

    @property
    def effect(self) -> str:
        """What users notice of the change, for people."""
        return effect_of(self)


class Proof(Record):
    """The stable release with the same bundle, in the environment that the config requires before."""

    release: str
    environment: str


class Plan(Record):
    """All changes of a release: facts without words, so its digest is the same in each language."""

    app: str
    environment: str
    release: str
    commit: str
    bundle: str
    config: str
    """The blob of the config: all of it, with what this environment has of its own."""
    config_changes: tuple[str, ...] = ()
    """The keys of the config with other values than in the live release."""
    proof: Proof | None = None
    slot: Slot
    base: str | None
    """The live release at the time of the plan."""
    origin: Pointer
    """The API's pointer at the time of the plan."""
    made: datetime
    stacks: tuple[PlannedStack, ...]
    web: WebPlan
    assets: tuple[str, ...] = ()
    """The blobs with its new hashed assets: packs, or one asset."""
    notifier: str = ""
    """The notifier's package; empty without a chat channel."""
    secrets: tuple[str, ...] = Field((), exclude_if=lambda value: not value)
    """The names of the secrets that the deploy reads for checks and the team's own tests."""
    verify: Verify | None = Field(None, exclude_if=lambda value: value is None)
    """The team's own tests before traffic."""
    trigger_changes: tuple[TriggerChange, ...] = Field((), exclude_if=lambda value: not value)
    """The functions that the user pool calls when the release is live, and those before."""
    existing_ids: dict[str, str] = Field(default_factory=dict)
    """What it uses by id, by the keys of `existing` in the config."""
    unchanged: bool = False
    """The release is live already: the deploy does nothing."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole plan."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def required(self) -> str:
        """The release that the config requires before, such as `r7 in staging`; empty without."""
        return phrase("{release} in {environment}", **self.proof.model_dump()) if self.proof else ""

    @property
    def user_triggers(self) -> tuple[str, ...]:
        """The functions that the user pool calls when the release is live, for people."""
        return tuple(map(str, self.trigger_changes))

    @property
    def existing(self) -> tuple[str, ...]:
        """What it uses by id, and what Kanmon then does not do, for people."""
        return existing_lines(self.existing_ids)

    def files(self) -> dict[str, str]:
        """The SHA-256 of each blob that it uses beside its bundle, and its use in words."""
        templates = {
            stack.template: phrase("the template of {stack}", stack=stack.name) for stack in self.stacks
        }
        templates[self.config] = phrase("the config")
        templates |= dict.fromkeys(self.assets, phrase("hashed assets"))
        return templates | ({self.notifier: phrase("the notifier's package")} if self.notifier else {})

    def text(self) -> str:
        """The plan file: JSON with `digest` and `plan`."""
        content = {"digest": self.digest, "plan": self.model_dump(mode="json")}
        return json.dumps(content, indent=1, sort_keys=True) + "\n"


def read_plan(path: Path) -> Plan:
    """Read a plan file. Raises PLAN_UNREADABLE or PLAN_ALTERED."""
    try:
        content = json.loads(read_regular(path, LARGEST_PLAN))
        plan, digest = Plan.model_validate(content["plan"]), content["digest"]
    except FileNotFoundError:
        raise KanmonError(Code.PLAN_UNREADABLE, phrase("There is no such file."), where=str(path)) from None
    except RefusedFileError as error:
        problem = phrase("The file {problem}.", problem=error)
        raise KanmonError(Code.PLAN_UNREADABLE, problem, where=str(path)) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        problem = phrase("The file is not a plan of this Kanmon.")
        raise KanmonError(Code.PLAN_UNREADABLE, problem, where=str(path)) from None
    if plan.digest != digest:
        problem = phrase("Its digest does not fit its content.")
        raise KanmonError(Code.PLAN_ALTERED, problem, where=str(path))
    return plan


def make_plan(
    services: Services,
    config: Config,
    manifest: Manifest,
    made: Bootstrapped,
    *,
    head: Head,
    loaded: LoadedRelease | None,
    assets: tuple[str, ...] = (),
) -> Plan:
    """Create the change sets of a release and put them into a plan. Stacks and users stay as they are.

    `manifest` belongs to an uploaded bundle, `assets` has the blobs with its new hashed assets, `loaded` is
    the live release of `head`. Raises NOT_STABLE_BEFORE, PLAN_DESTROYS, PLAN_IMPOSSIBLE, TEMPLATE_WRONG,
    TEMPLATE_TOO_BIG, API_TOO_BIG, CONCURRENCY_MISSING, ASSET_CHANGED, NETWORK_MOVES, BUNDLE_MISSING,
    BLOB_REPLACED and the errors of the services.
    """
    live = loaded.record if loaded else None
    slot = head.pointer.slot.other
    stored = StoredConfig(config.as_json())
    web = web_plan(manifest, stored.served, loaded)
    if live and live.config == stored.digest and _is_live_already(services, live, config, manifest, made):
        return Plan(
            app=config.app, environment=config.environment, release=live.id, commit=live.commit,
            bundle=live.bundle, config=live.config, slot=live.slot, base=live.id, origin=head.pointer,
            made=services.clock.now(), stacks=(), web=web, unchanged=True,
        )  # fmt: skip
    refuse_changed_assets(manifest.web, files_of(loaded))
    required = required_release(services, config, manifest.digest)
    services.blobs.put(stored.stored)
    release = _new_release(services, manifest, stored)
    specs = stacks_of(config, manifest, release.id, slot, made)
    inspect(config, specs)
    refuse_overdrawn(services, config.prefix, next(spec for spec in specs if spec.kind == SLOT))
    notifier = services.blobs.put(notifier_of(config)) if config.notifications.channels else ""
    stacks = _plan_stacks(services, config, specs)
    plan = Plan(
        app=config.app,
        environment=config.environment,
        release=release.id,
        commit=manifest.commit,
        bundle=manifest.digest,
        config=stored.digest,
        config_changes=config_changes(stored, loaded),
        proof=Proof(release=required.id, environment=config.requires)
        if required and config.requires
        else None,
        slot=slot,
        base=head.live,
        origin=head.pointer,
        made=services.clock.now(),
        stacks=tuple(stacks),
        web=web,
        assets=assets,
        notifier=notifier,
        secrets=tuple(secret_name(config.prefix, name) for name in secrets_of_checks(config)),
        verify=config.verify,
        trigger_changes=trigger_changes(live.pool_triggers if live else {}, user_triggers(config, slot)),
        existing_ids=config.existing.ids,
    )
    refuse_destruction(config, stacks)
    refuse_other_network(stacks)
    return plan


def _plan_stacks(services: Services, config: Config, specs: list[StackSpec]) -> list[PlannedStack]:
    deployed = {spec.kind: services.stacks.find(spec.name) for spec in specs}
    outputs = {kind: stack.outputs for kind, stack in deployed.items() if stack}
    return [_plan_stack(services, config, spec, deployed[spec.kind], outputs) for spec in specs]


def _plan_stack(
    services: Services,
    config: Config,
    spec: StackSpec,
    existing: DeployedStack | None,
    outputs: Mapping[str, Mapping[str, str]],
) -> PlannedStack:
    template = services.blobs.put(spec.body.encode())
    resolved = resolve(spec.parameters, outputs)
    if existing is None and resolved is not None and services.stacks.creation_failed(spec.name):
        # CloudFormation takes no change set until it is deleted, and the plan's role may delete no stack.
        resolved = None
    change_set, deferred = None, resolved is None
    given = still_live(spec.kind, creating(resolved, existing), existing) if resolved is not None else None
    if given is not None and not _unchanged(services, config, spec, existing, given):
        url = services.blobs.url(template)
        change_set = services.stacks.create_change_set(spec.name, url, given, tags(config), existing=existing)
    touched = deferred or change_set is not None
    before = services.stacks.body(spec.name) if existing and touched else ""
    refuse_impossible(spec.name, before, spec.body)
    return PlannedStack(
        kind=spec.kind,
        name=spec.name,
        template=template,
        parameters=dict(spec.parameters),
        resolved=resolved,
        change_set=change_set,
        deployed=template_digest(before),
        comparable=not before or resources_of(before) is not None,
        planned=template_changes(before, spec.body, _moving(spec, existing, outputs)) if deferred else (),
        permissions=permission_changes(before, spec.body) if touched else {},
    )


def _moving(
    spec: StackSpec, existing: DeployedStack | None, outputs: Mapping[str, Mapping[str, str]]
) -> set[str]:
    """The parameters whose values are not known yet, or differ from those of the deployed stack."""
    deployed = existing.parameters if existing else {}
    values = {key: resolve({key: value}, outputs) or {} for key, value in spec.parameters.items()}
    return {key for key, value in values.items() if not value or value[key] != deployed.get(key)}


def template_digest(body: str) -> str:
    """The SHA-256 of a deployed template; empty for none."""
    return hashlib.sha256(body.encode()).hexdigest() if body else ""


def _unchanged(
    services: Services,
    config: Config,
    spec: StackSpec,
    existing: DeployedStack | None,
    resolved: dict[str, str],
) -> bool:
    """True when nothing can have changed: then no change set is needed.

    CloudFormation's own template counts, not a digest: after a change by hand, a digest would be the same
    still. GetTemplate has `?` for letters outside ASCII, so `stacks/preflight.py` refuses any.
    """
    if existing is None or not existing.status.endswith("_COMPLETE"):
        return False
    same_inputs = existing.parameters == resolved and existing.tags == tags(config)
    return same_inputs and services.stacks.body(spec.name) == spec.body


def _is_live_already(
    services: Services, live: Release, config: Config, manifest: Manifest, made: Bootstrapped
) -> bool:
    if live.bundle != manifest.digest or live.state is not ReleaseState.STABLE:
        return False
    specs = stacks_of(config, manifest, live.id, live.slot, made)
    deployed = {spec.kind: services.stacks.find(spec.name) for spec in specs}
    outputs = {kind: stack.outputs for kind, stack in deployed.items() if stack}
    for spec in specs:
        resolved = resolve(spec.parameters, outputs)
        if resolved and spec.kind == SLOT and Parameter.TRIGGERS in resolved:
            # A release comes up with its triggers off; a live one has them on.
            resolved[Parameter.TRIGGERS] = ON
        if resolved is None or not _unchanged(services, config, spec, deployed[spec.kind], resolved):
            return False
    return True


def _new_release(services: Services, manifest: Manifest, config: StoredConfig) -> PlannedRelease:
    """A release with a new id; the newest one again when it has the same files and no deploy began it."""
    waiting = services.ledger.waiting_release()
    if waiting and (waiting.bundle, waiting.config) == (manifest.digest, config.digest):
        return waiting
    return services.ledger.add_release(
        lambda release_id: PlannedRelease(
            id=release_id,
            commit=manifest.commit,
            bundle=manifest.digest,
            config=config.digest,
            created=services.clock.now(),
        )
    )


def live_release(services: Services, head: Head) -> LoadedRelease | None:
    """The live release with its manifest; None when nothing is live."""
    record = services.ledger.release(head.live) if head.live else None
    return Loader(services.blobs).load(record) if record else None
