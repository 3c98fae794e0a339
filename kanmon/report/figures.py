"""A plan in numbers, for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.language import phrase
from kanmon.text import short_commit

if TYPE_CHECKING:
    from kanmon.release.plan import Plan


def plan_figures(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The changes in a plan, as names and values."""
    changes = [change for stack in plan.stacks for change in stack.changes]
    deferred = sum(stack.deferred for stack in plan.stacks)
    count = {sign: sum(change.sign == sign for change in changes) for sign in "+~±-"}
    text = phrase(
        "{added} added, {changed} changed, {replaced} replaced, {deleted} deleted",
        added=count["+"],
        changed=count["~"],
        replaced=count["±"],
        deleted=count["-"],
    )
    if deferred:
        text = phrase("{counts}, {stacks} stacks read from their templates", counts=text, stacks=deferred)
    figures = [(phrase("resources"), text)]
    if permissions := sum(change.touches_permissions for change in changes):
        figures.append((phrase("permissions"), phrase("{number} changes", number=permissions)))
    figures += [
        (phrase("pages"), phrase("{number} differ", number=len(plan.web.changed))),
        (phrase("commit"), short_commit(plan.commit)),
    ]
    return tuple(figures)
