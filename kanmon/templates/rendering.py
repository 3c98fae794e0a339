"""Renders the Jinja2 templates of `infra/` as plain CloudFormation. The same input gives the same bytes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kanmon import naming
from kanmon.documentation import with_runbook
from kanmon.model import SLOTS
from kanmon.notify.meanings import meaning_of
from kanmon.text import yaml_quoted

if TYPE_CHECKING:
    from jinja2 import Environment


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
    environment.filters["quoted"] = yaml_quoted
    environment.globals |= {"naming": naming, "SLOTS": SLOTS}
    environment.globals |= {"with_runbook": with_runbook, "meaning": described}
    return environment


def described(runbook: str, **values: str | int) -> str:
    """The description of an alarm with messages: its meaning, and its runbook."""
    return with_runbook(meaning_of(runbook, **values), runbook)


def render(name: str, **facts: object) -> str:
    """Render `infra/<name>.j2`. An error is raised if the template uses a fact missing here."""
    return _environment().get_template(f"{name}.j2").render(**facts)
