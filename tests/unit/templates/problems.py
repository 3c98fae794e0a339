"""Faults in a template for CloudFormation or a service: the oracle for all templates of Kanmon."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from kanmon.errors import KanmonError
from kanmon.stacks.changes import CAPABILITIES
from tests.fakes.document import read, references
from tests.fakes.names_in_aws import misnamed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
_PSEUDO = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix"
    )
)  # fmt: skip


def problems(body: str) -> list[str]:
    """Every problem of a template, as a sentence."""
    try:
        content = read(body)
    except KanmonError as error:
        return [error.message]
    return [
        *_references(content),
        *_circles(content),
        *_macros(content),
        *_defaults(content),
        *misnamed(content),
        *_resolved(body),
    ]


def _references(content: Mapping[str, Any]) -> Iterator[str]:
    resources, conditions = content["Resources"], content.get("Conditions", {})
    places = dict(resources)
    places |= {f"the output {key}": one for key, one in content.get("Outputs", {}).items()}
    places |= {f"the condition {key}": one for key, one in conditions.items()}
    named = {
        "Ref": {*resources, *content.get("Parameters", {}), *_PSEUDO},
        "GetAtt": set(resources),
        "If": set(conditions),
    }
    for place, value in places.items():
        for function, name in sorted(set(references(value))):
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
    """A macro needs CAPABILITY_AUTO_EXPAND. Kanmon never gives it: no reviewer would see the result."""
    used = {"Transform", "Fn::Transform"} & set(_keys(content))
    if used and "CAPABILITY_AUTO_EXPAND" not in CAPABILITIES:
        yield "It uses a macro, which needs CAPABILITY_AUTO_EXPAND."


def _defaults(content: Mapping[str, Any]) -> Iterator[str]:
    """The preflight reads names only: it would miss an optional parameter."""
    for name, parameter in content.get("Parameters", {}).items():
        if "Default" in parameter:
            yield f"The parameter {name} has a default."


def _resolved(body: str) -> Iterator[str]:
    """A dynamic reference puts a secret's value into a resource's settings."""
    if "{{resolve:" in body:
        yield "It has a dynamic reference (`{{resolve:`), and no secret's value belongs into a stack."


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(item)
