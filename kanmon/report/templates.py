"""Markdown from templates; foreign text comes into it through filters that make it harmless."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from kanmon.github.markdown import code, code_block, html, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

    from kanmon.ledger import CheckRecord
    from kanmon.release.plan import PlannedStack


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    # Foreign text in these templates goes through one of the first four filters: they make Markdown of it.
    environment = Environment(
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
    )
    environment.filters |= {
        "text": text,
        "code": code,
        "code_block": code_block,
        "html": html,
        "marks": _marks,
        "final_verdicts": _final_verdicts,
    }
    return environment


def render(name: str, **facts: object) -> str:
    """The Markdown of a template that lies beside this module."""
    return _templates().get_template(name).render(facts)


def _source(name: str) -> str:
    return files("kanmon.report").joinpath(name).read_text("utf-8")


def _marks(stack: PlannedStack, mark: str) -> str:
    """How many changes of one kind; nothing for none."""
    return str(sum(change.mark == mark for change in stack.changes) or "")


def _final_verdicts(checks: Iterable[CheckRecord]) -> list[CheckRecord]:
    """The last verdict of each check on each target: a bake runs them many times.

    After a rollback another release is live, whose verdicts don't take the place of the failed one's.
    """
    return list({(check.name, check.target, check.release): check for check in checks}.values())
