"""A plan as a page of Markdown, for its reviewers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.report.markdown import render_markdown
from kanmon.stacks.statements import wrapped

if TYPE_CHECKING:
    from kanmon.release.plan import Plan, PlannedStack

_SHOWN = ((500, 20_000), (100, 20_000), (20, 5_000), (20, 1_000), (5, 100), (0, 0))
"""Resources and lines of permissions of each stack. The resources are left out first."""
_WIDTH = 110


def plan_markdown(plan: Plan, limit: int) -> str:
    """The plan in at most `limit` bytes, with as many resources and permissions as possible.

    Those left out are counted.
    """
    stacks = [(stack, _permissions(stack)) for stack in plan.stacks if stack.changes]
    for resources, lines in _SHOWN:
        markdown = render_markdown("plan.md.j2", plan=plan, stacks=stacks, resources=resources, lines=lines)
        if len(markdown.encode()) <= limit:
            break
    return markdown


def _permissions(stack: PlannedStack) -> list[str]:
    """The stack's permissions: each resource's id, and its lines below it."""
    return [
        line
        for logical_id, lines in stack.permissions.items()
        for line in (f"{logical_id}:", *(part for one in lines for part in wrapped(one, _WIDTH)))
    ]
