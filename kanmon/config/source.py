"""Validates `kanmon.yml`: errors have the line and a fix."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from kanmon.config.document import Document, Location, read_document
from kanmon.config.schema import Config
from kanmon.config.values import NAME_PATTERN
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails


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
        raise _config_error(document, _causes(error.errors(include_url=False))) from None


def _causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without the consequences of a deeper error in the same place."""
    places = [error["loc"] for error in errors]

    def consequence(place: Location) -> bool:
        return any(len(other) > len(place) and other[: len(place)] == place for other in places)

    return [error for error in errors if not consequence(error["loc"])]


def _config_error(document: Document, errors: list[ErrorDetails]) -> KanmonError:
    code = Code.CONFIG_INVALID
    if all(error["type"] == "extra_forbidden" for error in errors):
        code = Code.CONFIG_UNKNOWN_KEY
    if len(errors) == 1:
        [error] = errors
        return KanmonError(code, _sentence(error), where=document.where(error["loc"]), fix=_fix(error))
    sentences = [
        f"{document.where(error['loc'])}: {_sentence(error)} {_fix(error) or ''}".rstrip() for error in errors
    ]
    return KanmonError(code, f"{len(errors)} keys are wrong. {' '.join(sentences)}", where=document.name)


def _sentence(error: ErrorDetails) -> str:
    location = error["loc"]
    if location and location[-1] == "[key]":
        return f"`{location[-2]}` can't be a name in `{_dotted(location[:-2])}`: {_reason(error)}."
    key = _dotted(location) or "The config"
    match error["type"]:
        case "extra_forbidden":
            return f"`{key}` is not a key that Kanmon knows."
        case "missing":
            return f"`{key}` is missing."
        case _:
            return f"`{key}` is {_shown(error['input'])}: {_reason(error)}."


def _reason(error: ErrorDetails) -> str:
    """Why a value is wrong, in words for a person who writes YAML. Pydantic's are for a programmer."""
    limits = error.get("ctx", {})
    match error["type"]:
        case "string_pattern_mismatch" if limits["pattern"] == NAME_PATTERN:
            return "use lower-case letters, digits and single hyphens, such as `my-app`"
        case "string_pattern_mismatch":
            return f"it must match the pattern `{limits['pattern']}`"
        case "literal_error" | "enum":
            return f"it must be {limits['expected']}"
        case "too_short":
            return f"it needs at least {limits['min_length']} of them"
        case "too_long":
            return f"it can have at most {limits['max_length']} of them"
        case "string_too_short" | "string_too_long":
            return str(error["msg"]).replace("String should", "it must")
        case _:
            reason = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should ")
            return f"it must {reason}" if str(error["msg"]).startswith("Input should ") else reason


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "not right"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004 - a line's width


def _fix(error: ErrorDetails) -> str | None:
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(location[-1]), _known_keys(location[:-1]), n=1)
        return f"Did you mean `{near[0]}`?" if near else "Remove it, or see docs/reference/config.md."
    if error["type"] == "missing":
        return f"Add `{location[-1]}:` to {f'`{_dotted(location[:-1])}`' if location[:-1] else 'the file'}."
    return None


def _known_keys(location: Location) -> list[str]:
    form: Any = Config
    for part in location:
        form = _element(form, part)
    if not _is_section(form):
        form = next((one for one in get_args(form) if _is_section(one)), None)
    if form is None:
        return []
    return [field.alias or name for name, field in form.model_fields.items()]


def _element(form: Any, part: int | str) -> Any:  # noqa: ANN401 - type forms have no common type
    """The type of one key or item inside another type."""
    if _is_section(form):
        field = form.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = [argument for argument in get_args(form) if argument is not type(None)]
    if get_origin(form) is dict:
        return arguments[1]
    if get_origin(form) is tuple:
        return arguments[0]
    return _element(arguments[0], part) if arguments else None


def _is_section(form: Any) -> bool:  # noqa: ANN401 - type forms have no common type
    return isinstance(form, type) and issubclass(form, BaseModel)


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")
