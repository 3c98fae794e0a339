"""Warns of actions that IAM doesn't know, in the config's permissions and in the team's own templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.config.actions import unknown_action
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.stacks.template import resources_of
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.config.permissions import Statement
    from kanmon.config.schema import Config

_SHOWN = 80


def action_warnings(config: Config, bodies: Mapping[str, str]) -> list[KanmonError]:
    """ACTION_UNKNOWN for each of these actions, with the near one. `bodies` has the templates by stacks."""
    places = [*_in_config(config), *_in_templates(config, bodies)]
    return [
        _warning(where, action, near)
        for where, action in dict.fromkeys(places)
        if (near := unknown_action(action)) is not None
    ]


def _warning(where: str, action: str, near: str) -> KanmonError:
    problem = phrase(
        "IAM has no action `{action}`, so the statement has no effect on it.", action=cut(action, _SHOWN)
    )
    fix = (
        phrase("Write `{near}`. Is the action newer than your Kanmon? Then ignore this.", near=near)
        if near
        else None
    )
    return KanmonError(Code.ACTION_UNKNOWN, problem, where=where, fix=fix)


def _in_config(config: Config) -> Iterator[tuple[str, str]]:
    sections: dict[str, tuple[Statement, ...]] = {
        **{f"functions.{name}.permissions": one.permissions for name, one in config.functions.items()},
        **{
            f"state_machines.{name}.permissions": one.permissions
            for name, one in config.state_machines.items()
        },
        "boundary.allow": config.boundary.allow if config.boundary else (),
    }
    for section, statements in sections.items():
        for index, statement in enumerate(statements):
            yield from ((f"{section}[{index}].actions", action) for action in statement.actions)


def _in_templates(config: Config, bodies: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, body in bodies.items():
        for logical_id, resource in (resources_of(body) or {}).items():
            where = f"{config.stacks[name].template}, {logical_id}"
            yield from ((where, action) for action in _actions(resource.content) if ":" in action)


def _actions(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    """The actions of all statements below."""
    if isinstance(value, list):
        for one in value:
            yield from _actions(one)
    elif isinstance(value, dict):
        if "Effect" in value:
            given = (value.get(key, ()) for key in ("Action", "NotAction"))
            listed = [one for found in given for one in ([found] if isinstance(found, str) else found)]
            yield from (one for one in listed if isinstance(one, str))
        for one in value.values():
            yield from _actions(one)
