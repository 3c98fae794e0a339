"""What the rows of `stacks/grants.py` give: to each function, to the boundary, to the foundation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kanmon.naming import logical_id, unique_id
from kanmon.stacks.grants import GRANTS, Grant

if TYPE_CHECKING:
    from kanmon.config.schema import Config


@dataclass(frozen=True)
class Ceiling:
    """The limits of roles for one kind of thing, in the boundary and in the service role."""

    sid: str
    service: str
    resources: tuple[str, ...]
    actions: tuple[str, ...]
    """The actions of the app's functions."""
    creates: tuple[str, ...]
    """The actions of CloudFormation's service role."""


def ceilings() -> list[Ceiling]:
    """One ceiling for each section with a boundary, from all rows of the section."""
    sections: dict[str, list[Grant]] = {}
    for grant in GRANTS:
        if grant.boundary:
            sections.setdefault(grant.section, []).append(grant)
    return [
        Ceiling(
            sid=logical_id(section),
            service=arn.service,
            resources=arn.resources,
            actions=tuple(
                dict.fromkeys(action for row in rows for one in row.permissions for action in one.actions)
            ),
            creates=tuple(action for row in rows for action in row.creates),
        )
        for section, rows in sections.items()
        if (arn := rows[0].boundary)
    ]


@dataclass(frozen=True)
class Granted:
    """The variables and permissions of one function."""

    variables: dict[str, str] = field(default_factory=dict)
    permissions: dict[str, tuple[tuple[str, ...], list[str]]] = field(default_factory=dict)
    """By statement id: the actions and the resources."""
    key_uses: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    """By statement id: the service and the actions."""


def granted(config: Config, function: str) -> Granted:
    """The variables and permissions of a function in the config, from all rows."""
    given = Granted()
    for grant in GRANTS:
        for name in grant.used_by(config, function):
            values = (grant.fill(value, config, name) for value in grant.variables.values())
            given.variables.update(zip(grant.variable_names(name), values, strict=True))
            for permission in grant.permissions:
                statement = (permission.actions, list[str]())
                _, resources = given.permissions.setdefault(permission.sid, statement)
                resource = grant.fill(permission.resource, config, name)
                resources += [resource] if resource not in resources else []
            if use := grant.key_use:
                _, actions = given.key_uses.setdefault(use.sid, (use.service, []))
                actions += [action for action in use.actions if action not in actions]
    return given


def foundation_sections(config: Config) -> dict[str, Any]:
    """The things in the foundation, by section: a list of things with names, or the section itself."""
    return {
        grant.section: [
            {"id": unique_id(name), "name": name, **getattr(config, grant.section)[name].model_dump()}
            for name in grant.configured(config)
        ]
        if grant.named
        else getattr(config, grant.section)
        for grant in GRANTS
        if grant.template
    }
