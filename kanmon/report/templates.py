"""Markdown from templates; foreign text comes into it through filters that make it harmless."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from kanmon.github.markdown import code, code_block, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.ledger import CheckRecord
    from kanmon.release.plan import PlannedStack


@cache
def _templates() -> Environment:
    # Every foreign text in these templates goes through `text` or `code`: what is made is Markdown, not HTML.
    environment = Environment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)  # noqa: S701
    environment.filters |= {
        "text": text,
        "code": code,
        "code_block": code_block,
        "marks": _marks,
        "final_verdicts": _final_verdicts,
    }
    return environment


def render(name: str, **facts: object) -> str:
    """The Markdown of a template that lies beside this module."""
    source = files("kanmon.report").joinpath(name).read_text("utf-8")
    return _templates().from_string(source).render(facts)


def _marks(stack: PlannedStack, mark: str) -> str:
    """How many changes of one kind; nothing for none."""
    return str(sum(change.mark == mark for change in stack.changes) or "")


def _final_verdicts(checks: Iterable[CheckRecord]) -> list[CheckRecord]:
    """The last verdict of each check on each target: a bake runs them many times."""
    return list({(check.name, check.target): check for check in checks}.values())
