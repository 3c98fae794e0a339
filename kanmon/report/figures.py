"""A plan in numbers, for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.text import short_commit

if TYPE_CHECKING:
    from kanmon.release.plan import Plan


def plan_figures(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The changes in a plan, as names and values."""
    changes = [change for stack in plan.stacks for change in stack.changes]
    deferred = sum(stack.deferred for stack in plan.stacks)
    count = {sign: sum(change.sign == sign for change in changes) for sign in "+~±-"}
    text = f"{count['+']} added, {count['~']} changed, {count['±']} replaced, {count['-']} deleted"
    figures = [("resources", f"{text}, {deferred} stacks read from their templates" if deferred else text)]
    if permissions := sum(change.touches_permissions for change in changes):
        figures.append(("permissions", f"{permissions} changes"))
    figures += [("pages", f"{len(plan.web.changed)} differ"), ("commit", short_commit(plan.commit))]
    return tuple(figures)
