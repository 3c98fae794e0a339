"""The values that checks take from secrets and from each other: each must be there before it is used."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from kanmon.config.placeholders import SECRETS, names_in
from kanmon.config.section import MistakeError, choice

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
            problem = "A value can't stand in a path: many logs keep addresses."
            yield MistakeError(problem, "Write it into `headers` or `body`.", at=(*place, "path"))
        if check.function and check.function not in config.functions:
            problem = f"The check {check.name} names the function {check.function}, not under `functions`."
            fix = choice("functions", config.functions, check.function)
            yield MistakeError(problem, fix, at=(*place, "function"))
        if check.sign_in:
            yield from _signs_in(config, (*place, "sign_in"))
        for below, text in check.texts():
            yield from _unknown(config, index, text, (*place, *below))
    for name, text in (config.verify.environment if config.verify else {}).items():
        yield from _unknown(config, 0, text, ("verify", "environment", name))


def _signs_in(config: Config, place: Location) -> Iterator[MistakeError]:
    if config.user_pool is None and config.existing.user_pool is None:
        problem = "There is no `user_pool` to sign in to."
        yield MistakeError(problem, "Add `user_pool: {}`, or log in with `path` and `body`.", at=place)
    elif config.user_pool and config.user_pool.mfa == "required":
        problem = "Every user of the pool needs a second factor, and Kanmon has none."
        yield MistakeError(problem, "Write `mfa: optional` under `user_pool`.", at=place)


def _unknown(config: Config, index: int, text: str, place: Location) -> Iterator[MistakeError]:
    checks = config.checks[:index]
    for name in names_in(text):
        owner, _, value = name.partition(".")
        if owner == SECRETS:
            secret = value.partition(".")[0]
            if secret not in config.secrets:
                problem = f"`${{{name}}}` names the secret {secret}, which is not under `secrets`."
                yield MistakeError(problem, choice(SECRETS, config.secrets, secret), at=place)
            continue
        captured = [f"{check.name}.{one}" for check in checks for one in check.capture.names]
        if name not in captured:
            yield MistakeError(_reason(config.checks, index, name), _fix(name, captured), at=place)


def _reason(checks: Sequence[Check], index: int, name: str) -> str:
    owner, _, value = name.partition(".")
    later = [check.name for check in checks[index:]]
    if owner in later:
        return f"The check {owner} comes later, so `${{{name}}}` has no value yet."
    if owner in [check.name for check in checks]:
        return f"The check {owner} captures no {value or 'value without a name'}."
    return f"No earlier check has the value `${{{name}}}`."


def _fix(name: str, captured: list[str]) -> str:
    if near := difflib.get_close_matches(name, captured, n=1, cutoff=0.5):
        return f"Write `${{{near[0]}}}`."
    return "Write `${secrets.name}`, or `${check.value}` for a value under `capture` of an earlier check."
