"""Markdown from templates. Filters make foreign text harmless."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kanmon.github.escape import code, code_block, html, text
from kanmon.text import cut, duration

if TYPE_CHECKING:
    from jinja2 import Environment

    from kanmon.release.plan import PlannedStack


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Each foreign text in these templates goes through one of the first four filters: they escape Markdown.
    environment = Environment(
        loader=PackageLoader("kanmon", "report"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
    )
    environment.filters |= {
        "text": text,
        "code": code,
        "code_block": code_block,
        "html": html,
        "cut": cut,
        "duration": duration,
        "signs": _signs,
    }
    return environment


def render_markdown(name: str, **facts: object) -> str:
    """The Markdown of a template in this module's folder."""
    return _templates().get_template(name).render(facts)


def _signs(stack: PlannedStack, sign: str) -> str:
    """The number of changes with one sign. Empty for none."""
    return str(sum(change.sign == sign for change in stack.changes) or "")
