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


def test_a_secret_is_not_in_an_error() -> None:
    """SEC-5"""
    with pytest.raises(KanmonError) as caught, aws_errors("invoking", hide="token"):
        raise refusal("BadRequest", "Invoke", "the header token is bad")
    assert "token" not in str(caught.value)
    assert caught.value.__cause__ is None
