"""Applies a plan's stacks: each after the stacks it needs, independent ones in parallel."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from kanmon.aws.polling import polls
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import Slot
from kanmon.naming import stack_name
from kanmon.release.events import EventKind
from kanmon.release.guard import refuse_destruction
from kanmon.release.plan import template_digest
from kanmon.release.stack_outputs import resolve
from kanmon.stacks.missing_outputs import missing_output
from kanmon.stacks.policy import stack_policy
from kanmon.stacks.protection import creating, protecting
from kanmon.stacks.spec import StackOutput
from kanmon.stacks.user_triggers import still_live
from kanmon.templates.stack_set import is_protected, tags
from kanmon.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config
    from kanmon.release.journal import Journal
    from kanmon.release.plan import PlannedStack
    from kanmon.release.ports import Services
    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.cloudformation import DeployedStack

_LONGEST_WAIT = 900.0
Outputs = dict[str, dict[str, str]]


def provision(
    services: Services,
    journal: Journal,
    config: Config,
    stacks: tuple[PlannedStack, ...],
    outputs: Outputs,
    *,
    on_change: Callable[[PlannedStack], None] = lambda _: None,
) -> Outputs:
    """Execute exactly the approved change sets; the outputs of all stacks afterwards.

    Call :func:`verify_change_sets` first. `on_change` gets each stack after its
    change. Raises PLAN_STALE, STACK_FAILED, the errors of `on_change` and those of the services, after all
    running stacks have come to their end.
    """
    _prepare(services, config, stacks)
    outputs = dict(outputs)
    waiting = {stack.kind: stack for stack in stacks if stack.touched}
    running: dict[Future[dict[str, str]], PlannedStack] = {}
    stop = threading.Event()
    with ThreadPoolExecutor(max(1, len(waiting))) as pool:
        try:
            while waiting or running:
                others = {*waiting, *(stack.kind for stack in running.values())}
                for kind in [kind for kind, stack in waiting.items() if not _needs(stack, others)]:
                    stack = waiting.pop(kind)
                    running[pool.submit(_apply, services, journal, config, stack, outputs, stop=stop)] = stack
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    stack = running.pop(future)
                    outputs[stack.kind] = future.result()
                    on_change(stack)
        except KeyboardInterrupt:
            # Stop before the pool ends, because the pool waits for its threads. Otherwise Ctrl-C would wait
            # until CloudFormation has finished.
            stop.set()
            raise
    return outputs


def verify_change_sets(services: Services, stacks: tuple[PlannedStack, ...]) -> None:
    """Raise PLAN_STALE unless every approved change set is there as it was approved.

    Verify all before any is executed. Otherwise a missing change set would be found late, with half of the
    stacks changed.
    """
    for stack in stacks:
        if stack.change_set:
            services.stacks.verify(stack.change_set)


def _prepare(services: Services, config: Config, stacks: tuple[PlannedStack, ...]) -> None:
    # Protect the stacks before their updates. Otherwise an update could replace a database before the stack's
    # policy forbids it.
    for stack in stacks:
        _protect(services, config, stack)


def stack_at_rest(services: Services, journal: Journal, name: str) -> DeployedStack | None:
    """The stack after CloudFormation's work on it: a run may have died in the middle of an update."""
    stack = services.stacks.find(name)
    if not _is_busy(stack):
        return stack
    status = stack.status if stack else ""
    text = phrase(
        "waiting for CloudFormation, at most {limit}: {stack} is {status}",
        limit=duration(_LONGEST_WAIT),
        stack=name,
        status=status,
    )
    journal.emit(EventKind.NOTE, text, stack=name)
    for _ in polls(services.clock, limit=_LONGEST_WAIT):
        stack = services.stacks.find(name)
        if not _is_busy(stack):
            break
    return stack


def existing_stack(services: Services, name: str) -> DeployedStack | None:
    """The stack before its change, or None. What a failed creation left is removed first."""
    stack = services.stacks.find(name)
    if stack is None:
        services.stacks.remove_failed(name)
    return stack


def _is_busy(stack: DeployedStack | None) -> bool:
    return stack is not None and stack.status.endswith("_IN_PROGRESS")


def _needs(stack: PlannedStack, others: set[str]) -> bool:
    needs = {value.stack for value in stack.parameters.values() if isinstance(value, StackOutput)}
    return not needs.isdisjoint(others)


def _apply(
    services: Services,
    journal: Journal,
    config: Config,
    stack: PlannedStack,
    outputs: Outputs,
    *,
    stop: threading.Event,
) -> dict[str, str]:
    change_set = _change_set(services, config, stack, outputs)
    if change_set is None:
        return outputs[stack.kind]
    applied = services.stacks.execute(change_set, lambda event: journal.emit_stack(stack.kind, event), stop)
    _switch_protection_on(services, journal, config, stack, applied, stop=stop)
    # A new stack gets its protection here. The others have it already.
    _protect(services, config, stack)
    return applied.outputs


def _switch_protection_on(
    services: Services,
    journal: Journal,
    config: Config,
    stack: PlannedStack,
    applied: DeployedStack,
    *,
    stop: threading.Event,
) -> None:
    """Switch the deletion protection of new resources on. The next plan does it if this run dies before."""
    wanted = protecting(applied.parameters)
    if wanted == applied.parameters:
        return
    change_set = services.stacks.create_change_set(
        stack.name, services.blobs.url(stack.template), wanted, tags(config), existing=applied
    )
    if change_set:
        refuse_destruction(config, [stack.model_copy(update={"change_set": change_set})])
        services.stacks.execute(change_set, lambda event: journal.emit_stack(stack.kind, event), stop)


def _protect(services: Services, config: Config, stack: PlannedStack) -> None:
    if is_protected(config, stack.kind):
        services.stacks.protect(stack.name, stack_policy(config.allow_destroy))


def _lacks_output(services: Services, config: Config, stack: PlannedStack, outputs: Outputs) -> KanmonError:
    lacking = next(
        value
        for value in stack.parameters.values()
        if isinstance(value, StackOutput) and value.key not in outputs.get(value.stack, {})
    )
    name = stack_name(config.prefix, lacking.stack, Slot.NONE)
    body = services.stacks.body(name) if lacking.stack in outputs else ""
    return missing_output(lacking, name, body, needed_by=stack.name)


def _change_set(
    services: Services, config: Config, stack: PlannedStack, outputs: Outputs
) -> ChangeSet | None:
    resolved = resolve(stack.parameters, outputs)
    if resolved is None:
        raise _lacks_output(services, config, stack, outputs)
    if stack.deferred:
        # It is created from the approved template: the step `lock` compared its content with its name, and
        # nobody can write it again. The sources of its parameters are those of the plan.
        existing = existing_stack(services, stack.name)
        body = services.stacks.body(stack.name) if existing else ""
        if template_digest(body) != stack.deployed:
            # Its changes were read from the two templates. From another one they would be others.
            problem = phrase("The deployed template differs now from the one in the plan.")
            raise KanmonError(Code.PLAN_STALE, problem, where=stack.name)
        url = services.blobs.url(stack.template)
        given = still_live(stack.kind, creating(resolved, existing), existing)
        change_set = services.stacks.create_change_set(
            stack.name, url, given, tags(config), existing=existing
        )
        # Refuse before the change set is executed. Otherwise the data would be gone already.
        refuse_destruction(config, [stack.model_copy(update={"change_set": change_set})])
        return change_set
    if resolved != stack.resolved:
        problem = phrase("The outputs of an earlier stack differ now from the approved values.")
        raise KanmonError(Code.PLAN_STALE, problem, where=stack.name)
    return stack.change_set
