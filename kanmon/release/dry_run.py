"""What a deploy or a rollback would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase
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

_FREEZE = deferred("freeze the environment: the next deploy needs --lift-freeze")


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
    yield phrase("ask for approval of the plan {digest}", digest=plan.digest[:12])
    if config.database:
        yield phrase("make a snapshot of the database")
    changed = ", ".join(stack.name for stack in plan.stacks if stack.touched)
    yield phrase("execute the change sets of {stacks}", stacks=changed)
    for hook in config.hooks:
        yield phrase("run the hook {hook}", hook=hook.name)
    checks = ", ".join(check.name for check in config.checks)
    yield phrase(
        "check {release} as candidate in the {slot} slot: {checks}",
        release=plan.release,
        slot=plan.slot,
        checks=checks,
    )
    if config.verify:
        yield phrase(
            "run your own tests in {image}: {commands}",
            image=config.verify.image,
            commands=", ".join(config.verify.commands),
        )
    for step in config.traffic.shares if plan.base and config.api else ():
        yield phrase(
            "give it {percent} % of the API requests for {duration}",
            percent=step.percent,
            duration=duration(step.bake),
        )
    if plan.trigger_changes:
        yield phrase("let the user pool call the functions of {release}", release=plan.release)
    yield _live_for(config.traffic.bake)
    if plan.base:
        yield phrase("record it as stable, or return users to {release}", release=plan.base)
    else:
        yield phrase("record it as stable")


def _live_for(bake: float) -> str:
    if bake:
        return phrase("make it live for all users, and check it for {duration}", duration=duration(bake))
    return phrase("make it live for all users, and check it")


def rollback_steps(services: Services, config: Config, target: Release) -> Iterator[str]:
    """The steps of a rollback in words. Raises LOCKED as the rollback would."""
    head = services.ledger.head()
    present = services.ledger.open_operation(head)
    refuse_busy(present, head, services.clock.now())
    yield phrase("ask for approval to return to {release}", release=target.id)
    returning = returns_to(present) if present else None
    if present:
        yield _end_first(present.number, returning)
        if returning == target.id:
            yield phrase(_FREEZE)
            return
    if is_in_slot(services, config.prefix, head, target):
        yield phrase(
            "use {release} as it is: it is still complete in the {slot} slot",
            release=target.id,
            slot=target.slot,
        )
    else:
        slot = (present.origin if present and returning else head.pointer).slot.other
        yield phrase(
            "put {release} into the {slot} slot by a stack update, from its recorded template",
            release=target.id,
            slot=slot,
        )
        if head.slots.get(slot) not in {None, target.id}:
            yield phrase(
                "lose {release} there: a rollback to it then needs a stack update, too",
                release=head.slots[slot],
            )
        yield phrase("check {release} as candidate", release=target.id)
    yield phrase("move the page, then the API")
    live = services.ledger.release(head.live) if head.live else None
    if any(called(one.pool_triggers) for one in (target, live) if one):
        yield phrase("let the user pool call the functions of {release}", release=target.id)
    yield phrase("restore the stacks outside of the slots as {release} deployed them", release=target.id)
    yield phrase(_FREEZE)


def _end_first(operation: int, returning: str | None) -> str:
    if returning:
        return phrase(
            "end the operation {operation} first: users return to {release}",
            operation=operation,
            release=returning,
        )
    return phrase("end the operation {operation} first", operation=operation)
