"""Texts of the config with `${…}` as CloudFormation's expressions, for a slot's template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kanmon.config.substitution import PSEUDO, constants, names_in, outputs, substitute, texts
from kanmon.naming import FOUNDATION, SLOT, Parameter, slot_resource_name, unique_id
from kanmon.stacks.spec import StackOutput
from kanmon.templates.rendering import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.config.permissions import Statement
    from kanmon.config.schema import Config

_ESCAPED = re.compile(r"\$\{!")


def expression(config: Config, text: str) -> str:
    """The text in YAML: plain without a name in it, otherwise with `!Sub`."""
    if not names_in(text):
        return quoted(substitute(text, str))
    values = _slot_things(config) | constants(config) | {name: f"${{{name}}}" for name in PSEUDO}
    values |= {name: f"${{{_parameter(*source)}}}" for name, source in outputs(config).items()}
    kept = _ESCAPED.sub("${!!", text)
    return f"!Sub {quoted(substitute(kept, values.__getitem__))}"


def slot_sources(config: Config) -> dict[str, StackOutput]:
    """The slot's parameters for the outputs in the config's texts, and where their values come from."""
    known = outputs(config)
    named = {name for one in texts(config) if one.scope == "slot" for name in names_in(one.text)}
    return {
        _parameter(kind, output): StackOutput(stack=kind, key=output)
        for kind, output in sorted(known[name] for name in named & known.keys())
    }


def statement_facts(config: Config, statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """Statements with their texts as expressions."""
    return [
        {
            "actions": statement.actions,
            "resources": [expression(config, resource) for resource in statement.resources],
            "conditions": {
                operator: {key: [expression(config, one) for one in values] for key, values in keys.items()}
                for operator, keys in statement.conditions.items()
            },
        }
        for statement in statements
    ]


def _parameter(kind: str, output: str) -> str:
    """The slot's parameter with an output. The foundation's have their own names, as in the stack."""
    return output if kind == FOUNDATION else f"{output}Of{unique_id(kind)}"


def _slot_things(config: Config) -> dict[str, str]:
    """The ARNs of the slot's own things, made from their names: with `!GetAtt` a circle would be possible."""
    kinds: dict[str, tuple[str, str, Iterable[str]]] = {
        "Function": ("lambda", "function", config.functions),
        "StateMachine": ("states", "stateMachine", config.state_machines),
    }
    found = {}
    for kind, (service, resource, things) in kinds.items():
        for name in things:
            own = slot_resource_name(config.prefix, f"${{{Parameter.SLOT}}}", name)
            found[f"{SLOT}.{unique_id(name)}{kind}Arn"] = (
                f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}:{own}"
            )
    return found
