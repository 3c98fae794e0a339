"""The deletion protection of the database and the user pool: parameters of the foundation.

A resource is made without it: otherwise nobody could undo a failed creation. A second update switches it on
as soon as the stack exists. Then the stack has the value as well as the resource, so it is no drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.naming import Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.stacks.cloudformation import DeployedStack

ON, OFF = "true", "false"
PROTECTED_TYPES = {
    Parameter.PROTECT_DATABASE: "AWS::RDS::DBCluster",
    Parameter.PROTECT_USER_POOL: "AWS::Cognito::UserPool",
}
"""The type of the one resource behind each parameter."""


def protections(config: Config) -> dict[str, str]:
    """The parameters of the config's foundation: every protection is on."""
    sections = {
        Parameter.PROTECT_DATABASE: config.database,
        Parameter.PROTECT_USER_POOL: config.user_pool,
    }
    return {key: ON for key, section in sections.items() if section is not None}


def creating(parameters: Mapping[str, str], existing: DeployedStack | None) -> dict[str, str]:
    """The parameters of a change set: off for each resource that the stack doesn't have yet."""
    present = existing.parameters if existing else {}
    new = [key for key in PROTECTED_TYPES if key in parameters and key not in present]
    return {**parameters, **dict.fromkeys(new, OFF)}


def protecting(parameters: Mapping[str, str]) -> dict[str, str]:
    """A stack's parameters, with every protection on."""
    return {key: ON if key in set(PROTECTED_TYPES) else value for key, value in parameters.items()}


def unprotected(parameters: Mapping[str, str]) -> tuple[str, ...]:
    """The types of resources with their protection off."""
    return tuple(sorted(kind for key, kind in PROTECTED_TYPES.items() if parameters.get(key) == OFF))
