"""Finds in a template, before CloudFormation is asked, what CloudFormation or a service would refuse."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from kanmon.cloudformation.document import read, references
from kanmon.cloudformation.naming import misnamed
from kanmon.cloudformation.stacks import CAPABILITIES
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kanmon.cloudformation.rendering import Template

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
_PSEUDO = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix"
    )
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """What CloudFormation counts of a template."""

    resources: int
    bytes: int
    parameters: int
    outputs: int


LIMITS = Size(resources=500, bytes=1_000_000, parameters=200, outputs=200)
"""Of one template that lies in S3.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


@dataclass(frozen=True)
class Inspected:
    """A template in which nothing was found."""

    size: Size
    outputs: frozenset[str]


def preflight(
    stack: str, template: Template, given: Collection[str], made_of: Mapping[str, int] | None = None
) -> Inspected:
    """Look through a stack's template, which is `given` parameters.

    `made_of` says of how many functions or routes it is made, for the message. Raises TEMPLATE_WRONG with
    all that was found, TEMPLATE_TOO_BIG.
    """
    try:
        facts = look_into(template.body)
    except KanmonError as error:
        raise KanmonError(error.code, error.message, where=stack) from None
    _refuse_size(stack, facts.size, made_of or {})
    found = [*_parameters(facts, given), *facts.wrong]
    if found:
        raise KanmonError(Code.TEMPLATE_WRONG, " ".join(found), where=stack)
    return Inspected(facts.size, facts.outputs)


@dataclass(frozen=True)
class Facts:
    """What a template's text says by itself."""

    size: Size
    parameters: Mapping[str, bool]
    """Whether each has a default."""
    outputs: frozenset[str]
    wrong: tuple[str, ...]


@lru_cache(maxsize=64)
def look_into(body: str) -> Facts:
    """Read a template's text, which is slow; the same come again. Raises TEMPLATE_WRONG when it is none."""
    content = read(body)
    parameters, outputs = content.get("Parameters", {}), content.get("Outputs", {})
    return Facts(
        size=Size(
            resources=len(content["Resources"]),
            bytes=len(body.encode()),
            parameters=len(parameters),
            outputs=len(outputs),
        ),
        parameters={name: "Default" in parameter for name, parameter in parameters.items()},
        outputs=frozenset(outputs),
        wrong=(
            *_references(content),
            *_circles(content),
            *_macros(content),
            *misnamed(content),
            *_resolved(body),
        ),
    )


def too_many(size: Size, count: int) -> int:
    """About how many of `count` parts must go for a template to fit; 0 when it does."""
    shares: list[float] = [getattr(size, field.name) / getattr(LIMITS, field.name) for field in fields(Size)]
    return max(0, math.ceil(count * (1 - 1 / max(shares))))


def _refuse_size(stack: str, size: Size, made_of: Mapping[str, int]) -> None:
    over = [
        f"{getattr(size, field.name)} {field.name} where CloudFormation takes {getattr(LIMITS, field.name)}"
        for field in fields(Size)
        if getattr(size, field.name) > getattr(LIMITS, field.name)
    ]
    if over:
        parts = " and ".join(
            f"about {too_many(size, count)} of its {count} {what}" for what, count in made_of.items()
        )
        many = f" {parts[:1].upper()}{parts[1:]} are too many." if parts else ""
        raise KanmonError(Code.TEMPLATE_TOO_BIG, f"It has {', '.join(over)}.{many}", where=stack)


def _parameters(facts: Facts, given: Collection[str]) -> Iterator[str]:
    for name in sorted(set(given) - set(facts.parameters)):
        yield f"The parameter {name} is given, but not declared."
    for name, has_default in facts.parameters.items():
        if name not in given and not has_default:
            yield f"The parameter {name} is declared, but not given."


def _references(content: Mapping[str, Any]) -> Iterator[str]:
    resources, parameters = content["Resources"], content.get("Parameters", {})
    conditions = content.get("Conditions", {})
    places = dict(resources)
    places |= {f"the output {key}": one for key, one in content.get("Outputs", {}).items()}
    places |= {f"the condition {key}": one for key, one in conditions.items()}
    named = {"Ref": {*resources, *parameters, *_PSEUDO}, "GetAtt": set(resources), "If": set(conditions)}
    for place, part in places.items():
        for function, name in sorted(set(references(part))):
            if name not in named.get(function, named["Ref"]):
                yield f"{place} names {name} ({function}), which is not there."
    for place, resource in resources.items():
        for name in _depends_on(resource):
            if name not in resources:
                yield f"{place} depends on {name}, which is not there."


def _depends_on(resource: Mapping[str, Any]) -> list[str]:
    named = resource.get("DependsOn", [])
    return named if isinstance(named, list) else [named]


def _circles(content: Mapping[str, Any]) -> Iterator[str]:
    needs = {
        name: {other for function, other in references(resource) if function != "If"}
        | set(_depends_on(resource))
        for name, resource in content["Resources"].items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        yield f"These need each other: {', '.join(dict.fromkeys(error.args[1]))}."


def _macros(content: Mapping[str, Any]) -> Iterator[str]:
    """A macro needs CAPABILITY_AUTO_EXPAND, which is not given: what it makes, no reviewer would see."""
    used = Counter(key for key in _keys(content) if key in {"Transform", "Fn::Transform"})
    if used and "CAPABILITY_AUTO_EXPAND" not in CAPABILITIES:
        yield "It uses a macro, which needs CAPABILITY_AUTO_EXPAND."


def _resolved(body: str) -> Iterator[str]:
    """A dynamic reference puts a secret's value into a resource's settings."""
    if "{{resolve:" in body:
        yield "It has a dynamic reference (`{{resolve:`), and no secret's value belongs into a stack."


def _keys(value: Any) -> Iterator[str]:  # noqa: ANN401 - a part of a template can be anything
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(item)
