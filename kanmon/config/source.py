"""Validates `kanmon.yml`: each error has its line and a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from kanmon.codes import Code
from kanmon.config.document import Document, read_document
from kanmon.config.mistakes import causes, explanation, place_of
from kanmon.config.schema import Config
from kanmon.config.traps import traps
from kanmon.errors import KanmonError
from kanmon.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

_SHOWN = 20
"""The most mistakes in one message."""


class _Line(NamedTuple):
    number: int
    problem: str
    fix: str


def load_config(path: Path) -> Config:
    """Read and validate a config file.

    Raises the errors of :func:`kanmon.config.document.read_document` and of :func:`validate`.
    """
    return validate(read_document(path))


def validate(document: Document) -> Config:
    """The config in a document.

    Raises KanmonError with CONFIG_INVALID or CONFIG_UNKNOWN_KEY. One error names all wrong values.
    """
    errors: list[ErrorDetails] = []
    try:
        config = Config.model_validate(document.tree)
    except ValidationError as error:
        errors = causes(error.errors(include_url=False))
    lines = _lines(document, errors)
    if not lines:
        return config
    unknown = len(lines) == len(errors) and all(error["type"] == "extra_forbidden" for error in errors)
    code = Code.CONFIG_UNKNOWN_KEY if unknown else Code.CONFIG_INVALID
    if len(lines) == 1:
        [(number, problem, fix)] = lines
        raise KanmonError(code, problem, where=f"{document.name}:{number}", fix=fix)
    shown = (one_line(f"{document.name}:{line.number}: {line.problem} {line.fix}") for line in lines[:_SHOWN])
    more = f" The first {_SHOWN} are shown." if len(lines) > _SHOWN else ""
    message = "\n".join(shown) + f"\n{len(lines)} keys are wrong.{more}"
    raise KanmonError(code, message, where=document.name)


def _lines(document: Document, errors: list[ErrorDetails]) -> list[_Line]:
    """A line for each mistake, in the order of the file. A wrong value is no trap as well."""
    places = [place_of(error) for error in errors]
    found = [
        (place, *explanation(one, document.written(place))) for one, place in zip(errors, places, strict=True)
    ]
    found += [trap for trap in traps(document) if trap[0] not in places]
    return sorted(
        (_Line(document.line(place), *words) for place, *words in found), key=lambda line: line.number
    )
