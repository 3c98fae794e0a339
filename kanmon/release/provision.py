"""Applies a plan's stacks: each as soon as those it needs are there, side by side where they can be."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from kanmon.cloudformation import stack_policy
from kanmon.errors import Code, KanmonError
from kanmon.release.blueprint import PROTECTED, Output, tags
from kanmon.release.plan import refuse_destruction, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.cloudformation import ChangeSet
    from kanmon.config import Config
    from kanmon.release.journal import Journal
    from kanmon.release.plan import PlannedStack
    from kanmon.release.ports import World

Outputs = dict[str, dict[str, str]]


def provision(
    world: World, journal: Journal, config: Config, stacks: tuple[PlannedStack, ...], outputs: Outputs
) -> Outputs:
    """Execute exactly the change sets that were approved; the outputs of all stacks afterwards.

    Nothing is executed unless all of them still stand. Raises PLAN_STALE, STACK_FAILED and what the
    services raise, after the stacks under way have come to their end.
    """
    for stack in stacks:
        if stack.change_set:
            world.stacks.verify(stack.change_set)
    for stack in stacks:
        _protect(world, journal, config, stack)
    outputs = dict(outputs)
    waiting = {stack.part: stack for stack in stacks if stack.touched}
    running: dict[Future[dict[str, str]], str] = {}
    stop = threading.Event()
    with ThreadPoolExecutor(max(1, len(waiting))) as pool:
        try:
            while waiting or running:
                for part in [
                    part for part, stack in waiting.items() if not _blocked(stack, waiting, running)
                ]:
                    stack = waiting.pop(part)
                    running[pool.submit(_apply, world, journal, config, stack, outputs, stop=stop)] = part
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    outputs[running.pop(future)] = future.result()
        except KeyboardInterrupt:
            stop.set()
            raise
    return outputs


def _blocked(
    stack: PlannedStack, waiting: Mapping[str, PlannedStack], running: Mapping[Future[dict[str, str]], str]
) -> bool:
    needs = {value.part for value in stack.parameters.values() if isinstance(value, Output)}
    return bool(needs & (waiting.keys() | set(running.values())))


def _apply(
    world: World,
    journal: Journal,
    config: Config,
    stack: PlannedStack,
    outputs: Outputs,
    *,
    stop: threading.Event,
) -> dict[str, str]:
    change_set = _change_set(world, config, stack, outputs)
    if change_set is None:
        return outputs[stack.part]
    journal.guard()
    applied = world.stacks.execute(change_set, lambda event: journal.tell_stack(stack.part, event), stop)
    # A stack that was just made; the others have it already.
    _protect(world, journal, config, stack)
    return applied.outputs


def _protect(world: World, journal: Journal, config: Config, stack: PlannedStack) -> None:
    if stack.part in PROTECTED:
        journal.guard()
        world.stacks.protect(stack.name, stack_policy(config.allow_destroy))


def _change_set(world: World, config: Config, stack: PlannedStack, outputs: Outputs) -> ChangeSet | None:
    resolved = resolve(stack.parameters, outputs)
    if resolved is None:
        raise KanmonError(
            Code.PLAN_STALE, "A stack it depends on does not give what it did.", where=stack.name
        )
    if stack.deferred:
        existing = world.stacks.find(stack.name)
        url = world.blobs.url(stack.template)
        change_set = world.stacks.propose(stack.name, url, resolved, tags(config), existing=existing)
        refuse_destruction(config, [stack.model_copy(update={"change_set": change_set})])
        return change_set
    if resolved != stack.resolved:
        problem = "A stack before it gives other values now than those that were approved."
        raise KanmonError(Code.PLAN_STALE, problem, where=stack.name)
    return stack.change_set
