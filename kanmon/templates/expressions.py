"""Texts of the config with `${…}` as CloudFormation's expressions, for slots and for the boundary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kanmon.config.composed import is_secret
from kanmon.config.placeholders import names_in, substitute
from kanmon.config.substitution import PSEUDO, constants, slot_values, source, sources, texts
from kanmon.naming import FOUNDATION, unique_id
from kanmon.stacks.spec import StackOutput
from kanmon.text import yaml_quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kanmon.config.permissions import Statement
    from kanmon.config.schema import Config

_ESCAPED = re.compile(r"\$\{!")


def expression(config: Config, text: str) -> str:
    """The text in a slot's template: plain without a name in it, otherwise with `!Sub`."""
    source_of = source(config)

    def value(name: str) -> str:
        if is_secret(name):
            return f"${{!{name}}}"  # it stays as it is until the function starts
        if found := source_of(name):
            return f"${{{_parameter(*found)}}}"
        # Most texts have no name: nothing is worked out for them.
        return (slot_values(config) | _everywhere(config))[name]

    return _with_values(text, value)


def boundary_facts(config: Config, environment: str) -> list[dict[str, Any]]:
    """The statements of `boundary.allow`, for the boundary of one environment."""
    own = config.model_copy(update={"environment": environment})
    allowed = config.boundary.allow if config.boundary else ()
    return [
        _facts(statement, lambda text: _with_values(text, _everywhere(own).__getitem__))
        for statement in allowed
    ]


def statement_facts(config: Config, statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """Statements of one role in a slot's template."""
    return [_facts(statement, lambda text: expression(config, text)) for statement in statements]


def _everywhere(config: Config) -> dict[str, str]:
    """What each template knows. The region is CloudFormation's: then a plan shows no region in an ARN."""
    return constants(config) | {name: f"${{{name}}}" for name in (*PSEUDO, "AWS::Region")}


def _with_values(text: str, value: Callable[[str], str]) -> str:
    filled = substitute(_ESCAPED.sub("${!!", text), value)
    return f"!Sub {yaml_quoted(filled)}" if names_in(filled) else yaml_quoted(substitute(filled, str))


def _facts(statement: Statement, written: Callable[[str], str]) -> dict[str, Any]:
    return {
        "actions": statement.actions,
        "resources": list(map(written, statement.resources)),
        "conditions": {
            operator: {key: list(map(written, values)) for key, values in keys.items()}
            for operator, keys in statement.conditions.items()
        },
    }


def slot_sources(config: Config, named: Iterable[str]) -> dict[str, StackOutput]:
    """The slot's parameters for outputs of stacks, and where their values come from.

    The outputs are those in the config's texts, and `named`: those in the definitions of state machines.
    """
    slot_texts = [one.text for one in texts(config) if one.scope == "slot"]
    written = [*slot_texts, *(f"${{{name}}}" for name in named)]
    found = sources(config, written)
    if config.user_pool and config.user_pool.triggers.named:
        # For the permissions of the pool to call the functions.
        found |= {(FOUNDATION, "UserPoolId")}
    return {_parameter(kind, output): StackOutput(stack=kind, key=output) for kind, output in sorted(found)}


def _parameter(kind: str, output: str) -> str:
    """The slot's parameter with an output. The foundation's have their own names, as in the stack."""
    return output if kind == FOUNDATION else f"{output}Of{unique_id(kind)}"
