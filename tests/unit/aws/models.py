"""Kanmon's calls to AWS beside botocore's own models: each operation and each argument.

The types of the values are checked by mypy, with stubs from the same models. A call that runs in a test, on
moto or on the embedded AWS, is validated by botocore itself.

Print the figures: `python -m tests.unit.aws.models`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.session import get_session

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parents[3] / "kanmon"
SERVICES = (
    *("apigateway", "cloudformation", "cloudwatch", "cognito-idp", "iam", "kms", "lambda", "logs", "rds"),
    *("s3", "secretsmanager", "sns", "sqs", "sts"),
)
_OWN = {"invoke", "publish", "verify"}
"""Operations, and also methods of Kanmon's own ports: only a call with AWS's arguments counts."""


@dataclass(frozen=True)
class Called:
    """A call in the package's source."""

    place: str
    operation: str
    """As a method, such as `describe_stacks`."""
    arguments: frozenset[str]
    open: bool
    """It has further arguments, known only when it runs."""
    paginated: bool = False


@dataclass(frozen=True)
class Operation:
    """An operation of a service's model."""

    service: str
    name: str
    members: frozenset[str]
    required: frozenset[str]
    paginated: bool


@cache
def operations() -> dict[str, list[Operation]]:
    """All operations of the services, by the name of their method."""
    found: dict[str, list[Operation]] = {}
    session = get_session()
    for service in SERVICES:
        model = session.get_service_model(service)
        pages = session.get_component("data_loader").load_service_model(service, "paginators-1")["pagination"]
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            members = frozenset(shape.members) if shape else frozenset()
            required = frozenset(shape.required_members) if shape else frozenset()
            one = Operation(service, name, members, required, name in pages)
            found.setdefault(xform_name(name), []).append(one)
    return found


def calls() -> Iterator[Called]:
    """Every call of an operation in the package."""
    # In `github/` is nothing of AWS.
    for path in sorted(set(PACKAGE.rglob("*.py")) - set((PACKAGE / "github").rglob("*.py"))):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from _called(node, node.func, f"{path.relative_to(PACKAGE.parent)}:{node.lineno}")
        yield from _paginated(tree, str(path.relative_to(PACKAGE.parent)))


def _called(node: ast.Call, function: ast.Attribute, place: str) -> Iterator[Called]:
    given, is_open = _arguments(node)
    if function.attr not in operations() or node.args:
        return
    if function.attr not in _OWN or any(name[0].isupper() for name in given):
        yield Called(place, function.attr, given, is_open)


def _paginated(tree: ast.Module, path: str) -> Iterator[Called]:
    """`get_paginator("list_stacks")` and its `paginate(...)`, which may stand a line below."""
    named = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and _method(node) == "get_paginator"
    ]
    pages = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _method(node) == "paginate"]
    for one, other in zip(
        sorted(named, key=lambda node: node.lineno), sorted(pages, key=lambda node: node.lineno), strict=True
    ):
        (name,) = one.args
        assert isinstance(name, ast.Constant)
        given, is_open = _arguments(other)
        # botocore's own: https://docs.aws.amazon.com/boto3/latest/guide/paginators.html
        given -= {"PaginationConfig"}
        yield Called(f"{path}:{one.lineno}", str(name.value), given, is_open, paginated=True)


def _method(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _arguments(node: ast.Call) -> tuple[frozenset[str], bool]:
    names = [keyword.arg for keyword in node.keywords]
    return frozenset(name for name in names if name), None in names


def problem_of(call: Called) -> str:
    """What no service's model allows about a call; empty if one fits."""
    problems = [_problem(call, one) for one in operations().get(call.operation, ())]
    return "" if "" in problems else "; ".join(problems) or "no such operation"


def _problem(call: Called, operation: Operation) -> str:
    if unknown := call.arguments - operation.members:
        return f"{operation.service} {operation.name} knows no {', '.join(sorted(unknown))}"
    missing = operation.required - call.arguments
    if missing and not call.open:
        return f"{operation.service} {operation.name} needs {', '.join(sorted(missing))}"
    if call.paginated and not operation.paginated:
        return f"{operation.service} {operation.name} has no pages"
    return ""


def report() -> str:
    """The figures, in lines."""
    found = list(calls())
    names: dict[str, Any] = {one.operation: operations()[one.operation] for one in found}
    wrong = [f"  {one.place} {one.operation}: {problem_of(one)}" for one in found if problem_of(one)]
    lines = [
        f"calls: {len(found)}, of {len(names)} operations",
        f"arguments: {sum(len(one.arguments) for one in found)}",
        f"against the model: {len(wrong)}",
        *wrong,
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(report(), end="")  # noqa: T201 - the figures are its result
