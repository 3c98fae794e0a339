"""The errors of AWS as Kanmon's: one sentence each, with a code and a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    UnknownServiceError,
)

from kanmon.aws.calls import aws_errors
from kanmon.aws.refusals import fix_for
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.objects import refusal

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

PROFILE = ProfileNotFound(profile="nobody")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoCredentialsError(), Code.CREDENTIALS_MISSING),
        (PROFILE, Code.CREDENTIALS_MISSING),
        (EndpointConnectionError(endpoint_url="https://sts"), Code.AWS_UNREACHABLE),
        (UnknownServiceError(service_name="x", known_service_names="y"), Code.AWS_FAILED),
        (refusal("ExpiredToken", "GetObject", "too old"), Code.CREDENTIALS_MISSING),
        (refusal("AccessDenied", "GetObject", "no right"), Code.AWS_DENIED),
        (refusal("InternalError", "GetObject", "sorry"), Code.AWS_FAILED),
    ],
)
def test_each_error_of_aws_has_a_code(error: BotoCoreError | ClientError, code: Code) -> None:
    with pytest.raises(KanmonError) as caught, aws_errors("reading"):
        raise error
    assert caught.value.code is code


@pytest.mark.parametrize(
    "error", [PROFILE, NoCredentialsError(), refusal("AccessDenied", "GetObject", "no right.")]
)
def test_an_error_ends_with_one_full_stop(error: BotoCoreError | ClientError) -> None:
    """Its fix follows."""
    with pytest.raises(KanmonError) as caught, aws_errors("reading"):
        raise error
    assert caught.value.message.endswith(".")
    assert not caught.value.message.endswith("..")


_DENIED = "User: arn:aws:sts::111122223333:assumed-role/deploy/LimitExceeded is not authorized to perform: "
_BY_SCP = f"{_DENIED}lambda:InvokeFunction with an explicit deny in a service control policy"
_WITHOUT_SCP = f"{_DENIED}kms:Decrypt because no service control policy allows the kms:Decrypt action"
_BY_RCP = f"{_DENIED}s3:GetObject with an explicit deny in a resource control policy"
_BY_BOUNDARY = f"{_DENIED}s3:GetObject because no permissions boundary allows the s3:GetObject action"
_BY_IDENTITY = f"{_DENIED}s3:GetObject with an explicit deny in an identity-based policy"
_NO_SUBSCRIPTION = "The AWS Access Key Id needs a subscription for the service"
_NO_SIGN_UP = "Your account is not signed up for the S3 service. You must sign up before you can use S3."
_VALIDATED = (
    "Your request for accessing resources in this region is being validated, and you will not be able"
)
_TOKEN = "The security token included in the request is invalid."
_KEYS = "AWS was not able to validate the provided access credentials"
_STS = "STS is not activated in this region for account:111122223333."
_PROBLEM = (
    "There is a problem with your AWS account that prevents the operation from completing successfully."
)
_BLOCKED = "This account is currently blocked and not recognized as a valid account."
_INACTIVE, _REGION, _SUSPENDED = "not active yet", "enable-region", "AWS suspended"


ANSWERS = [
    ("AccessDeniedException", "Invoke", _BY_SCP, Code.AWS_DENIED, "organization"),
    ("AccessDenied", "GetObject", _WITHOUT_SCP, Code.AWS_DENIED, "organization"),
    ("UnauthorizedOperation", "GetObject", _BY_RCP, Code.AWS_DENIED, "organization"),
    ("OptInRequired", "DescribeStacks", _NO_SUBSCRIPTION, Code.AWS_FAILED, _INACTIVE),
    ("SubscriptionRequiredException", "GetRestApis", _NO_SUBSCRIPTION, Code.AWS_FAILED, _INACTIVE),
    ("OptInRequired", "ListKeys", "You are not subscribed to this service.", Code.AWS_FAILED, _INACTIVE),
    ("NotSignedUp", "PutObject", _NO_SIGN_UP, Code.AWS_FAILED, _INACTIVE),
    ("PendingVerification", "RunInstances", _VALIDATED, Code.AWS_FAILED, _INACTIVE),
    ("InvalidClientTokenId", "GetCallerIdentity", _TOKEN, Code.CREDENTIALS_MISSING, _REGION),
    ("UnrecognizedClientException", "GetFunction", _TOKEN, Code.CREDENTIALS_MISSING, _REGION),
    ("AuthFailure", "DescribeVpcs", _KEYS, Code.CREDENTIALS_MISSING, _REGION),
    ("RegionDisabledException", "AssumeRole", _STS, Code.AWS_FAILED, _REGION),
    ("AccountProblem", "PutObject", _PROBLEM, Code.AWS_FAILED, _SUSPENDED),
    ("Blocked", "DescribeVpcs", _BLOCKED, Code.AWS_FAILED, _SUSPENDED),
    ("LimitExceededException", "CreateStack", "Limit for stack has been exceeded", Code.AWS_FAILED,
     "--service-code cloudformation"),
    ("Throttling", "DescribeStacks", "Rate exceeded", Code.AWS_FAILED, "wait a minute"),
    ("TooManyRequestsException", "UpdateStage", "Too Many Requests", Code.AWS_FAILED, "wait a minute"),
    ("RequestLimitExceeded", "DescribeVpcs", "Request limit exceeded.", Code.AWS_FAILED, "wait a minute"),
    ("ServiceQuotaExceededException", "PutSecret", "Too many.", Code.AWS_FAILED, "list-service-quotas"),
]  # fmt: skip
"""Code, operation and message of AWS's answer; then Kanmon's code, and words of the fix."""


@pytest.mark.parametrize(("code", "operation", "message", "kept", "fix"), ANSWERS)
def test_an_answer_about_the_account_has_its_fix(
    code: str, operation: str, message: str, kept: Code, fix: str
) -> None:
    """AWS-1: the same as in a stack's event."""
    with pytest.raises(KanmonError) as caught, aws_errors("reading"):
        raise refusal(code, operation, message)
    assert caught.value.code is kept
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("code", "operation", "message"),
    [
        *(row[:3] for row in ANSWERS),
        ("LimitExceededException", "PutResourcePolicy", "Resource limit exceeded."),
        ("TooManyRequestsException", "Invoke", "Rate Exceeded."),
        ("EC2ThrottledException", "Invoke", "Amazon EC2 throttled Lambda."),
    ],
)
@pytest.mark.usefixtures("japanese")
def test_an_answer_in_japanese_has_the_same_fix(code: str, operation: str, message: str) -> None:
    """AWS-1, DOC-1: at once, and for whoever has the message alone."""
    with pytest.raises(KanmonError) as caught, aws_errors("reading"):
        raise refusal(code, operation, message)
    assert not caught.value.message.isascii()
    assert caught.value.fix == fix_for(f"AWS answered {operation} with {code}: {message.rstrip('.')}.")
    assert caught.value.fix == fix_for(caught.value.message)


