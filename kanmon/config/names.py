"""Refuses names of environments that begin alike: AWS takes such environments for one."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from kanmon.config.placeholders import SECRETS
from kanmon.config.section import MistakeError
from kanmon.language import phrase
from kanmon.model import SLOTS
from kanmon.naming import RESERVED, SLOT, STACK_KINDS, begins, logical_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

_STACKS = {*STACK_KINDS, *(f"{SLOT}-{slot}" for slot in SLOTS), RESERVED, "bootstrap"}
"""The names of Kanmon's own stacks, behind those of the app and the environment."""


def check_names(config: Config) -> None:
    """Check the names of the app's environments, as far as the config knows them.

    A role may use each resource with a name such as `shop-test-*`, so `test` would own all of `test-eu`.
    Raises MistakeError with the first problem.
    """
    for mistake in _mistakes(config):
        raise mistake


def _mistakes(config: Config) -> Iterator[MistakeError]:
    yield from _of_stacks(config)
    at: tuple[str, ...] = ("environment",) if config.github is None else ("github", "environments")
    at = ("environments",) if config.environments else at
    for name in config.every_environment:
        if begins(RESERVED, name):
            yield MistakeError(
                phrase(
                    "The environment's name {name} begins with `{reserved}`. Such names are Kanmon's own: "
                    "the artifact bucket has the name {bucket}.",
                    name=name,
                    reserved=RESERVED,
                    bucket=f"{config.app}-{RESERVED}-…",
                ),
                phrase("Choose another name, such as `{name}`.", name="production"),
                at=("environment",) if name == config.environment and not config.environments else at,
            )
    for one, other in combinations(config.every_environment, 2):
        if begins(one, other):
            yield MistakeError(
                phrase(
                    "The environment {other} begins with the name of the environment {one}. Then the roles "
                    "of {one} could use everything of {other}.",
                    one=one,
                    other=other,
                ),
                phrase(
                    "Rename one of them, such as `{name}`.", name=f"{other.removeprefix(one + '-')}-{one}"
                ),
                at=at,
            )
        if logical_id(one) == logical_id(other):
            yield MistakeError(
                phrase(
                    "The environments {one} and {other} have the same name without their hyphens.",
                    one=one,
                    other=other,
                ),
                phrase("Rename one of them."),
                at=at,
            )


def _of_stacks(config: Config) -> Iterator[MistakeError]:
    for name in config.stacks:
        if name in _STACKS:
            yield MistakeError(
                phrase("Kanmon itself has a stack {name} in each environment.", name=name),
                phrase("Choose another name, such as `{name}`.", name="orders"),
                at=("stacks", name),
            )
    if SECRETS in config.stacks:
        yield MistakeError(
            phrase(
                "`${{{name}.…}}` names values of secrets, so no output of a stack {name} could be named.",
                name=SECRETS,
            ),
            phrase("Choose another name, such as `{name}`.", name="keys"),
            at=("stacks", SECRETS),
        )
