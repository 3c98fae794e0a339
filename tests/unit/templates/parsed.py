"""Templates as tests look at them."""

from __future__ import annotations

from typing import Any

from tests.fakes.document import read

Resource = dict[str, Any]


def parse(template: str) -> Any:
    """A template's content."""
    return read(template)


def of_kind(template: str, kind: str) -> dict[str, Resource]:
    """The properties of the resources of one type, such as `Logs::LogGroup`, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in parse(template)["Resources"].items()
        if resource["Type"] == f"AWS::{kind}"
    }


def statement_of(policy: Resource, sid: str) -> Resource:
    """The statement of a policy with this id."""
    return next(statement for statement in policy["Statement"] if statement["Sid"] == sid)
