"""Reads `kanmon.yml`: YAML with line numbers, and errors with a fix."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kanmon.config.schema import Config
from kanmon.config.values import NAME_PATTERN
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]


@dataclass(frozen=True)
class _Document:
    name: str
    tree: Any

    def line(self, location: Location) -> int:
        """The line (from 1) of a location, or of its nearest written parent.

        A key merged by `<<` is written elsewhere: its parent's line is the answer.
        """
        node, line = self.tree, 1
        for part in location:
            if isinstance(node, CommentedMap) and part in (node.lc.data or {}):
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.item(part)[0] + 1
            else:
                break
            node = node[part]
        return line

    def where(self, location: Location) -> str:
        return f"{self.name}:{self.line(location)}"


def load_config(path: Path) -> Config:
    """Read and validate a config file.

    Raises KanmonError with CONFIG_MISSING, CONFIG_EMPTY, CONFIG_SYNTAX, CONFIG_INVALID or
    CONFIG_UNKNOWN_KEY. One error names all wrong values.
    """
    document = _Document(path.name, _parse(path))
    try:
        return Config.model_validate(document.tree)
    except ValidationError as error:
        raise _config_error(document, _causes(error.errors(include_url=False))) from None


def _parse(path: Path) -> Any:  # noqa: ANN401 - a YAML document can be anything
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise KanmonError(Code.CONFIG_MISSING, f"There is no {path.name}.", where=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise KanmonError(Code.CONFIG_SYNTAX, f"It can't be read: {error}.", where=str(path)) from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{path.name}:{mark.line + 1}" if mark else path.name
        problem = f"The YAML can't be read: {error.problem or error.context}."
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=line) from None
    except YAMLError as error:
        raise KanmonError(Code.CONFIG_SYNTAX, f"The YAML can't be read: {error}.") from None
    except Exception as error:  # noqa: BLE001 - its constructors raise anything for an invalid value
        problem = f"The YAML has a value that can't be made: {error}."
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path)) from None
    if tree is None:
        raise KanmonError(Code.CONFIG_EMPTY, f"{path.name} has no content.", where=str(path))
    if not isinstance(tree, CommentedMap):
        problem = f"{path.name} must be a mapping of keys, such as `app: my-app`."
        raise KanmonError(Code.CONFIG_INVALID, problem, where=f"{path.name}:1")
    return tree


def _causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without the consequences of a deeper error in the same place."""
    places = [error["loc"] for error in errors]

    def consequence(place: Location) -> bool:
        return any(len(other) > len(place) and other[: len(place)] == place for other in places)

    return [error for error in errors if not consequence(error["loc"])]


def _config_error(document: _Document, errors: list[ErrorDetails]) -> KanmonError:
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
