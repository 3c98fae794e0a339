"""The app's stacks: which there are, in which order, and what each is given of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from kanmon.bundle.blobs import blob_key
from kanmon.cloudformation import (
    Definition,
    Template,
    api_template,
    edge_template,
    foundation_template,
    observability_template,
    queue_parameters,
    slot_template,
    unique_id,
    used_secrets,
    uses_database,
    uses_users,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.bundle import Manifest
    from kanmon.config import Config
    from kanmon.ledger import Slot

FOUNDATION, SLOT, API, EDGE = "foundation", "slot", "api", "edge"
OBSERVABILITY = "observability"
PROTECTED = frozenset({FOUNDATION, EDGE})
"""Parts that hold state: no plan takes it away, and their stacks refuse by themselves to lose it."""
BACKGROUND, ON, OFF = "Background", "ENABLED", "DISABLED"
"""The parameter of a slot's stack by which its schedules and queues are at work, and its values."""


class Output(BaseModel):
    """A value that another stack gives, known when that stack exists."""

    model_config = ConfigDict(frozen=True)

    part: str
    key: str


Value = str | Output


@dataclass(frozen=True)
class StackSpec:
    """One stack as it should be."""

    part: str
    name: str
    template: Template
    parameters: Mapping[str, Value]


def parts(config: Config) -> tuple[str, ...]:
    """The app's parts, in an order in which every one comes after what it needs."""
    return (FOUNDATION, SLOT, *((API,) if config.api else ()), EDGE, OBSERVABILITY)


def stack_name(config: Config, part: str, slot: Slot) -> str:
    """`<app>-<environment>-<part>`; the slot's stack has its colour too."""
    return f"{config.prefix}-{part}-{slot}" if part == SLOT else f"{config.prefix}-{part}"


def tags(config: Config) -> dict[str, str]:
    """The cost-allocation tags of everything (INF-9)."""
    return {**config.tags, "app": config.app, "environment": config.environment, "managed-by": "kanmon"}


def blueprint(config: Config, manifest: Manifest, release: str, slot: Slot, bucket: str) -> list[StackSpec]:
    """All stacks of a release that goes into `slot`."""
    templates = _templates(config, manifest)
    parameters: dict[str, dict[str, Value]] = {
        FOUNDATION: {},
        SLOT: _of_release(config, manifest, release, slot, bucket)
        | {key: Output(part=FOUNDATION, key=key) for key in _of_foundation(config)},
        API: {"KeyArn": Output(part=FOUNDATION, key="KeyArn")},
        EDGE: {"ApiId": Output(part=API, key="ApiId")} if config.api else {},
        OBSERVABILITY: {
            "KeyArn": Output(part=FOUNDATION, key="KeyArn"),
            "Distribution": Output(part=EDGE, key="Distribution"),
        },
    }
    if config.database:
        parameters[OBSERVABILITY]["DatabaseCluster"] = Output(part=FOUNDATION, key="DatabaseCluster")
    return [
        StackSpec(part, stack_name(config, part, slot), templates[part], parameters[part])
        for part in parts(config)
    ]


def _templates(config: Config, manifest: Manifest) -> dict[str, Template]:
    keys = {name: blob_key(package.sha256) for name, package in manifest.functions.items()}
    definitions = {
        name: Definition(blob_key(found.sha256), found.functions)
        for name, found in manifest.workflows.items()
    }
    return {
        FOUNDATION: foundation_template(config),
        SLOT: slot_template(config, keys, definitions),
        **({API: api_template(config)} if config.api else {}),
        EDGE: edge_template(config),
        OBSERVABILITY: observability_template(config),
    }


def _of_release(
    config: Config, manifest: Manifest, release: str, slot: Slot, bucket: str
) -> dict[str, Value]:
    """What makes the slot's stack that of one release, as far as something in it uses that."""
    given: dict[str, Value] = {"Slot": slot.value, "Release": release}
    if config.functions:
        given["Commit"] = manifest.commit
    if config.functions or config.workflows:
        given["ArtifactBucket"] = bucket
    if config.queues or config.schedules:
        # A release comes up idle: what works in the background is the live slot's.
        given[BACKGROUND] = OFF
    return given


def _of_foundation(config: Config) -> list[str]:
    """The outputs of the foundation that the slot's functions are given."""
    network = ["FunctionSubnets", "FunctionSecurityGroup"]
    database = (
        [*network, "DatabaseHost", "DatabasePort", "DatabaseSecretArn"] if uses_database(config) else []
    )
    secrets = [f"{unique_id(name)}SecretArn" for name in used_secrets(config)]
    users = ["UserPoolId", "UserPoolClientId"] if uses_users(config) else []
    return [*database, *secrets, *queue_parameters(config), *users, "KeyArn"]
