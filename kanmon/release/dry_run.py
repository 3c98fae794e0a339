"""What a deploy or a rollback would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.release.deploy import refuse_frozen, refuse_stale, refuse_unproven
from kanmon.release.loaded import Loader
from kanmon.release.rollback import returns_to
from kanmon.release.slot import is_in_slot
from kanmon.release.walk import refuse_busy, refuse_open
from kanmon.stacks.user_triggers import called
from kanmon.text import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config
    from kanmon.ledger.records import Release
    from kanmon.release.plan import Plan
    from kanmon.release.ports import Services

_FREEZE = "freeze the environment: the next deploy needs --lift-freeze"


def deploy_steps(services: Services, plan: Plan, lift_freeze: str = "") -> Iterator[str]:
    """The steps of a deploy in words.

    Raises HELD, UNFINISHED, FROZEN, NOT_STABLE_BEFORE, PLAN_STALE as the deploy would.
    """
    head = services.ledger.head()
    refuse_open(services.ledger.open_operation(head))
    if plan.unchanged:
        return
    refuse_stale(services, plan, head)
    refuse_frozen(head, lift_freeze)
    refuse_unproven(services, plan)
    config = Loader(services.blobs).config(plan.config).current()
    yield f"ask for approval of the plan {plan.digest[:12]}"
    if config.database:
        yield "make a snapshot of the database"
    changed = ", ".join(stack.name for stack in plan.stacks if stack.touched)
    yield f"execute the change sets of {changed}"
    for hook in config.hooks:
        yield f"run the hook {hook.name}"
    checks = ", ".join(check.name for check in config.checks)
    yield f"check {plan.release} as candidate in the {plan.slot} slot: {checks}"
    if config.verify:
        yield f"run your own tests in {config.verify.image}: {', '.join(config.verify.commands)}"
    for step in config.traffic.shares if plan.base and config.api else ():
        yield f"give it {step.percent} % of the API requests for {duration(step.bake)}"
    bake = f" for {duration(config.traffic.bake)}" if config.traffic.bake else ""
    if plan.user_triggers:
        yield f"let the user pool call the functions of {plan.release}"
    yield f"make it live for all users, and check it{bake}"
    yield "record it as stable" + (f", or return users to {plan.base}" if plan.base else "")


def rollback_steps(services: Services, config: Config, target: Release) -> Iterator[str]:
    """The steps of a rollback in words. Raises LOCKED as the rollback would."""
    head = services.ledger.head()
    present = services.ledger.open_operation(head)
    refuse_busy(present, head, services.clock.now())
    yield f"ask for approval to return to {target.id}"
    returning = returns_to(present) if present else None
    if present:
        yield f"end the operation {present.number} first" + (
            f": users return to {returning}" if returning else ""
        )
        if returning == target.id:
            yield _FREEZE
            return
    if is_in_slot(services, config.prefix, head, target):
        yield f"use {target.id} as it is: it is still complete in the {target.slot} slot"
    else:
        slot = (present.origin if present and returning else head.pointer).slot.other
        yield f"put {target.id} into the {slot} slot by a stack update, from its recorded template"
        if head.slots.get(slot) not in {None, target.id}:
            yield f"lose {head.slots[slot]} there: a rollback to it then needs a stack update, too"
        yield f"check {target.id} as candidate"
    yield "move the page, then the API"
    live = services.ledger.release(head.live) if head.live else None
    if any(called(one.pool_triggers) for one in (target, live) if one):
        yield f"let the user pool call the functions of {target.id}"
    yield f"restore the stacks outside of the slots as {target.id} deployed them"
    yield _FREEZE
