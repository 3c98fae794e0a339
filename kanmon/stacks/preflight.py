"""Checks a release's templates against CloudFormation's rules, before any change set is made.

The tests lint Kanmon's own templates as a whole. This module checks only the facts from a config: the
limits, and the parameters of each stack. It reads a template line by line, because every resource begins
with two spaces. A YAML library takes 8 seconds for 160 functions.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.config.api import resource_count
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase, sentences
from kanmon.model import Slot
from kanmon.naming import API, SLOT, stack_name
from kanmon.stacks.own_names import refuse_foreign_names
from kanmon.stacks.spec import StackOutput
from kanmon.stacks.template import resources_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from kanmon.config.schema import Config
    from kanmon.stacks.spec import StackSpec

LIMITS = {
    deferred("resources"): 500,
    deferred("bytes"): 1_000_000,
    deferred("parameters"): 200,
    deferred("outputs"): 200,
}
"""CloudFormation's limits for one template in S3.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
API_RESOURCES = 300
"""API Gateway's default quota of resources for one API.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""

_TOO_MANY = {
    "functions": deferred(" About {surplus} of its {count} functions are too many."),
    "routes": deferred(" About {surplus} of its {count} routes are too many."),
}
"""What makes a template grow: a sentence with a blank before it."""
_SECTION = re.compile(r"(\w+):")
_ENTRY = re.compile(r"  (\w+):")


@dataclass(frozen=True)
class Outline:
    """The declarations of a rendered template."""

    bytes: int
    resources: tuple[str, ...]
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The template's sizes, by the names of LIMITS."""
        return {
            "resources": len(self.resources),
            "bytes": self.bytes,
            "parameters": len(self.parameters),
            "outputs": len(self.outputs),
        }


def outline(body: str) -> Outline:
    """Read the declarations of a template. It must be one of Kanmon's own."""
    found: dict[str, list[str]] = {"Resources": [], "Parameters": [], "Outputs": []}
    section: list[str] = []
    for line in body.splitlines():
        if start := _SECTION.match(line):
            section = found.setdefault(start[1], [])
        elif entry := _ENTRY.match(line):
            section.append(entry[1])
    resources, parameters, outputs = (tuple(found[name]) for name in ("Resources", "Parameters", "Outputs"))
    return Outline(len(body.encode()), resources, parameters, outputs)


def inspect(config: Config, specs: Iterable[StackSpec]) -> dict[str, Outline]:
    """The outline of each stack, by its kind.

    Raises TEMPLATE_WRONG, TEMPLATE_TOO_BIG, API_TOO_BIG, STACK_TEMPLATE_INVALID.
    """
    specs = list(specs)
    found = {spec.kind: outline(spec.body) for spec in specs}
    for spec in specs:
        if not spec.body.isascii():
            # GetTemplate answers `?` for every other character: each later plan would find a change.
            raise KanmonError(
                Code.TEMPLATE_WRONG, phrase("It has characters outside ASCII."), where=spec.name
            )
        if resources_of(spec.body) is None:
            # A plan shows each resource. None may hide in a form that nobody reads.
            problem = phrase("Its resources can't be read one by one.")
            raise KanmonError(Code.TEMPLATE_WRONG, problem, where=spec.name)
        refuse_size(spec.name, found[spec.kind], _growing(config, spec.kind))
        _refuse_parameters(spec, found)
        refuse_foreign_names(config, spec)
    _refuse_routes(config)
    return found


def refuse_size(stack: str, one: Outline, growing: Mapping[str, int]) -> None:
    """Raise TEMPLATE_TOO_BIG. `growing` has the number of functions or routes, for the message."""
    over = [
        phrase(
            "{size} {things} where CloudFormation takes {limit}", size=size, things=phrase(name), limit=limit
        )
        for name, limit in LIMITS.items()
        if (size := one.sizes[name]) > limit
    ]
    if over:
        hint = "".join(
            phrase(_TOO_MANY[name], surplus=too_many(one, count), count=count)
            for name, count in growing.items()
        )
        problem = phrase("It has {sizes}.{hint}", sizes=", ".join(over), hint=hint)
        raise KanmonError(Code.TEMPLATE_TOO_BIG, problem, where=stack)


def _refuse_routes(config: Config) -> None:
    count = resource_count(config.routes)
    if count > API_RESOURCES:
        raise KanmonError(
            Code.API_TOO_BIG,
            phrase(
                "The {routes} routes need {count} resources where API Gateway takes {limit}. Each step of a "
                "path is one, and paths share the steps at their beginning.",
                routes=len(config.routes),
                count=count,
                limit=API_RESOURCES,
            ),
            where=stack_name(config.prefix, API, Slot.NONE),
        )


def too_many(one: Outline, count: int) -> int:
    """About how many of `count` functions or routes must go until a template fits. 0 when it fits."""
    share = max(size / LIMITS[name] for name, size in one.sizes.items())
    return max(0, math.ceil(count * (1 - 1 / share))) if share > 1 else 0


def _growing(config: Config, kind: str) -> Mapping[str, int]:
    if kind == SLOT:
        return {"functions": len(config.functions)}
    return {"routes": len(config.routes)} if kind == API else {}


def _refuse_parameters(spec: StackSpec, found: Mapping[str, Outline]) -> None:
    problems = [
        *_differences(spec.parameters, found[spec.kind].parameters),
        *(
            phrase(
                "The parameter {key} takes the output {output} of {stack}. {stack} has no such output.",
                key=key,
                output=value.key,
                stack=value.stack,
            )
            for key, value in spec.parameters.items()
            if isinstance(value, StackOutput) and value.key not in found[value.stack].outputs
        ),
    ]
    if problems:
        raise KanmonError(Code.TEMPLATE_WRONG, sentences(*problems), where=spec.name)


def _differences(given: Collection[str], declared: Collection[str]) -> list[str]:
    undeclared = [
        phrase("The parameter {name} is given, but not declared.", name=name)
        for name in given
        if name not in declared
    ]
    missing = [
        phrase("The parameter {name} is declared, but not given.", name=name)
        for name in declared
        if name not in given
    ]
    return undeclared + missing
