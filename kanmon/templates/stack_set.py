"""An environment's stacks: their kinds, their order, and the parameters from other stacks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.config.stacks import BOUNDARY, ROLE_PATH
from kanmon.config.substitution import resolved, sources
from kanmon.naming import (
    API,
    EDGE,
    FOUNDATION,
    OBSERVABILITY,
    OFF,
    SLOT,
    STACK_KINDS,
    Output,
    Parameter,
    blob_key,
    boundary,
    role_path,
    stack_name,
)
from kanmon.notify.package import notifier_package
from kanmon.stacks.grants import slot_parameters
from kanmon.stacks.protection import protections
from kanmon.stacks.spec import ParameterValue, StackOutput, StackSpec
from kanmon.stacks.user_triggers import user_triggers
from kanmon.templates.api import api_template, uses_own_pool
from kanmon.templates.edge import edge_template
from kanmon.templates.expressions import slot_sources
from kanmon.templates.foundation import foundation_template
from kanmon.templates.observability import observability_template
from kanmon.templates.slot import slot_template
from kanmon.templates.state_machines import Definition

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.config.served import ServedConfig
    from kanmon.model import Slot

PROTECTED = frozenset({FOUNDATION, EDGE})
"""Kanmon's kinds of stack with state. No plan deletes this state, and CloudFormation refuses to delete it."""


@dataclass(frozen=True)
class Bootstrapped:
    """What the bootstrap stack made for an environment."""

    bucket: str
    """The artifact bucket's name."""
    key: str
    """The ARN of the environment's key."""

    def boundary(self, prefix: str) -> str:
        """The ARN of the permission boundary, in the key's account."""
        _, partition, _, _, account, _ = self.key.split(":", 5)
        return f"arn:{partition}:iam::{account}:policy/{boundary(prefix)}"


def stack_kinds(config: Config | ServedConfig) -> tuple[str, ...]:
    """The kinds of stack of the app: Kanmon's in the order of `STACK_KINDS`, then the team's own by name."""
    return (*(kind for kind in STACK_KINDS if kind != API or config.api), *sorted(config.stacks))


def is_protected(config: Config | ServedConfig, kind: str) -> bool:
    """Whether a kind of stack has state to protect."""
    return kind in PROTECTED or kind in config.stateful_stacks


def tags(config: Config) -> dict[str, str]:
    """The cost-allocation tags of every resource (INF-9)."""
    return {**config.tags, "app": config.app, "environment": config.environment, "managed-by": "kanmon"}


def stacks_of(
    config: Config, manifest: Manifest, release: str, slot: Slot, made: Bootstrapped
) -> list[StackSpec]:
    """All stacks of a release in `slot`."""
    templates = _templates(config, manifest)
    named = [name for found in manifest.state_machines.values() for name in found.values]
    parameters: dict[str, dict[str, ParameterValue]] = {
        FOUNDATION: {Output.KEY_ARN: made.key, **protections(config), **user_triggers(config, slot)},
        SLOT: _of_release(config, manifest, release, slot, made.bucket)
        | _outputs(FOUNDATION, *slot_parameters(config), Output.KEY_ARN)
        | dict(slot_sources(config, named)),
        API: _outputs(FOUNDATION, Output.ACCESS_LOGS, *(["UserPoolId"] if uses_own_pool(config) else [])),
        EDGE: _outputs(API, Output.API_ID) if config.api else {},
        OBSERVABILITY: _outputs(FOUNDATION, Output.KEY_ARN) | _outputs(EDGE, Output.DISTRIBUTION),
    }
    parameters |= {name: _of_own_stack(config, manifest, name, made) for name in config.stacks}
    if config.notifications.channels:
        parameters[OBSERVABILITY][Parameter.ARTIFACT_BUCKET] = made.bucket
    if config.database:
        parameters[OBSERVABILITY] |= _outputs(FOUNDATION, Output.DATABASE_CLUSTER)
    return [
        StackSpec(kind, stack_name(config.prefix, kind, slot), templates[kind], parameters[kind])
        for kind in stack_kinds(config)
    ]


def _outputs(stack: str, *keys: str) -> dict[str, ParameterValue]:
    """Parameters with the values and the names of another stack's outputs."""
    return {str(key): StackOutput(stack=stack, key=key) for key in keys}


def _templates(config: Config, manifest: Manifest) -> dict[str, str]:
    keys = {
        name: blob_key(config.environment, package.sha256) for name, package in manifest.functions.items()
    }
    definitions = {
        name: Definition(blob_key(config.environment, found.sha256), found.functions, found.values)
        for name, found in manifest.state_machines.items()
    }
    return {
        FOUNDATION: foundation_template(config),
        SLOT: slot_template(config, keys, definitions),
        **({API: api_template(config)} if config.api else {}),
        EDGE: edge_template(config),
        OBSERVABILITY: observability_template(config, _notifier(config)),
        **{name: template.body for name, template in manifest.stacks.items()},
    }


def _output(stack: str, key: str) -> StackOutput:
    return StackOutput(stack=stack, key=key)


def _of_own_stack(
    config: Config, manifest: Manifest, name: str, made: Bootstrapped
) -> dict[str, ParameterValue]:
    """The parameters of one of the team's stacks. Its roles get the path and the boundary of the app's."""
    # Defaults are given, too: CloudFormation shows them as the stack's parameters, and a plan compares these.
    given: dict[str, ParameterValue] = dict(manifest.stacks[name].defaults)
    for key, text in config.stacks[name].parameters.items():
        found = sources(config, [text])
        given[key] = _output(*found.pop()) if found else resolved(text, config, {})
    if manifest.stacks[name].roles:
        given[ROLE_PATH] = role_path(config.app, config.environment)
        given[BOUNDARY] = made.boundary(config.prefix) if config.github else ""
    return given


def _of_release(
    config: Config, manifest: Manifest, release: str, slot: Slot, bucket: str
) -> dict[str, ParameterValue]:
    """The slot's parameters with a value of the release. A parameter without a use is left out."""
    given: dict[str, ParameterValue] = {Parameter.SLOT: slot.value, Parameter.RELEASE: release}
    if config.functions:
        given[Parameter.COMMIT] = manifest.commit
    if config.functions or config.state_machines:
        given[Parameter.ARTIFACT_BUCKET] = bucket
    if config.schedules or any(queue.function for queue in config.queues.values()):
        # A release starts with its triggers off. Otherwise two releases would do the same work.
        given[Parameter.TRIGGERS] = OFF
    return given


def _notifier(config: Config) -> str:
    """The object key of the notifier's package. Empty without a channel: then there is no notifier."""
    if not config.notifications.channels:
        return ""
    return blob_key(config.environment, hashlib.sha256(notifier_of(config)).hexdigest())


def notifier_of(config: Config) -> bytes:
    """The package of the notifier for the config's chat channels."""
    return notifier_package(tuple(sorted(config.notifications.channels)))
