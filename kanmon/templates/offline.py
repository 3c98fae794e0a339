"""All templates of a config, without AWS and without a bundle: to read, to lint and to test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.bundle.manifest import FunctionPackage, Manifest, StackTemplate, StateMachineDefinition
from kanmon.config.built import build_inputs
from kanmon.language import phrase
from kanmon.model import Slot
from kanmon.naming import bootstrap_stack
from kanmon.stacks.preflight import LIMITS, Outline, inspect, outline, refuse_size
from kanmon.templates.bootstrap import bootstrap_template
from kanmon.templates.stack_set import Bootstrapped, stacks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanmon.config.schema import Config

BOOTSTRAP = "bootstrap"
_MADE = Bootstrapped("artifacts", "arn:aws:kms:region:account:key/key")


def render_offline(
    config: Config, manifest: Manifest | None = None, others: Iterable[Config] = ()
) -> dict[str, tuple[str, Outline]]:
    """Every stack's template and its outline, by the stack's kind. `others` are the other environments.

    Raises TEMPLATE_WRONG, TEMPLATE_TOO_BIG, API_TOO_BIG, STACK_TEMPLATE_INVALID.
    """
    bootstrap = bootstrap_template(config, others)
    refuse_size(bootstrap_stack(config.app), outline(bootstrap), {})
    specs = stacks_of(config, manifest or unbuilt(config), "r1", Slot.BLUE, _MADE)
    found = inspect(config, specs)
    return {BOOTSTRAP: (bootstrap, outline(bootstrap))} | {
        spec.kind: (spec.body, found[spec.kind]) for spec in specs
    }


def unbuilt(
    config: Config,
    steps: Mapping[str, tuple[str, ...]] | None = None,
    stacks: dict[str, StackTemplate] | None = None,
) -> Manifest:
    """A manifest for a config without a bundle. Its packages have names such as `not-built-api`.

    `steps` has the functions in the definition of each state machine, `stacks` the team's own templates.
    """
    packages = {
        name: FunctionPackage(sha256=f"not-built-{name}", size=0, files={}) for name in config.functions
    }
    definitions = {
        name: StateMachineDefinition(
            sha256=f"not-built-{name}", size=0, functions=(steps or {}).get(name, ())
        )
        for name in config.state_machines
    }
    return Manifest(
        app=config.app,
        commit="0" * 40,
        tools={},
        functions=packages,
        state_machines=definitions,
        stacks=stacks or {},
        web={},
        built=build_inputs(config.as_json()),
    )


def shares(one: Outline) -> str:
    """A template's sizes beside CloudFormation's limits, such as `12 of 500 resources`."""
    return ", ".join(
        phrase("{size:,} of {limit:,} {things}", size=size, limit=LIMITS[name], things=phrase(name))
        for name, size in one.sizes.items()
    )
