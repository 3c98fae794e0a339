"""`${secrets.jwt}` in a function's environment: the value is put in when the function starts (ADP-4).

The template and Lambda's settings have the reference alone. A program in the function's package reads the
secret by the function's own rights: `kanmon/bundle/starter`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.placeholders import SECRETS, names_in
from kanmon.config.section import MistakeError
from kanmon.language import deferred, phrase

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
FORM = deferred("Write `${secrets.jwt}`, or `${secrets.jwt.key}` for a secret in JSON.")
"""The fix for a reference to no secret."""


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
                    phrase(
                        "A function of {runtime} gets no value of a secret: Kanmon puts them in for Python "
                        "and Node.js.",
                        runtime=function.runtime,
                    ),
                    phrase("Remove it. The function reads the secret from Secrets Manager by its ARN."),
                    at=at,
                )
            for reference in filter(is_secret, names_in(text)):
                yield from _mistaken(config, name, reference, at)
        for key, text in function.environment.items():
            if found and _LITERAL in text:
                yield MistakeError(
                    phrase(
                        "`{name}` can't be a text here: when the function starts, values of secrets are put "
                        "in for such names.",
                        name=f"{_LITERAL}…}}",
                    ),
                    phrase("Write the text into a file of the artifact."),
                    at=("functions", name, "environment", key),
                )


def _mistaken(config: Config, name: str, reference: str, at: Location) -> Iterator[MistakeError]:
    function = config.functions[name]
    secret, dot, key = reference.partition(".")[2].partition(".")
    written = f"${{{reference}}}"
    if not secret or (dot and not key):
        problem = phrase("`{reference}` names no secret.", reference=written)
        yield MistakeError(problem, phrase(FORM), at=at)
    elif secret == DATABASE and not function.database:
        yield MistakeError(
            phrase(
                "`{reference}` needs the right to read the database's secret, which the function {name} has "
                "not.",
                reference=written,
                name=name,
            ),
            phrase("Add `database: true` to `functions.{name}`.", name=name),
            at=at,
        )
    elif secret == DATABASE and not key:
        yield MistakeError(
            phrase("`{reference}` is the whole secret in JSON.", reference=written),
            phrase("Write `${secrets.database.username}` or `${secrets.database.password}`."),
            at=at,
        )
    elif secret != DATABASE and secret not in function.secrets:
        problem = phrase(
            "`{reference}` needs the right to read the secret, which the function {name} has not.",
            reference=written,
            name=name,
        )
        yield MistakeError(problem, _right_to_read(config, name, secret), at=at)


def _right_to_read(config: Config, name: str, secret: str) -> str:
    names = ", ".join((*config.functions[name].secrets, secret))
    if secret in config.secrets:
        return phrase("Write `secrets: [{names}]` in `functions.{name}`.", names=names, name=name)
    return phrase(
        "Write `secrets: [{names}]` in `functions.{name}`. Add `{secret}` to `secrets`, too.",
        names=names,
        name=name,
        secret=secret,
    )
