"""`${secrets.jwt}` in a function's environment: the value is put in when the function starts (ADP-4).

The template and Lambda's settings have the reference alone. A program in the function's package reads the
secret by the function's own rights: `kanmon/bundle/starter`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.placeholders import SECRETS, names_in
from kanmon.config.section import MistakeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.config.document import Location
    from kanmon.config.functions import Function
    from kanmon.config.schema import Config

START_FILE = ".kanmon/start"
"""The program in a function's package: Lambda starts it in place of the runtime."""
DATABASE = "database"
"""The name of the database's own secret. No other secret can have it: its variable would be the same."""
_LANGUAGES = ("python", "nodejs")
_LITERAL = f"${{!{SECRETS}."
_FORM = "Write `${secrets.jwt}`, or `${secrets.jwt.key}` for a secret in JSON."


def is_secret(name: str) -> bool:
    """Whether a name in `${…}` is that of a secret's value."""
    return name.partition(".")[0] == SECRETS


def composed(environment: Mapping[str, str]) -> list[str]:
    """The variables of a function with values of secrets."""
    return [key for key, text in environment.items() if any(map(is_secret, names_in(text)))]


def language(function: Function) -> str:
    """The language that can have such variables; empty for a runtime of another one."""
    return next((one for one in _LANGUAGES if function.runtime.startswith(one)), "")


def mistakes(config: Config) -> Iterator[MistakeError]:
    """A mistake for each reference to a secret that has no value when the function starts."""
    for name, function in config.functions.items():
        found = composed(function.environment)
        for key in found:
            at = ("functions", name, "environment", key)
            text = function.environment[key]
            if not language(function):
                yield MistakeError(
                    f"A function of {function.runtime} gets no value of a secret: Kanmon puts them in for "
                    "Python and Node.js.",
                    "Remove it. The function reads the secret from Secrets Manager by its ARN.",
                    at=at,
                )
            for reference in filter(is_secret, names_in(text)):
                yield from _mistaken(config, name, reference, at)
        for key, text in function.environment.items():
            if found and _LITERAL in text:
                yield MistakeError(
                    f"`{_LITERAL}…}}` can't be a text here: when the function starts, values of secrets are "
                    "put in for such names.",
                    "Write the text into a file of the artifact.",
                    at=("functions", name, "environment", key),
                )


def _mistaken(config: Config, name: str, reference: str, at: Location) -> Iterator[MistakeError]:
    function = config.functions[name]
    secret, dot, key = reference.partition(".")[2].partition(".")
    written = f"`${{{reference}}}`"
    if not secret or (dot and not key):
        yield MistakeError(f"{written} names no secret.", _FORM, at=at)
    elif secret == DATABASE and not function.database:
        yield MistakeError(
            f"{written} needs the right to read the database's secret, which the function {name} has not.",
            f"Add `database: true` to `functions.{name}`.",
            at=at,
        )
    elif secret == DATABASE and not key:
        yield MistakeError(
            f"{written} is the whole secret in JSON.",
            "Write `${secrets.database.username}` or `${secrets.database.password}`.",
            at=at,
        )
    elif secret != DATABASE and secret not in function.secrets:
        here = ", ".join((*function.secrets, secret))
        add = "" if secret in config.secrets else f" Add `{secret}` to `secrets`, too."
        yield MistakeError(
            f"{written} needs the right to read the secret, which the function {name} has not.",
            f"Write `secrets: [{here}]` in `functions.{name}`.{add}",
            at=at,
        )
