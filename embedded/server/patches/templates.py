"""References to missing resources are refused before anything changes.

"Template format error: Unresolved resource dependencies [X] in the Resources block of the
template" is CloudFormation's answer; ministack uses the logical id as a value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from embedded.server.modules import engine

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBSTITUTION = re.compile(r"\$\{([^!}][^}]*)\}")
_validate = engine._validate_template_statics


def apply() -> None:
    """Add the check to the static ones."""
    engine._validate_template_statics = validate


def validate(template: dict[str, Any]) -> None:
    """Every Ref, GetAtt and Sub must find its target."""
    _validate(template)
    if template.get("Transform"):
        return
    known = set(template.get("Resources") or {}) | set(template.get("Parameters") or {})
    for section in ("Resources", "Outputs"):
        names = set(_references(template.get(section) or {}))
        missing = {n for n in names if n not in known and not n.startswith("AWS::")}
        if missing:
            raise ValueError(
                "Template format error: Unresolved resource dependencies "
                f"[{', '.join(sorted(missing))}] in the {section} block of the template"
            )


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    if not isinstance(node, dict):
        return
    if len(node) == 1:
        yield from _function_references(*next(iter(node.items())))
    for value in node.values():
        yield from _references(value)


def _function_references(name: str, argument: Any) -> Iterator[str]:
    if name == "Ref" and isinstance(argument, str):
        yield argument
    elif name == "Fn::GetAtt":
        target = argument.split(".")[0] if isinstance(argument, str) else argument[0]
        if isinstance(target, str):
            yield target
    elif name == "Fn::Sub":
        text, given, *_ = (argument, {}) if isinstance(argument, str) else (*argument, {})
        for found in SUBSTITUTION.findall(text):
            if found not in given:
                yield found.split(".")[0].strip()
