"""Validates `kanmon.yml`: each error has its line and a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from kanmon.codes import Code
from kanmon.config.document import Document, read_document
from kanmon.config.mistakes import causes, explanation, place_of
from kanmon.config.schema import Config
from kanmon.errors import KanmonError
from kanmon.text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

_SHOWN = 20
"""The most mistakes in one message."""


def load_config(path: Path) -> Config:
    """Read and validate a config file.

    Raises the errors of :func:`kanmon.config.document.read_document` and of :func:`validate`.
    """
    return validate(read_document(path))


def validate(document: Document) -> Config:
    """The config in a document.

    Raises KanmonError with CONFIG_INVALID or CONFIG_UNKNOWN_KEY. One error names all wrong values.
    """
    try:
        return Config.model_validate(document.tree)
    except ValidationError as error:
        raise _config_error(document, causes(error.errors(include_url=False))) from None


def _config_error(document: Document, errors: list[ErrorDetails]) -> KanmonError:
    code = Code.CONFIG_INVALID
    if all(error["type"] == "extra_forbidden" for error in errors):
        code = Code.CONFIG_UNKNOWN_KEY
    found = [(document.where(place_of(error)), *explanation(error)) for error in errors[:_SHOWN]]
    if len(found) == 1:
        [(where, problem, fix)] = found
        return KanmonError(code, problem, where=where, fix=fix)
    lines = "\n".join(one_line(f"{where}: {problem} {fix}") for where, problem, fix in found)
    more = f" The first {_SHOWN} are shown." if len(errors) > _SHOWN else ""
    return KanmonError(code, f"{lines}\n{len(errors)} keys are wrong.{more}", where=document.name)
