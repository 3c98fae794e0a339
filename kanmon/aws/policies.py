"""Managed policies of IAM, read as they are now."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase


def policy_statements(iam: Any, arn: str) -> list[dict[str, Any]]:  # noqa: ANN401 - see `Aws.reads`
    """The statements of a managed policy's default version. Raises NOT_BOOTSTRAPPED without the policy.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
    """
    with aws_errors(phrase("reading the policy {arn}", arn=arn)):
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except ClientError as error:
            if error_code(error) != "NoSuchEntity":
                raise
            raise KanmonError(Code.NOT_BOOTSTRAPPED, phrase("There is no policy {arn}.", arn=arn)) from error
    statements = found["Statement"]
    return statements if isinstance(statements, list) else [statements]
