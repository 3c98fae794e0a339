"""Brings a release completely into its slot: by its plan, or again from its record."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.config.substitution import resolved
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.ledger.records import StackRecord
from kanmon.model import Pointer
from kanmon.naming import (
    API,
    FOUNDATION,
    LIVE_STAGE,
    SLOT,
    Output,
    Parameter,
    slot_resource_name,
    snapshot_name,
    stack_name,
)
from kanmon.release.database_schema import record_schema
from kanmon.release.events import EventKind
from kanmon.release.guard import refuse_destruction
from kanmon.release.hooks import run_hooks
from kanmon.release.live_check import LiveCheck
from kanmon.release.loaded import compared_in
from kanmon.release.provision import existing_stack, provision, verify_change_sets
from kanmon.release.stack_outputs import outputs_of, resolve
from kanmon.stacks.spec import StackOutput
from kanmon.stacks.user_triggers import called
from kanmon.templates.stack_set import is_protected, tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.ledger.records import Head, Release
    from kanmon.model import Slot
    from kanmon.release.journal import Journal
    from kanmon.release.plan import Plan, PlannedStack
    from kanmon.release.ports import Services, Site
    from kanmon.release.provision import Outputs
    from kanmon.release.steps import Steps

_LOST = deferred(
    "Restore an older version of the ledger in the artifact bucket, or remove the environment with "
    "`kanmon destroy`. Then release again."
)


def apply_plan(steps: Steps, plan: Plan) -> None:
    """Carry out a deploy's plan: the database's snapshot, the approved change sets, the hooks."""
    services, journal = steps.services, steps.journal
    config = steps.release.current_config
    outputs = outputs_of(services, config, plan.slot)
    _refuse_users(services.site(steps.release.config, outputs), plan.slot, plan.base)
    # A stale plan is refused before anything is made, also before the snapshot.
    verify_change_sets(services, plan.stacks)
    refuse_destruction(config, plan.stacks)
    # The snapshot comes before every change. After a failed migration you restore the data from it. A later
    # snapshot would hold half-migrated data.
    _take_snapshot(steps, outputs)
    if changes := tuple(stack.kind for stack in plan.stacks if _changes(stack, config)):
        # The ledger has the stacks before they change. Otherwise a run that dies there would leave a change
        # that nobody undoes.
        journal.amend(changes=changes)
    live = LiveCheck.begin(services, journal, steps.base if changes else None, outputs)
    # A person may have aborted the release during the snapshot. Nothing has changed yet.
    steps.obey()
    _empty(journal, plan.slot)
    outputs = provision(services, journal, config, plan.stacks, outputs, on_change=live.run)
    verify_code(steps)
    journal.record_slot(plan.slot, plan.release)
    # The record gets its pointer before any user moves. Otherwise a run that dies after the move would leave
    # a live release without a pointer, and `recover` could not complete it.
    journal.writer.amend_release(
        plan.release,
        slot=plan.slot,
        stacks=_deployed(plan, config, outputs),
        notifier=plan.notifier,
        settings=_settings(config, outputs),
        pointer=Pointer(deployment=_deployment(plan, outputs), slot=plan.slot),
    )
    # An abort comes before the hooks: nobody takes a migration back.
    steps.obey()
    # Hooks run before the checks. Otherwise the checks would meet the schema of the old release, and fail.
    answers = run_hooks(services, journal, config, plan.release, plan.slot)
    record_schema(journal, plan.release, steps.base.record if steps.base else None, answers)


def _changes(stack: PlannedStack, config: Config) -> bool:
    """Whether the deploy changes a stack outside of the slots: its resources, or its policy alone."""
    opened = bool(config.allow_destroy) and is_protected(config, stack.kind)
    return stack.kind != SLOT and (stack.touched or opened)


def apply_record(steps: Steps) -> None:
    """Bring an earlier release into the idle slot again, from its recorded stack."""
    services, journal, release = steps.services, steps.journal, steps.release
    slot, recorded = steps.operation.slot, release.record.stacks[SLOT]
    name = stack_name(release.config.prefix, SLOT, slot)
    # Look for the blobs first. Otherwise CloudFormation would miss a package in the middle of the update, and
    # the slot would be broken.
    template = {recorded.template: phrase("the template of {stack}", stack=name)}
    services.blobs.verify(release.uses() | template, compared_in(steps.base))
    verified_at = journal.now()
    _refuse_users(steps.site, slot, steps.operation.base)
    change_set = services.stacks.create_change_set(
        name,
        services.blobs.url(recorded.template),
        recorded.present_parameters(steps.outputs) | {Parameter.SLOT: slot.value},
        recorded.tags,
        existing=existing_stack(services, name),
    )
    # Not before CloudFormation took the change.
    _empty(journal, slot)
    if change_set:
        services.stacks.execute(change_set, lambda event: journal.emit_stack(SLOT, event))
    verify_code(steps)
    journal.record_slot(slot, release.id)
    # The record gets its slot before users move. Otherwise a run that dies after the move would be repeated
    # from the old record: it would update the slot with users on it.
    pointer = release.record.pointer.model_copy(update={"slot": slot})
    stacks = _in_slot(release.record.stacks, slot)
    journal.writer.amend_release(
        release.id, slot=slot, stacks=stacks, pointer=pointer, verified_at=verified_at
    )


def _in_slot(stacks: Mapping[str, StackRecord], slot: Slot) -> dict[str, StackRecord]:
    """A release's stacks when it is in this slot: the user pool calls the functions there."""
    foundation = stacks.get(FOUNDATION)
    if foundation is None or not called(foundation.parameters):
        return dict(stacks)
    parameters = foundation.parameters | {Parameter.USER_TRIGGERS: slot.value}
    return {**stacks, FOUNDATION: foundation.model_copy(update={"parameters": parameters})}


