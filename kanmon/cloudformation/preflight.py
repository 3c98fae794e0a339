"""Finds in a template, before CloudFormation is asked, what CloudFormation or a service would refuse."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields
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
    content = read(template.body, stack)
    size = measure(template, content)
    _refuse_size(stack, size, made_of or {})
    found = [*_parameters(content, given), *_references(content), *_circles(content), *_macros(content)]
    found += misnamed(content)
    if found:
        raise KanmonError(Code.TEMPLATE_WRONG, " ".join(found), where=stack)
    return Inspected(size, frozenset(content.get("Outputs", {})))


def measure(template: Template, content: Mapping[str, Any]) -> Size:
    """What CloudFormation counts."""
    return Size(
        resources=len(content["Resources"]),
        bytes=len(template.body.encode()),
        parameters=len(content.get("Parameters", {})),
        outputs=len(content.get("Outputs", {})),
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


def _parameters(content: Mapping[str, Any], given: Collection[str]) -> Iterator[str]:
    declared = content.get("Parameters", {})
    for name in sorted(set(given) - set(declared)):
        yield f"The parameter {name} is given, but not declared."
    for name, parameter in declared.items():
        if name not in given and "Default" not in parameter:
            yield f"The parameter {name} is declared, but not given."


def _references(content: Mapping[str, Any]) -> Iterator[str]:
    resources, parameters = content["Resources"], content.get("Parameters", {})
    places = {**resources, **{f"the output {key}": one for key, one in content.get("Outputs", {}).items()}}
    for place, part in places.items():
        for function, name in sorted(set(references(part))):
            known = name in resources or (function != "GetAtt" and (name in parameters or name in _PSEUDO))
            if not known:
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
        name: {other for _, other in references(resource)} | set(_depends_on(resource))
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


def _keys(value: Any) -> Iterator[str]:  # noqa: ANN401 - a part of a template can be anything
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(item)
