"""The template of the bootstrap stack. An administrator applies it to an account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanmon.config.existing import Existing
from kanmon.config.trail import Trail
from kanmon.config.workflows import FILES
from kanmon.model import SLOTS
from kanmon.naming import STACK_KINDS, Output, environment_output, logical_id, stack_name, trace_group
from kanmon.stacks.grants import ceilings
from kanmon.templates.expressions import boundary_facts
from kanmon.templates.rendering import render
from kanmon.templates.stack_set import PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanmon.config.schema import Config


def bootstrap_template(
    config: Config, *, api_logs: bool = True, outputs: Mapping[str, str] | None = None
) -> str:
    """Render the bootstrap stack.

    With `api_logs` the stack sets API Gateway's role for writing logs. An account has one such role in each
    region. `outputs` are the stack's own, if it exists: the keys and trails of all its environments stay.
    """
    trails = environment_trails(config, outputs or {})
    workflows, versions = trusted_workflows(config, outputs or {})
    return render(
        "bootstrap.yml",
        app=config.app,
        environments=[
            _environment(config, name, f"{config.app}-{name}", trail)
            | _existing(existing_rights(config, name, outputs or {}))
            for name, trail in trails.items()
        ],
        recorded=json.dumps({name: trail and trail.model_dump() for name, trail in trails.items()}),
        github=config.github,
        workflows=workflows,
        versions=json.dumps(versions),
        costs=config.costs,
        api_logs=api_logs,
        granted=ceilings(),
        channel_secrets=list(config.notifications.channels.values()),
    )


def environment_trails(config: Config, outputs: Mapping[str, str]) -> dict[str, Trail | None]:
    """The app's environments in this account, each with its audit trail.

    A config knows only its own environment's trail. The stack's outputs have the others. A trail without a
    config for it stays as it was: a config must not end an audit log.
    """
    recorded = json.loads(outputs.get(Output.ENVIRONMENTS, "{}"))
    trails = {name: Trail(**trail) if trail else None for name, trail in recorded.items()}
    for name in config.environments:
        trails.setdefault(name, None)
    trails[config.environment] = config.trail or trails[config.environment]
    return dict(sorted(trails.items()))


def existing_rights(config: Config, environment: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """The existing things of an environment that its roles need rights for, as its own config names them.

    A config knows only its own environment's. The stack's outputs have those of the others.
    """
    if environment == config.environment:
        return config.existing.rights
    recorded = outputs.get(environment_output(environment, Output.EXISTING), "{}")
    known: dict[str, str] = json.loads(recorded)
    return Existing().rights | known


def trusted_workflows(config: Config, outputs: Mapping[str, str]) -> tuple[list[str], dict[str, list[str]]]:
    """The `job_workflow_ref` claims for the roles, and the record of them for the stack's outputs.

    The former version's of Kanmon's own files stay until the next upgrade: between `kanmon bootstrap` of a
    new version and the new workflow files, a release runs by the old ones. All other refs are trusted as long
    as the config lists them. Otherwise nobody could end the trust in a workflow.
    """
    given = list(config.github.workflow_refs) if config.github else []
    own = [ref for ref in given if ref.partition("@")[0] in FILES]
    recorded = json.loads(outputs.get(Output.WORKFLOWS, "{}"))
    former: list[str] = recorded.get("former", [])
    if recorded and recorded["now"] != own:
        former = recorded["now"]
    if not config.github or not set(FILES) & set(config.github.workflows):
        former = []
    return list(dict.fromkeys([*given, *former])), {"now": own, "former": former}


def _existing(rights: dict[str, str]) -> dict[str, object]:
    named = {kind: value for kind, value in rights.items() if value}
    return {"existing": rights, "recorded_existing": json.dumps(named) if named else ""}


def _environment(config: Config, name: str, prefix: str, trail: Trail | None) -> dict[str, object]:
    return {
        "id": logical_id(name),
        "name": name,
        "prefix": prefix,
        "configured": name in config.environments,
        "trail": trail,
        "allowed": boundary_facts(config, name),
        "traces": trace_group(prefix),
        "stacks": _stack_names(prefix, STACK_KINDS),
        "protected_stacks": _stack_names(prefix, (kind for kind in STACK_KINDS if kind in PROTECTED)),
    }


def _stack_names(prefix: str, kinds: Iterable[str]) -> list[str]:
    """Each name once, and both of a slot's."""
    return list(dict.fromkeys(stack_name(prefix, kind, slot) for kind in kinds for slot in SLOTS))
