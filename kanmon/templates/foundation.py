"""The template of the foundation. It outlives every release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.waiting import ANSWERING
from kanmon.naming import logical_id
from kanmon.stacks.granted import foundation_sections
from kanmon.stacks.grants import GRANTS, foundation_outputs
from kanmon.stacks.protection import protections
from kanmon.stacks.user_triggers import NO_SLOT, POOL_PARAMETERS
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.schema import Config


def foundation_template(config: Config) -> str:
    """Render the foundation: network, database, resources for functions."""
    sections = foundation_sections(config)
    return render(
        "foundation.yml",
        prefix=config.prefix,
        database=config.database,
        network=config.existing.network,
        endpoints=[{"id": logical_id(service), "service": service} for service in config.network.endpoints],
        functions=config.functions,
        answering=ANSWERING,
        **sections,
        templates=[grant.template for grant in GRANTS if grant.template and sections[grant.section]],
        outputs=foundation_outputs(config),
        logs=config.logs,
        signs_in=any(check.sign_in for check in config.checks),
        protections=protections(config),
        pool_parameters={name: logical_id(key) for name, key in POOL_PARAMETERS.items()},
        no_slot=NO_SLOT,
    )
