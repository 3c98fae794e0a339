"""A mistake in the config, in the words of YAML: the problem, and a fix to do or to paste."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kanmon.config.extremes import dotted
from kanmon.config.forms import allowed, as_yaml, example, fits, form_of, in_quotes, keys_of, names_of
from kanmon.config.section import MistakeError
from kanmon.text import cut

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from kanmon.config.document import Location

_LINE = 80
"""The greatest number of characters from a wrong value in a message."""
_NAME = "[key]"
"""Pydantic's last step of a location, when the name of an element is wrong."""


_ISSUER = (
    "API Gateway's REST API checks tokens of Cognito only. For those of another issuer, write "
    "`function: NAME`: a library checks them in a few lines."
)
_SENDER = (
    "Remove it: Cognito encrypts each code for such a function, by a grant on a key that a release would "
    "have to change."
)
_OTHER_WAYS = {
    ("authorizers", "issuer"): _ISSUER,
    ("authorizers", "jwt"): _ISSUER,
    ("existing", "triggers"): (
        "Remove it: Kanmon never changes a pool that exists already. Set the trigger there, to a function "
        "outside of the app: a slot's function would not stay that of the live release."
    ),
    ("triggers", "custom_email_sender"): (
        f"{_SENDER} Write `mail` for a sender of your own, and `custom_message` for texts from a function."
    ),
    ("triggers", "custom_sms_sender"): f"{_SENDER} Kanmon's pool sends mails only, no text messages.",
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
            return f"`{dotted(location)}` is not a key of Kanmon.", _known_key(location)
        case "missing":
            line = as_yaml(location[-1], example(form_of(location)))
            owner = f"`{dotted(location[:-1])}`" if location[:-1] else "the file"
            return f"`{dotted(location)}` is missing.", f"Add `{line}` to {owner}, for example."
        case _:
            return _wrong_value(error, written)


def _wrong_value(error: ErrorDetails, written: str) -> tuple[str, str]:
    location, value = error["loc"], error["input"]
    if mistake := _mistake(error):
        place = place_of(error)
        if isinstance(value, (dict, list)):
            return f"In `{dotted(place)}`: {mistake.problem}" if place else mistake.problem, mistake.fix
        return f"{_found(location, value, written)} {mistake.problem}", mistake.fix
    form, found = form_of(location), _found(location, value, written)
    if not isinstance(value, str) and fits(form, written):
        problem = f"{found} YAML takes it for {_kind(value)}, not for text."
        return problem, f"Put it in quotes: `{as_yaml(location[-1], in_quotes(written))}`."
    line = as_yaml(location[-1], example(form, value))
    return f"{found} {_rule(error)}", f"Write, for example, `{line}`."


def _wrong_name(error: ErrorDetails) -> tuple[str, str]:
    owner, name = error["loc"][:-2], error["loc"][-2]
    problem = f"`{name}` can't be a name in `{dotted(owner)}`."
    if mistake := _mistake(error):
        return f"{problem} {mistake.problem}", mistake.fix
    return (
        f"{problem} {_rule(error)}",
        f"Rename it, for example to `{example(names_of(form_of(owner)), name)}`.",
    )


def _rule(error: ErrorDetails) -> str:
    """The rule for a value. Pydantic's words are for a programmer, so no text of its error is used."""
    location = error["loc"]
    form = names_of(form_of(location[:-2])) if location[-1] == _NAME else form_of(location)
    if error["type"] == "string_pattern_mismatch":
        return str(form["patternErrorMessage"])
    return f"It must be {allowed(form)}."


def _mistake(error: ErrorDetails) -> MistakeError | None:
    cause = error.get("ctx", {}).get("error")
    return cause if isinstance(cause, MistakeError) else None


def _kind(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return "a date"


def _found(location: Location, value: object, written: str) -> str:
    """The wrong value as it is written. A long one is left to its reader: the error names its line."""
    if written and not isinstance(value, str):
        return f"`{dotted(location)}` is `{cut(written, _LINE)}`."
    match value:
        case None:
            shown = "empty"
        case dict():
            shown = "a mapping" if value else "an empty mapping"
        case list():
            shown = "a list" if value else "an empty list"
        case _:
            shown = cut(_shown(value), _LINE)
    return f"`{dotted(location)}` is {shown}."


def _shown(value: object) -> str:
    """A value as YAML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(str(value)) if isinstance(value, str) else str(value)


def _known_key(location: Location) -> str:
    for (section, key), way in _OTHER_WAYS.items():
        if key == location[-1] and section in location[:-1]:
            return way
    keys = keys_of(form_of(location[:-1]))
    near = difflib.get_close_matches(str(location[-1]), keys, n=1)
    if near:
        return f"Write `{near[0]}` instead."
    return f"Remove it. The keys here are {', '.join(f'`{key}`' for key in keys)}."
