"""An environment's stacks: their kinds, their order, and the parameters from other stacks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kanmon.bundle.notifier_package import notifier_package
from kanmon.naming import (
    API,
    EDGE,
    FOUNDATION,
    OBSERVABILITY,
    OFF,
    SLOT,
    TRIGGERS,
    blob_key,
    stack_name,
)
from kanmon.notify.channels import channel_module
from kanmon.stacks.grants import slot_parameters
from kanmon.stacks.spec import ParameterValue, StackOutput, StackSpec
from kanmon.templates.api import api_template
from kanmon.templates.edge import edge_template
from kanmon.templates.foundation import foundation_template
from kanmon.templates.observability import observability_template
from kanmon.templates.slot import slot_template
from kanmon.templates.state_machines import Definition

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.model import Slot

PROTECTED = frozenset({FOUNDATION, EDGE})
"""The kinds of stack with state. No plan deletes this state, and CloudFormation refuses to delete it."""


def stack_kinds(config: Config) -> tuple[str, ...]:
    """The kinds of stack of the app. Each kind comes after the kinds it needs."""
    return (FOUNDATION, SLOT, *((API,) if config.api else ()), EDGE, OBSERVABILITY)


def tags(config: Config) -> dict[str, str]:
    """The cost-allocation tags of every resource (INF-9)."""
    return {**config.tags, "app": config.app, "environment": config.environment, "managed-by": "kanmon"}


def stacks_of(config: Config, manifest: Manifest, release: str, slot: Slot, bucket: str) -> list[StackSpec]:
    """All stacks of a release in `slot`."""
    templates = _templates(config, manifest)
    parameters: dict[str, dict[str, ParameterValue]] = {
        FOUNDATION: {},
        SLOT: _of_release(config, manifest, release, slot, bucket)
        | {key: StackOutput(stack=FOUNDATION, key=key) for key in (*slot_parameters(config), "KeyArn")},
        API: {"KeyArn": StackOutput(stack=FOUNDATION, key="KeyArn")},
        EDGE: {"ApiId": StackOutput(stack=API, key="ApiId")} if config.api else {},
        OBSERVABILITY: {
            "KeyArn": StackOutput(stack=FOUNDATION, key="KeyArn"),
            "Distribution": StackOutput(stack=EDGE, key="Distribution"),
        },
    }
    if config.notifications.channels:
        parameters[OBSERVABILITY]["ArtifactBucket"] = bucket
    if config.database:
        cluster = StackOutput(stack=FOUNDATION, key="DatabaseCluster")
        parameters[OBSERVABILITY]["DatabaseCluster"] = cluster
    return [
        StackSpec(kind, stack_name(config.prefix, kind, slot), templates[kind], parameters[kind])
        for kind in stack_kinds(config)
    ]


def _templates(config: Config, manifest: Manifest) -> dict[str, str]:
    keys = {name: blob_key(package.sha256) for name, package in manifest.functions.items()}
    definitions = {
        name: Definition(blob_key(found.sha256), found.functions)
        for name, found in manifest.state_machines.items()
    }
    return {
        FOUNDATION: foundation_template(config),
        SLOT: slot_template(config, keys, definitions),
        **({API: api_template(config)} if config.api else {}),
        EDGE: edge_template(config),
        OBSERVABILITY: observability_template(config, blob_key(_notifier(config))),
    }


def _of_release(
    config: Config, manifest: Manifest, release: str, slot: Slot, bucket: str
) -> dict[str, ParameterValue]:
    """The slot's parameters with a value of the release. A parameter without a use is left out."""
    given: dict[str, ParameterValue] = {"Slot": slot.value, "Release": release}
    if config.functions:
        given["Commit"] = manifest.commit
    if config.functions or config.state_machines:
        given["ArtifactBucket"] = bucket
    if config.queues or config.schedules:
        # A release starts with its triggers off. Otherwise two releases would do the same work.
        given[TRIGGERS] = OFF
    return given


def _notifier(config: Config) -> str:
    return hashlib.sha256(notifier_of(config)).hexdigest() if config.notifications.channels else ""


def notifier_of(config: Config) -> bytes:
    """The package of the notifier for the config's chat channels."""
    libraries = {
        library for name in config.notifications.channels for library in channel_module(name).LIBRARIES
    }
    return notifier_package(tuple(sorted(libraries)))
