"""The template of the bootstrap stack. An administrator applies it to an account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kanmon.config.check_values import secrets_of_checks
from kanmon.config.costs import Costs
from kanmon.config.existing import Existing
from kanmon.config.trail import Trail
from kanmon.config.workflows import FILES
from kanmon.language import phrase
from kanmon.model import SLOTS
from kanmon.naming import STACK_KINDS, Output, environment_output, logical_id, stack_name, trace_group
from kanmon.stacks.granted import ceilings
from kanmon.templates.expressions import boundary_facts
from kanmon.templates.rendering import render
from kanmon.templates.stack_set import is_protected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanmon.config.schema import Config
    from kanmon.stacks.own_rights import OwnRight


_AWS = "AWS::"
_NO_RIGHTS: dict[str, Any] = {"secrets": [], "sign_in": False}


def bootstrap_template(
    config: Config,
    others: Iterable[Config] = (),
    *,
    api_logs: bool = True,
    outputs: Mapping[str, str] | None = None,
    own: Sequence[Sequence[OwnRight]] = (),
    types: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Render the bootstrap stack. `others` are the configs of the other environments in the same file.

    With `api_logs` the stack sets API Gateway's role for writing logs. An account has one such role in each
    region. `outputs` are the stack's own, if it exists: the keys and trails of all its environments stay.
    `own` has the service role's rights for the team's own stacks, by policies, and `types` the resource types
    behind them, by environments.
    """
    configs = {one.environment: one for one in (*others, config)}
    trails, checks = environment_trails(configs, outputs or {}), check_rights(configs, outputs or {})
    workflows, versions = trusted_workflows(config, outputs or {})
    return render(
        "bootstrap.yml",
        app=config.app,
        environments=[
            _environment(configs.get(name), config, name, trail)
            | checks.get(name, _NO_RIGHTS)
            | _existing(existing_rights(configs, name, outputs or {}))
            | {"stack_types": _recorded_types((types or {}).get(name, ()))}
            for name, trail in trails.items()
        ],
        checks=json.dumps(checks),
        recorded=json.dumps(
            {name: trail and trail.model_dump(exclude_none=True) for name, trail in trails.items()}
        ),
        github=config.github,
        workflows=workflows,
        versions=json.dumps(versions),
        costs=config.costs,
        api_logs=api_logs,
        granted=ceilings(),
        own_rights=own,
    )


def deployed_costs(outputs: Mapping[str, str]) -> Costs | None:
    """The budget that the stack has already; None without one."""
    recorded = outputs.get(Output.COSTS)
    return Costs.model_validate_json(recorded) if recorded else None


def environment_trails(configs: Mapping[str, Config], outputs: Mapping[str, str]) -> dict[str, Trail | None]:
    """The app's environments in this account, each with its audit trail. `configs` has those of one file.

    The stack's outputs have the trails of the others. A trail without a config for it stays as it was: a
    config must not end an audit log.
    """
    recorded = json.loads(outputs.get(Output.ENVIRONMENTS, "{}"))
    trails = {name: Trail(**trail) if trail else None for name, trail in recorded.items()}
    for config in configs.values():
        for name in config.every_environment:
            trails.setdefault(name, None)
        trails[config.environment] = config.trail or trails[config.environment]
    return dict(sorted(trails.items()))


def check_rights(configs: Mapping[str, Config], outputs: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What the checks of each environment need in AWS: `secrets` by name, and `sign_in` to the user pool.

    As for the trails, the stack's outputs have those of environments without a config here.
    """
    rights: dict[str, dict[str, Any]] = json.loads(outputs.get(Output.CHECKS, "{}"))
    for name, config in configs.items():
        rights[name] = {
            "secrets": list(secrets_of_checks(config)),
            "sign_in": any(check.sign_in for check in config.checks),
        }
    return {name: right for name, right in sorted(rights.items()) if right != _NO_RIGHTS}


def lacking_rights(config: Config, outputs: Mapping[str, str]) -> str:
    """What the deploy role lacks for the environment's checks, in words; empty when it has all."""
    recorded = json.loads(outputs.get(Output.CHECKS, "{}")).get(config.environment, _NO_RIGHTS)
    unread = [name for name in secrets_of_checks(config) if name not in recorded["secrets"]]
    if unread:
        return phrase("read the secret {secret}", secret=unread[0])
    signs_in = any(check.sign_in for check in config.checks) and not recorded["sign_in"]
    return phrase("sign in to the user pool") if signs_in else ""


def lacking_types(config: Config, types: Iterable[str], outputs: Mapping[str, str]) -> list[str]:
    """The resource types of the environment's own stacks that CloudFormation's role has no rights for."""
    return sorted(set(types) - _granted_types(config.environment, outputs))


def stack_types(
    config: Config, used: Mapping[str, Iterable[str]], outputs: Mapping[str, str]
) -> dict[str, list[str]]:
    """The resource types of the team's own stacks, by environments: `used` has those of one file.

    The stack's outputs have those of the app's environments without a config here.
    """
    recorded = {name: _granted_types(name, outputs) for name in config.every_environment}
    return {name: sorted(types) for name, types in sorted((recorded | dict(used)).items()) if types}


def _recorded_types(types: Iterable[str]) -> str:
    """Without the beginning that nearly all have: a value of an output is short."""
    return ",".join(one.removeprefix(_AWS) if one.startswith(_AWS) else f":{one}" for one in types)


def _granted_types(environment: str, outputs: Mapping[str, str]) -> set[str]:
    recorded = outputs.get(environment_output(environment, Output.STACK_TYPES), "")
    listed = filter(None, recorded.split(","))
    return {one[1:] if one.startswith(":") else _AWS + one for one in listed}


def existing_rights(configs: Mapping[str, Config], name: str, outputs: Mapping[str, str]) -> dict[str, str]:
    """The existing things of an environment that its roles need rights for, as its own config names them.

    The stack's outputs have those of environments without a config here.
    """
    if name in configs:
        return configs[name].existing.rights
    recorded = outputs.get(environment_output(name, Output.EXISTING), "{}")
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


def _environment(own: Config | None, config: Config, name: str, trail: Trail | None) -> dict[str, object]:
    """The facts of an environment: by its own config, if the file has it, else by the present one."""
    prefix, channels = f"{config.app}-{name}", (own or config).notifications.channels
    kinds = (*STACK_KINDS, *sorted((own or config).stacks))
    return {
        "id": logical_id(name),
        "name": name,
        "prefix": prefix,
        "requires": own.requires if own else None,
        "configured": name in config.every_environment,
        "trail": trail,
        "allowed": boundary_facts(own or config, name),
        "channel_secrets": list(channels.values()),
        "traces": trace_group(prefix),
        "stacks": _stack_names(prefix, kinds),
        "protected_stacks": _stack_names(prefix, (one for one in kinds if is_protected(own or config, one))),
    }


def _stack_names(prefix: str, kinds: Iterable[str]) -> list[str]:
    """Each name once, and both of a slot's."""
    return list(dict.fromkeys(stack_name(prefix, kind, slot) for kind in kinds for slot in SLOTS))
