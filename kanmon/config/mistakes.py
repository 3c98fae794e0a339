"""A mistake in the config, in the words of YAML: the problem, and a fix to do or to paste."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kanmon.config.extremes import dotted
from kanmon.config.forms import as_yaml, example, fits, form_of, in_quotes, keys_of, names_of, rule
from kanmon.config.section import MistakeError
from kanmon.language import deferred, phrase
from kanmon.text import cut

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from kanmon.config.document import Location

_LINE = 80
"""The greatest number of characters from a wrong value in a message."""
_NAME = "[key]"
"""Pydantic's last step of a location, when the name of an element is wrong."""


_ISSUER = deferred(
    "API Gateway's REST API checks tokens of Cognito only. For those of another issuer, write "
    "`function: NAME`: a library checks them in a few lines."
)
_OTHER_WAYS = {
    ("authorizers", "issuer"): _ISSUER,
    ("authorizers", "jwt"): _ISSUER,
    ("existing", "triggers"): deferred(
        "Remove it: Kanmon never changes a pool that exists already. Set the trigger there, to a function "
        "outside of the app: a slot's function would not stay that of the live release."
    ),
    ("triggers", "custom_email_sender"): deferred(
        "Remove it: Cognito encrypts each code for such a function, by a grant on a key that a release would "
        "have to change. Write `mail` for a sender of your own, and `custom_message` for texts from a "
        "function."
    ),
    ("triggers", "custom_sms_sender"): deferred(
        "Remove it: Cognito encrypts each code for such a function, by a grant on a key that a release would "
        "have to change. Kanmon's pool sends mails only, no text messages."
    ),
}
"""The way to what AWS or Kanmon does not have under a key, by the section and the key."""


def causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors without the consequences of a deeper error in the same place."""
    above = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in above]


def place_of(error: ErrorDetails) -> Location:
    """The place of the wrong value in the file."""
    mistake, location = _mistake(error), error["loc"]
    if location and location[-1] == _NAME:
        return location[:-1]
    return (*location, *mistake.at) if mistake else location


def explanation(error: ErrorDetails, written: str = "") -> tuple[str, str]:
    """The problem as a sentence, and its fix. `written` is the value as it stands in the file."""
    location = error["loc"]
    if location and location[-1] == _NAME:
        return _wrong_name(error)
    match error["type"]:
        case "extra_forbidden" | "invalid_key":
            return phrase("`{key}` is not a key of Kanmon.", key=dotted(location)), _known_key(location)
        case "missing":
            line = as_yaml(location[-1], example(form_of(location)))
            problem = phrase("`{key}` is missing.", key=dotted(location))
            if not location[:-1]:
                return problem, phrase("Add `{line}` to the file, for example.", line=line)
            owner = dotted(location[:-1])
            return problem, phrase("Add `{line}` to `{owner}`, for example.", line=line, owner=owner)
        case _:
            return _wrong_value(error, written)


def _wrong_value(error: ErrorDetails, written: str) -> tuple[str, str]:
    location, value = error["loc"], error["input"]
    if mistake := _mistake(error):
        place = place_of(error)
        if isinstance(value, (dict, list)):
            return _within(place, mistake.problem), mistake.fix
        return _joined(_found(location, value, written), mistake.problem), mistake.fix
    form, found = form_of(location), _found(location, value, written)
    if not isinstance(value, str) and fits(form, written):
        line = as_yaml(location[-1], in_quotes(written))
        return _joined(found, _taken_for(value)), phrase("Put it in quotes: `{line}`.", line=line)
    line = as_yaml(location[-1], example(form, value))
    return _joined(found, _rule(error)), phrase("Write, for example, `{line}`.", line=line)


def _within(place: Location, problem: str) -> str:
    if not place:
        return problem
    return phrase("In `{key}`: {problem}", key=dotted(place), problem=problem)


def _joined(found: str, problem: str) -> str:
    """Two sentences."""
    return phrase("{found} {problem}", found=found, problem=problem)


def _wrong_name(error: ErrorDetails) -> tuple[str, str]:
    owner, name = error["loc"][:-2], error["loc"][-2]
    found = phrase("`{name}` can't be a name in `{owner}`.", name=name, owner=dotted(owner))
    if mistake := _mistake(error):
        return _joined(found, mistake.problem), mistake.fix
    other = example(names_of(form_of(owner)), name)
    return _joined(found, _rule(error)), phrase("Rename it, for example to `{name}`.", name=other)


def _rule(error: ErrorDetails) -> str:
    """The rule for a value. Pydantic's words are for a programmer, so no text of its error is used."""
    location = error["loc"]
    form = names_of(form_of(location[:-2])) if location[-1] == _NAME else form_of(location)
    if error["type"] == "string_pattern_mismatch":
        return phrase(str(form["patternErrorMessage"]))
    return rule(form)


def _mistake(error: ErrorDetails) -> MistakeError | None:
    cause = error.get("ctx", {}).get("error")
    return cause if isinstance(cause, MistakeError) else None


def _taken_for(value: object) -> str:
    """What YAML makes of a text without quotes."""
    match value:
        case None:
            return phrase("YAML takes it for nothing, not for text.")
        case bool():
            return phrase("YAML takes it for true or false, not for text.")
        case int() | float():
            return phrase("YAML takes it for a number, not for text.")
        case dict():
            return phrase("YAML takes it for a mapping, not for text.")
        case list():
            return phrase("YAML takes it for a list, not for text.")
        case _:
            return phrase("YAML takes it for a date, not for text.")


_MAPPING = deferred("`{key}` is a mapping.")
_EMPTY_MAPPING = deferred("`{key}` is an empty mapping.")
_LIST = deferred("`{key}` is a list.")
_EMPTY_LIST = deferred("`{key}` is an empty list.")


def _found(location: Location, value: object, written: str) -> str:
    """The wrong value as it is written. A long one is left to its reader: the error names its line."""
    key = dotted(location)
    if written and not isinstance(value, str):
        return phrase("`{key}` is {value}.", key=key, value=f"`{cut(written, _LINE)}`")
    match value:
        case None:
            return phrase("`{key}` is empty.", key=key)
        case dict():
            return phrase(_MAPPING if value else _EMPTY_MAPPING, key=key)
        case list():
            return phrase(_LIST if value else _EMPTY_LIST, key=key)
        case _:
            return phrase("`{key}` is {value}.", key=key, value=cut(_shown(value), _LINE))


def _shown(value: object) -> str:
    """A value as YAML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(str(value)) if isinstance(value, str) else str(value)


def _known_key(location: Location) -> str:
    for (section, key), way in _OTHER_WAYS.items():
        if key == location[-1] and section in location[:-1]:
            return phrase(way)
    keys = keys_of(form_of(location[:-1]))
    near = difflib.get_close_matches(str(location[-1]), keys, n=1)
    if near:
        return phrase("Write `{name}` instead.", name=near[0])
    return phrase("Remove it. The keys here are {names}.", names=", ".join(f"`{key}`" for key in keys))
