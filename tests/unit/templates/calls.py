"""The AWS calls in Kanmon's code, read from the code, and the IAM actions for them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(__file__).resolve().parents[3] / "kanmon"
# What the clients are called in the code, and the services behind them.
_CLIENTS = {
    "cloudformation": "cloudformation",
    "cloudwatch": "cloudwatch",
    "s3": "s3",
    "apigateway": "apigateway",
    "functions": "lambda",
    "readers": "lambda",
    "rds": "rds",
    "sns": "sns",
    "secrets": "secretsmanager",
    "sts": "sts",
    "users": "cognito-idp",
}
# Where the action isn't called like the call:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_OTHERWISE = {
    "s3.head_bucket": ("s3:ListBucket",),
    "s3.list_objects_v2": ("s3:ListBucket",),
    "s3.head_object": ("s3:GetObject",),
    "s3.delete_objects": ("s3:DeleteObject",),
    "lambda.invoke": ("lambda:InvokeFunction",),
}


def calls_in_code() -> set[str]:
    """Every call, as `service.method`."""
    return {call for path in _PACKAGE.rglob("*.py") for call in _calls(ast.parse(path.read_text("utf-8")))}


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            service, paged = _client(node.func.value), node.args[0]
            if service and node.func.attr == "get_paginator" and isinstance(paged, ast.Constant):
                yield f"{service}.{paged.value!s}"
        elif isinstance(node, ast.Attribute):
            service = _client(node.value)
            if service and node.attr in _operations(service):
                yield f"{service}.{node.attr}"


def _client(node: ast.AST) -> str | None:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return _CLIENTS.get(name)


def actions(call: str) -> tuple[str, ...]:
    """The IAM actions of a call. API Gateway's are its requests' HTTP methods."""
    service, method = call.split(".")
    if service == "apigateway":
        return (f"apigateway:{_model(service).operation_model(_operations(service)[method]).http['method']}",)
    return _OTHERWISE.get(call, (f"{service}:{_operations(service)[method]}",))


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


@cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in _model(service).operation_names}
