"""Markdown from templates. Every value in them is escaped, unless a filter made Markdown of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from kanmon.github.escape import code, code_block, html, text
from kanmon.language import phrase
from kanmon.text import counted, cut, duration, is_address, short_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import Environment

    from kanmon.release.plan import PlannedStack


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Jinja escapes for HTML. `finalize` escapes for Markdown, at the same places.
    environment = Environment(
        loader=PackageLoader("kanmon", "report"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        finalize=_escaped,
        trim_blocks=True,
    )
    environment.filters |= {
        "text": _made(text),
        "code": _made(code),
        "codes": _codes,
        "code_block": _made(code_block),
        "html": _made(html),
        "link": _link,
        "cut": cut,
        "counted": counted,
        "duration": _made(duration),
        "phrase": phrase,
        "short_commit": short_commit,
        "signs": _signs,
    }
    environment.globals["phrase"] = _phrase
    return environment


def render_markdown(name: str, **facts: object) -> str:
    """The Markdown of a template in this module's folder."""
    return _templates().get_template(name).render(facts)


def _escaped(value: object) -> object:
    return value if isinstance(value, Markup | int | float) else text(str(value))


def _phrase(english: str, **values: object) -> Markup:
    """A text of the template itself in the chosen language, with its Markdown. Its values are escaped."""
    return Markup(phrase(english, **{name: _escaped(value) for name, value in values.items()}))  # noqa: S704


def _made(filter_: Callable[..., str]) -> Callable[..., Markup]:
    """A filter with Markdown as its result."""
    return lambda value: Markup(filter_(value))  # noqa: S704 - the filter escaped it


def _codes(values: Iterable[str]) -> Markup:
    """Code spans with commas between them."""
    return Markup(", ").join(Markup(code(value)) for value in values)  # noqa: S704 - the filter escaped it


def _link(label: str, address: str) -> Markup:
    """A link; the label alone if the address is not plain."""
    return Markup(f"[{text(label)}]({address})" if is_address(address) else text(label))  # noqa: S704


def _signs(stack: PlannedStack, sign: str) -> str:
    """The number of changes with one sign. Empty for none."""
    return str(sum(change.sign == sign for change in stack.changes) or "")
