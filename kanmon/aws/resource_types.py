"""CloudFormation's resource types: the permissions that its handlers need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_cloudformation import CloudFormationClient

_WITHOUT_RIGHTS = {
    "AWS::CDK::Metadata",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
}
"""They make nothing outside of their stack."""
_HANDLERS = ("create", "read", "update", "delete")


def handler_permissions(cloudformation: CloudFormationClient, types: Iterable[str]) -> set[str]:
    """The actions that CloudFormation needs for stacks with resources of these types.

    Raises STACK_TEMPLATE_INVALID for a type that CloudFormation doesn't know, or that has no rights there.
    https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
    """
    found: set[str] = set()
    for name in sorted(types):
        with aws_errors(phrase("reading the resource type {name}", name=name)):
            try:
                schema = json.loads(cloudformation.describe_type(Type="RESOURCE", TypeName=name)["Schema"])
            except ClientError as error:
                if error_code(error) != "TypeNotFoundException":
                    raise
                problem = phrase("CloudFormation knows no resource type {name} in this region.", name=name)
                raise KanmonError(Code.STACK_TEMPLATE_INVALID, problem, where="stacks") from error
        handlers = schema.get("handlers", {})
        if not handlers and name not in _WITHOUT_RIGHTS:
            problem = phrase(
                "CloudFormation's schema of {name} names no rights, so its role can't get them.", name=name
            )
            fix = phrase(
                "Leave it out of the stack, make it outside of Kanmon, and give its id as a parameter."
            )
            raise KanmonError(Code.STACK_TEMPLATE_INVALID, problem, where="stacks", fix=fix)
        found.update(one for key in _HANDLERS for one in handlers.get(key, {}).get("permissions", ()))
    return found