def _empty(journal: Journal, slot: Slot) -> None:
    """Empty the slot's entry in the head, and report a release that no rollback finds there any more.

    Do it before the slot's stack changes. Otherwise a run that dies there would leave the old entry, and a
    rollback would move users into a broken slot.
    """
    head = journal.writer.head
    lost = head.slots.get(slot)
    if lost in head.kept and lost != journal.operation.release:
        text = phrase(
            "{release} leaves the {slot} slot: from now on a rollback to it begins with a stack update",
            release=lost,
            slot=slot,
        )
        journal.emit(EventKind.NOTE, text, slot=slot.value)
    journal.record_slot(slot, None)


def verify_code(steps: Steps) -> None:
    """Raise CODE_REPLACED unless each function of the slot has the code of its package.

    Do it before the head has the slot's release, and before a rollback by hand moves users. Otherwise they
    would get the other code. CloudFormation can't notice it: it compares object keys, and a replaced package
    has the same one. So the fix is a command of Lambda's.
    """
    release, services, slot = steps.release, steps.services, steps.operation.slot
    packages = {
        slot_resource_name(release.config.prefix, slot, name): package.sha256
        for name, package in release.manifest.functions.items()
    }
    wrong = services.functions.with_other_code(packages)
    if not wrong:
        return
    update = ["aws", "lambda", "update-function-code", "--s3-bucket", services.blobs.bucket]
    commands = (
        shlex.join([*update, "--s3-key", services.blobs.key(packages[name]), "--function-name", name])
        for name in wrong
    )
    fix = phrase(
        "Find the writer in CloudTrail. Restore the approved code as an administrator: `{commands}`. Then "
        "run the command again.",
        commands=" && ".join(commands),
    )
    problem = phrase("Other code than the approved package runs in: {functions}.", functions=", ".join(wrong))
    raise KanmonError(Code.CODE_REPLACED, problem, where=wrong[0], fix=fix)


def is_in_slot(services: Services, prefix: str, head: Head, release: Release) -> bool:
    """True when the release is still complete in its slot: then a move of the pointers is enough.

    Its files must be verified ones, too. Otherwise it goes into a slot again, with a verification.
    """
    if head.slots.get(release.slot) != release.id or release.verified_at is None:
        return False
    stack = services.stacks.find(stack_name(prefix, SLOT, release.slot))
    # After an update, CloudFormation deletes what it replaced. The stack is whole already.
    if stack is None or not stack.status.endswith(("_COMPLETE", "_COMPLETE_CLEANUP_IN_PROGRESS")):
        return False
    return stack.outputs.get(Output.RELEASE) == release.id


def _refuse_users(site: Site, slot: Slot, base: str | None) -> None:
    """Raise POINTER_MOVED when users are on the slot to change, or on a release that the ledger lost."""
    live = site.api.live()
    if live and (live.slot is slot or base is None):
        where = phrase("stage {stage}", stage=LIVE_STAGE)
        if base is None:
            problem = phrase(
                "The live stage serves the {slot} slot. The ledger has no live release.", slot=live.slot
            )
            raise KanmonError(Code.POINTER_MOVED, problem, where=where, fix=phrase(_LOST))
        problem = phrase(
            "The live stage serves the {slot} slot. The ledger has {release}.", slot=live.slot, release=base
        )
        raise KanmonError(Code.POINTER_MOVED, problem, where=where)


def _settings(config: Config, outputs: Outputs) -> dict[str, str]:
    """The pages' settings with the values of the stacks. Each page of the release has the same, for ever."""
    settings = config.web.settings if config.web else {}
    return {key: resolved(text, config, outputs) for key, text in settings.items()}


def _deployment(plan: Plan, outputs: Outputs) -> str:
    """The snapshot of the release's routes. A release without an API has none, though the stack may stay."""
    has_api = any(stack.kind == API for stack in plan.stacks)
    return outputs[API][Output.DEPLOYMENT] if has_api else ""


def _deployed(plan: Plan, config: Config, outputs: Outputs) -> dict[str, StackRecord]:
    """The stacks as the plan deployed them, by their kinds."""
    return {
        stack.kind: StackRecord(
            template=stack.template,
            parameters=resolve(stack.parameters, outputs) or {},
            sources={
                key: f"{value.stack}.{value.key}"
                for key, value in stack.parameters.items()
                if isinstance(value, StackOutput)
            },
            tags=tags(config),
        )
        for stack in plan.stacks
    }


def _take_snapshot(steps: Steps, outputs: Outputs) -> None:
    cluster = outputs.get(FOUNDATION, {}).get(Output.DATABASE_CLUSTER)
    if cluster is None:
        return
    operation, snapshots = steps.operation, steps.services.snapshots
    name = snapshot_name(steps.release.config.prefix, operation.release, operation.number)
    snapshots.begin(cluster, name)
    # Wait for its end. Otherwise the snapshot could fail after the migration, with no data to restore.
    snapshots.wait(name)
    text = phrase("database snapshot {name}", name=name)
    steps.journal.emit(EventKind.NOTE, text, snapshot=name)
