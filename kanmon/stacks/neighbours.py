"""The environments in an account with names that begin alike: of this app, and of other apps with Kanmon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import RESERVED, Output, begins, bootstrap_stack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.stacks.cloudformation import DeployedStack


def refuse_alike(app: str, environments: Iterable[str], stacks: Iterable[DeployedStack]) -> None:
    """Raise NAMES_ALIKE if a pattern for one environment's names fits another's, too.

    `environments` are the app's. `stacks` are all in the account's region: a config knows no other app.
    """
    own = _prefixes(app, environments)
    found = {other: _prefixes(other, names) for other, names in _apps(stacks).items() if other != app}
    others = [prefix for prefixes in found.values() for prefix in prefixes]
    for one in own:
        for other in (*(name for name in own if name != one), *others):
            if begins(one, other) or begins(other, one):
                short, long = sorted((one, other), key=len)
                problem = phrase(
                    "The names {short} and {long} begin alike: the roles of {short} could use both.",
                    short=short,
                    long=long,
                )
                raise KanmonError(Code.NAMES_ALIKE, problem, where=bootstrap_stack(app))


def _prefixes(app: str, environments: Iterable[str]) -> list[str]:
    """How the names of the app's resources begin. Kanmon's own things take the place of an environment."""
    return [f"{app}-{name}" for name in sorted({*environments, RESERVED})]


def _apps(stacks: Iterable[DeployedStack]) -> dict[str, list[str]]:
    """The apps with a bootstrap stack, and their environments. Another tool's stack may have such a name."""
    found = {
        stack.name.removesuffix(bootstrap_stack("")): _recorded(stack.outputs.get(Output.ENVIRONMENTS, ""))
        for stack in stacks
        if stack.name.endswith(bootstrap_stack(""))
    }
    return {app: names for app, names in found.items() if names}


def _recorded(output: str) -> list[str]:
    try:
        environments = json.loads(output)
    except (ValueError, RecursionError):
        return []
    return list(environments) if isinstance(environments, dict) else []