@pytest.mark.parametrize(
    ("code", "operation", "message"),
    [
        ("AccessDenied", "GetObject", _BY_BOUNDARY),
        ("AccessDenied", "GetObject", _BY_IDENTITY),
        ("ResourceNotFoundException", "Invoke", "Function not found: shop-live-blue-TooManyFunctions"),
        ("ResourceNotFoundException", "Invoke", "Function not found: arn:aws:lambda:x:1:function:Throttling"),
        ("BadRequestException", "UpdateStage", "Throttling settings are invalid"),
        ("NoSuchKey", "GetObject", "The specified key does not exist: rate-exceeded/LimitExceeded"),
        ("ExpiredToken", "GetObject", "The provided token has expired."),
    ],
)
def test_another_answer_keeps_the_fix_of_its_code(code: str, operation: str, message: str) -> None:
    """AWS-1: the app's own names may sound like a refusal."""
    with pytest.raises(KanmonError) as caught, aws_errors("invoking shop-LimitExceeded: Rate exceeded"):
        raise refusal(code, operation, message)
    assert caught.value.fix == caught.value.code.fix


def test_a_secret_is_not_in_an_error() -> None:
    """SEC-5"""
    with pytest.raises(KanmonError) as caught, aws_errors("invoking", hide="token"):
        raise refusal("BadRequest", "Invoke", "the header token is bad")
    assert "token" not in str(caught.value)
    assert caught.value.__cause__ is None
