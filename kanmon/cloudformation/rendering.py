"""Renders the Jinja2 templates of `infra/` into plain CloudFormation, the same bytes for the same input."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Template:
    """A rendered template."""

    body: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the body."""
        return hashlib.sha256(self.body.encode()).hexdigest()


def quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar in plain ASCII: it arrives as it is, whatever is in it.

    JSON's escapes would not do: YAML has no surrogate pairs (https://yaml.org/spec/1.2.2/#57-escaped-characters).
    """
    plain = (char if " " <= char <= "~" and char not in '"\\' else f"\\U{ord(char):08X}" for char in text)
    return '"' + "".join(plain) + '"'


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    package = Path(__file__).resolve().parents[1]
    # An installed package carries the templates inside; a checkout has them beside the package.
    folders = [package / "infra", package.parent / "infra"]
    environment = Environment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it is YAML; what could break it is refused by the config's model
        trim_blocks=False,
        lstrip_blocks=False,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = quoted
    return environment


def render(name: str, **facts: object) -> str:
    """Render `infra/<name>.j2`; a fact that the template names and nobody gives is an error."""
    return _environment().get_template(f"{name}.j2").render(**facts)


def source(name: str) -> str:
    """A file of `infra/` as it is."""
    environment = _environment()
    assert environment.loader is not None  # noqa: S101 - made above
    text, _, _ = environment.loader.get_source(environment, name)
    return text
