"""The values that checks take from secrets and from each other: each must be there before it is used."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kanmon.config.composed import DATABASE, FORM, is_secret
from kanmon.config.placeholders import SECRETS, is_unclosed, names_in
from kanmon.config.section import MistakeError, choice
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanmon.config.checks import Check
    from kanmon.config.document import Location
    from kanmon.config.schema import Config


def secrets_of_checks(config: Config) -> tuple[str, ...]:
    """The names of the secrets that Kanmon reads for the checks and the team's own tests."""
    named = [check.secrets for check in config.checks] + ([config.verify.secrets] if config.verify else [])
    return tuple(sorted(frozenset().union(*named)))


def mistakes(config: Config) -> Iterator[MistakeError]:
    """All mistakes in what the checks and the team's own tests use."""
    for index, check in enumerate(config.checks):
        place = ("checks", index)
        if check.path and names_in(check.path):
            problem = phrase("A value can't stand in a path: many logs keep addresses.")
            yield MistakeError(problem, phrase("Write it into `headers` or `body`."), at=(*place, "path"))
        if check.function and check.function not in config.functions:
            problem = phrase(
                "The check {check} names the function {function}, not under `functions`.",
                check=check.name,
                function=check.function,
            )
            fix = choice("functions", config.functions, check.function)
            yield MistakeError(problem, fix, at=(*place, "function"))
        if check.sign_in:
            yield from _signs_in(config, (*place, "sign_in"))
        for below, text in check.texts():
            yield from _unknown(config, index, text, (*place, *below))
    for name, text in (config.verify.environment if config.verify else {}).items():
        yield from _in_tests(config, text, ("verify", "environment", name))


def _in_tests(config: Config, text: str, place: Location) -> Iterator[MistakeError]:
    """The mistakes in a variable of the team's own tests. They get values of secrets, and none of checks."""
    if is_unclosed(text):
        yield MistakeError(phrase("A `${` has no end."), phrase(FORM), at=place)
    for name in names_in(text):
        owner, _, rest = name.partition(".")
        secret, dot, key = rest.partition(".")
        if not is_secret(name):
            problem = phrase("The tests get values of secrets only, and `${{{name}}}` is none.", name=name)
            yield MistakeError(problem, _secret_instead(owner, rest), at=place)
        elif not secret or (dot and not key):
            problem = phrase("`{reference}` names no secret.", reference=f"${{{name}}}")
            yield MistakeError(problem, phrase(FORM), at=place)
        elif secret == DATABASE:
            problem = phrase("Only a function gets the database's secret.")
            fix = phrase("Give the tests a user of the app, with a secret of its own under `secrets`.")
            yield MistakeError(problem, fix, at=place)
        else:
            yield from _unknown(config, 0, f"${{{name}}}", place)


def _secret_instead(owner: str, rest: str) -> str:
    if rest and difflib.get_close_matches(owner.strip().lower(), [SECRETS], n=1):
        return phrase("Write `{text}`.", text=f"${{{SECRETS}.{rest}}}")
    return phrase(
        "Write `${secrets.name}`, or `${!…}` for the text itself. The candidate's address is in "
        "`$KANMON_PREVIEW_URL`."
    )


def _signs_in(config: Config, place: Location) -> Iterator[MistakeError]:
    if config.user_pool is None and config.existing.user_pool is None:
        problem = phrase("There is no `user_pool` to sign in to.")
        yield MistakeError(
            problem, phrase("Add `user_pool: {}`, or log in with `path` and `body`."), at=place
        )
    elif config.user_pool and config.user_pool.mfa == "required":
        problem = phrase("Every user of the pool needs a second factor, and Kanmon has none.")
        yield MistakeError(problem, phrase("Write `mfa: optional` under `user_pool`."), at=place)


def _unknown(config: Config, index: int, text: str, place: Location) -> Iterator[MistakeError]:
    checks = config.checks[:index]
    for name in names_in(text):
        owner, _, value = name.partition(".")
        if owner == SECRETS:
            secret = value.partition(".")[0]
            if secret not in config.secrets:
                problem = phrase(
                    "`${{{name}}}` names the secret {secret}, which is not under `secrets`.",
                    name=name,
                    secret=secret,
                )
                yield MistakeError(problem, choice(SECRETS, config.secrets, secret), at=place)
            continue
        captured = [f"{check.name}.{one}" for check in checks for one in check.capture.names]
        if name not in captured:
            yield MistakeError(_reason(config.checks, index, name), _fix(name, captured), at=place)


def _reason(checks: Sequence[Check], index: int, name: str) -> str:
    owner, _, value = name.partition(".")
    later = [check.name for check in checks[index:]]
    if owner in later:
        return phrase(
            "The check {check} comes later, so `${{{name}}}` has no value yet.", check=owner, name=name
        )
    if owner in [check.name for check in checks]:
        if not value:
            return phrase("The check {check} captures no value without a name.", check=owner)
        return phrase("The check {check} captures no {value}.", check=owner, value=value)
    return phrase("No earlier check has the value `${{{name}}}`.", name=name)


def _fix(name: str, captured: list[str]) -> str:
    if near := difflib.get_close_matches(name, captured, n=1, cutoff=0.5):
        return phrase("Write `${{{name}}}`.", name=near[0])
    return phrase(
        "Write `${secrets.name}`, or `${check.value}` for a value under `capture` of an earlier check."
    )
