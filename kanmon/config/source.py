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

    from kanmon.config.document import Location

_SHOWN = 20
"""The most mistakes in one message."""


class _Mistake(NamedTuple):
    place: Location
    line: int
    found: ErrorDetails | tuple[str, str]
    """A wrong value, or a trap's problem and fix. Only a value that is shown needs the time for its words."""


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
    found = _mistakes(document, errors)
    if not found:
        return config
    unknown = len(found) == len(errors) and all(error["type"] == "extra_forbidden" for error in errors)
    code = Code.CONFIG_UNKNOWN_KEY if unknown else Code.CONFIG_INVALID
    shown = [(f"{document.name}:{one.line}", *_words(document, one)) for one in found[:_SHOWN]]
    if len(found) == 1:
        [(where, problem, fix)] = shown
        raise KanmonError(code, problem, where=where, fix=fix)
    more = f" The first {_SHOWN} are shown." if len(found) > _SHOWN else ""
    lines = [one_line(f"{where}: {problem} {fix}") for where, problem, fix in shown]
    message = "\n".join([*lines, f"{len(found)} keys are wrong.{more}"])
    raise KanmonError(code, message, where=document.name)


def _mistakes(document: Document, errors: list[ErrorDetails]) -> list[_Mistake]:
    """All mistakes, in the order of the file. A wrong value is no trap as well."""
    found = []
    for error in errors:
        place = place_of(error)
        found.append(_Mistake(place, document.line(place), error))
    wrong = {one.place for one in found}
    for place, problem, fix in traps(document):
        if place not in wrong:
            found.append(_Mistake(place, document.line(place), (problem, fix)))
    return sorted(found, key=lambda one: one.line)


def _words(document: Document, mistake: _Mistake) -> tuple[str, str]:
    """The problem and its fix."""
    found = mistake.found
    return found if isinstance(found, tuple) else explanation(found, document.written(mistake.place))
