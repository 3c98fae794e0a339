"""The resources of a template and their permissions, in words, for a person who has to approve them."""

from __future__ import annotations

import json
import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.nodes import ScalarNode

_RESOURCE = re.compile(r"^  (\w+):\n(?:    #.*\n)*    Type: (\S+)$", re.MULTILINE)


class _Constructor(SafeConstructor):
    """Reads CloudFormation's short forms, such as `!Sub`, as their tag and their value."""


def _short_form(constructor: SafeConstructor, tag: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - any node
    scalar = isinstance(node, ScalarNode)
    value = node.value if scalar else constructor.construct_sequence(node, deep=True)
    return {tag: value}


_Constructor.add_multi_constructor("!", _short_form)


def resource_types(body: str) -> dict[str, str]:
    """The type of each resource of a template of Kanmon's own, by its logical id."""
    return dict(_RESOURCE.findall(body))


def statement_changes(before: str, after: str) -> dict[str, list[str]]:
    """Each changed statement of a permission or a trust, by the logical id of its resource.

    A line begins with + for a new statement, and with - for one that goes. It has the whole statement.
    """
    old, new = _resources(before), _resources(after)
    found = {}
    for logical_id in sorted(old.keys() | new.keys()):
        gone, come = _statements(old.get(logical_id, {})), _statements(new.get(logical_id, {}))
        lines = [f"- {one}" for one in gone if one not in come]
        lines += [f"+ {one}" for one in come if one not in gone]
        if lines:
            found[logical_id] = lines
    return found


def _resources(body: str) -> dict[str, dict[str, Any]]:
    yaml = YAML(typ="safe")
    yaml.Constructor = _Constructor
    resources: dict[str, dict[str, Any]] = yaml.load(body)["Resources"]
    return resources


def _statements(resource: dict[str, Any]) -> list[str]:
    properties = resource.get("Properties", {})
    documents = [properties.get(key) for key in ("AssumeRolePolicyDocument", "PolicyDocument", "KeyPolicy")]
    documents += [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    return [json.dumps(one) for document in documents if document for one in document["Statement"]]
