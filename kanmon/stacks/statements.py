"""The permissions in a template, in lines for a person who has to approve them.

A statement has its effect, its name and its actions on the first line, and a line for each of its other keys:

    + Allow Execute: cloudformation:ExecuteChangeSet
    +   Resource: cloudformation:::stack/shop-test-*
    +   Condition StringEquals: aws:ResourceTag/app = shop

An API with authorizers has a line for each of them, and one for each route with those who may ask it:

    - GET /api/orders: users
    + GET /api/orders: everybody

`${Name}` stands for a value of the template: a parameter, a resource, an attribute. The stack's own
partition, region and account are left out of an ARN: `lambda:::function:shop-*`. Others are shown.
"""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

from kanmon.naming import logical_id
from kanmon.stacks.template import resources_of
from kanmon.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kanmon.stacks.template import TemplateResource

_DECISIVE = ("AWS::IAM::", "AWS::KMS::", "AWS::S3::", "AWS::Lambda::Permission")
"""Types whose properties decide about permissions, beside their statements."""
_FOREIGN_CODE = "Layers"
"""The property with the code of others that runs with a function's permissions."""
_OWN = re.compile(r"^arn:\$\{AWS::Partition\}:([\w-]+):(?:\$\{AWS::Region\})?:(?:\$\{AWS::AccountId\})?:")
_API, _AUTHORIZER = "AWS::ApiGateway::RestApi", "x-amazon-apigateway-authorizer"
_HEAD = re.compile(r"[+-] +")
_VERSION = "2012-10-17"


def permission_changes(before: str, after: str) -> dict[str, tuple[str, ...]]:
    """What changes in the permissions between two templates, by the logical ids of the resources.

    A line begins with + for what is new, and with - for what goes. They are the statements of each resource,
    and every property of types that decide about permissions. An unreadable template has none.
    """
    old, new = resources_of(before) or {}, resources_of(after) or {}
    found = {}
    for resource in sorted(old.keys() | new.keys()):
        if lines := _difference(old.get(resource), new.get(resource)):
            found[resource] = lines
    return found


def wrapped(line: str, width: int) -> list[str]:
    """A line of :func:`permission_changes`, on lines of at most `width` characters. Words stay whole."""
    head = _HEAD.match(line)
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=f"{head[0] if head else ''}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def alike(lines: Iterable[str], other: Iterable[str], name: str, other_name: str) -> bool:
    """The lines of two resources differ by the name of an environment alone."""
    return [_renamed(line, other_name, name) for line in other] == list(lines)


def _renamed(line: str, old: str, new: str) -> str:
    return line.replace(old, new).replace(logical_id(old), logical_id(new))


def _difference(old: TemplateResource | None, new: TemplateResource | None) -> tuple[str, ...]:
    if old == new:
        return ()
    gone, come = _permissions(old), _permissions(new)
    lines = [f"- {line}" for key, text in gone.items() if key not in come for line in text]
    return (*lines, *(f"+ {line}" for key, text in come.items() if key not in gone for line in text))


def _permissions(resource: TemplateResource | None) -> dict[str, list[str]]:
    """Each statement and each property with its lines. The keys are their whole content."""
    if resource is not None and resource.type == _API and _AUTHORIZER in resource.text:
        body = resource.content.get("Properties", {}).get("Body")
        return {line: [line] for line in map(one_line, _access(body if isinstance(body, dict) else {}))}
    decisive = resource is not None and resource.type.startswith(_DECISIVE)
    if resource is None or not (decisive or "Statement" in resource.text or _FOREIGN_CODE in resource.text):
        return {}
    attributes = {key: value for key, value in resource.content.items() if key not in {"Type", "Properties"}}
    properties = attributes | resource.content.get("Properties", {})
    found = {}
    for name, value in properties.items():
        for statement in _statements(value):
            # A trust is no permission, even with the same content.
            found[repr((name == "AssumeRolePolicyDocument", statement))] = _statement_lines(statement)
        rest = _without_statements(value) if decisive or name == _FOREIGN_CODE else None
        if rest not in (None, {}, []):
            found[repr((name, rest))] = [one_line(f"{name}: {_text(rest)}")]
    return found


def _access(document: dict[str, Any]) -> Iterator[str]:
    """The authorizers of an OpenAPI document, and who may send the requests of its routes."""
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        yield f"authorizer {name}: {_text(scheme.get(_AUTHORIZER, {}))}"
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            asked = [_asked(*one) for entry in operation.get("security", []) for one in entry.items()]
            verb = "ANY" if method.startswith("x-") else method.upper()
            yield f"{verb} {path}: {', '.join(asked) or 'everybody'}"


def _asked(authorizer: str, scopes: list[str]) -> str:
    return f"{authorizer} with {' or '.join(scopes)}" if scopes else authorizer


def _statements(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any part of a template
    """All statements in a property: a document's own, and those of a list of policies."""
    if isinstance(value, dict):
        statements = value.get("Statement", [])
        yield from statements if isinstance(statements, list) else [statements]
    for one in _inner(value):
        yield from _statements(one)


def _inner(value: Any) -> list[Any]:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        return [one for key, one in value.items() if key != "Statement"]
    return value if isinstance(value, list) else []


def _without_statements(value: Any) -> Any:  # noqa: ANN401 - any part of a template
    if isinstance(value, list):
        return [rest for one in value if (rest := _without_statements(one)) not in ({}, [])]
    if isinstance(value, dict) and any(True for _ in _statements(value)):
        kept = {key: _without_statements(one) for key, one in value.items() if key != "Statement"}
        return {
            key: one for key, one in kept.items() if one not in ({}, [], _VERSION) and key != "PolicyName"
        }
    return value


def _statement_lines(statement: Any) -> list[str]:  # noqa: ANN401 - any part of a template
    if not isinstance(statement, dict):
        return [one_line(f"Statement: {_text(statement)}")]
    rest = dict(statement)
    head = " ".join(_text(rest.pop(key)) for key in ("Effect", "Sid") if key in rest)
    lines = [f"{head}: {_text(rest.pop('Action'))}" if "Action" in rest else f"{head}:"]
    conditions = rest.pop("Condition", {})
    lines += [f"  {key}: {_text(value)}" for key, value in rest.items()]
    if not _is_nested(conditions):
        return list(map(_on_one_line, [*lines, f"  Condition: {_text(conditions)}"]))
    lines += [
        f"  Condition {operator}: {key} = {_text(wanted)}"
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    ]
    return list(map(_on_one_line, lines))


def _is_nested(value: Any) -> bool:  # noqa: ANN401 - any part of a template
    return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())


def _on_one_line(text: str) -> str:
    """Foreign text adds no line that looks like another statement."""
    return f"{'  ' if text.startswith('  ') else ''}{one_line(text)}"


def _text(value: Any, *, inside: bool = False) -> str:  # noqa: ANN401 - any part of a template
    """A value in short. A list is joined, `!Ref` and `!GetAtt` are put as in `!Sub`."""
    match value:
        case str():
            return value
        case list():
            return ", ".join(_text(one, inside=True) for one in value)
        case {"!Sub": str() as text}:
            return _OWN.sub(r"\1:::", text)
        case {"!Ref": str() as name} | {"!GetAtt": str() as name}:
            return f"${{{name}}}"
        case dict():
            text = "; ".join(f"{key} = {_text(one, inside=True)}" for key, one in value.items())
            return f"{{{text}}}" if inside else text
    return json.dumps(value, default=str)
