"""The outputs of an environment's stacks, and the parameters with a value from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import Slot
from kanmon.naming import SHARED_KINDS, STACK_KINDS, stack_name
from kanmon.stacks.spec import ParameterValue, StackOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.config.served import ServedConfig
    from kanmon.release.ports import Services


def outputs_of(services: Services, config: Config | ServedConfig, slot: Slot) -> dict[str, dict[str, str]]:
    """The outputs of the app's stacks now, by their kinds. A release may lack some of the kinds.

    Without a slot, they are those of the stacks outside of the slots.
    """
    # No role may read a stack of no slot.
    kinds = (*(SHARED_KINDS if slot is Slot.NONE else STACK_KINDS), *sorted(config.stacks))
    found = {kind: services.stacks.find(stack_name(config.prefix, kind, slot)) for kind in kinds}
    return {kind: stack.outputs for kind, stack in found.items() if stack}


def resolve(
    parameters: Mapping[str, ParameterValue], outputs: Mapping[str, Mapping[str, str]]
) -> dict[str, str] | None:
    """The parameters' values; None when a stack does not have one of the outputs yet."""
    values: dict[str, str] = {}
    for key, value in parameters.items():
        found = outputs.get(value.stack, {}).get(value.key) if isinstance(value, StackOutput) else value
        if found is None:
            return None
        values[key] = found
    return values
