"""Renders the Jinja2 templates of `infra/` as plain CloudFormation. The same input gives the same bytes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kanmon import naming
from kanmon.model import SLOTS

if TYPE_CHECKING:
    from jinja2 import Environment


def quoted(text: str) -> str:
    """Any text as a double-quoted YAML scalar in plain ASCII. The YAML reader gets the same text back.

    JSON's escapes do not work: YAML has no surrogate pairs (https://yaml.org/spec/1.2.2/#57-escaped-characters).
    """
    plain = (char if " " <= char <= "~" and char not in '"\\' else f"\\U{ord(char):08X}" for char in text)
    return '"' + "".join(plain) + '"'


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("kanmon", "infra"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - this is YAML; the config's model refuses dangerous text
        trim_blocks=False,
        lstrip_blocks=False,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = quoted
    environment.globals |= {"naming": naming, "SLOTS": SLOTS}
    return environment


def render(name: str, **facts: object) -> str:
    """Render `infra/<name>.j2`. An error is raised if the template uses a fact missing here."""
    return _environment().get_template(f"{name}.j2").render(**facts)
