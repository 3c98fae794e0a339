"""Turns botocore's exceptions into one error with a code, a cause and a fix."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from kanmon.aws.refusals import fix_for
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    CredentialRetrievalError,
    SSOError,
    TokenRetrievalError,
)
_UNREACHABLE = (
    EndpointConnectionError,
    ConnectTimeoutError,
    ReadTimeoutError,
    HTTPClientError,
    NoRegionError,
)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#CommonErrors and S3's list.
_BAD_CREDENTIALS = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}

# botocore also counts `LimitExceededException`. But a full quota of stages does not pass by itself.
THROTTLED = frozenset(
    {
        *("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("RequestThrottled", "SlowDown"),
    }
)
"""AWS's codes for too many requests: it did nothing."""


def error_code(error: ClientError) -> str:
    """AWS's own code of an error answer, such as `NoSuchKey`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: ClientError) -> bool:
    """Whether AWS has no such thing. S3 answers HEAD requests with 404 and no other code.

    `NoSuchBucket` is not among them: a ledger without its bucket is an error, not an empty ledger.
    """
    return error_code(error) in {"404", "NoSuchKey", "NotFound", "NotFoundException"}


def is_locked(error: ClientError) -> bool:
    """Whether S3 refused GetObject for the object's key: a customer's own one, or one of KMS.

    A customer's key is not in the request, so S3 calls it invalid. It passes on the errors of KMS; a denial
    names the right that is missing.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
    """
    code = error_code(error)
    return code == "InvalidRequest" or code.startswith("KMS.") or "kms:Decrypt" in str(error)


def write_was_refused(error: ClientError) -> bool:
    """Whether S3 refused a conditional write. The code is `NoSuchKey` if the object to replace is gone.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    refusals = {"PreconditionFailed", "ConditionalRequestConflict", "412", "NoSuchKey"}
    return error_code(error) in refusals


@contextmanager
def aws_errors(doing: str, *, hide: str = "") -> Iterator[None]:
    """Run AWS calls, and raise their errors as KanmonError. The message begins with `doing`.

    `doing` comes after "While", in the chosen language: `reading the stack mandala-production-api`. `hide`
    is a secret text. The message has `…` in its place, and the original exception is not kept.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        answer = _answer(error)
        message = phrase("While {doing}: {answer}", doing=doing, answer=answer)
        fix = fix_for(answer) if isinstance(error, ClientError) else None
        known = KanmonError(_code(error), message.replace(hide, "…") if hide else message, fix=fix)
        raise known from (None if hide else error)


def _aws_code(error: BotoCoreError | ClientError) -> str:
    return error_code(error) if isinstance(error, ClientError) else ""


def _code(error: BotoCoreError | ClientError) -> Code:
    if isinstance(error, _NO_CREDENTIALS):
        return Code.CREDENTIALS_MISSING
    if isinstance(error, _UNREACHABLE):
        return Code.AWS_UNREACHABLE
    code = _aws_code(error)
    if code in _BAD_CREDENTIALS:
        return Code.CREDENTIALS_MISSING
    return Code.AWS_DENIED if code in _DENIED else Code.AWS_FAILED


def _answer(error: BotoCoreError | ClientError) -> str:
    """An error as one sentence. Some of botocore's own have a full stop, some have none."""
    if not isinstance(error, ClientError):
        return f"{str(error).rstrip('.')}."
    answer = error.response.get("Error", {})
    request = error.response.get("ResponseMetadata", {}).get("RequestId", "")
    reason = error.response.get("Reason", "")
    # Lambda's reason for a throttle: the account's concurrency, or too many calls.
    tail = (f" ({reason})" if reason else "") + (phrase(" (request {id})", id=request) if request else "")
    message = str(answer.get("Message", "")).rstrip(".")
    return phrase(
        "AWS answered {call} with {code}: {message}{tail}.",
        call=error.operation_name,
        code=answer.get("Code"),
        message=message,
        tail=tail,
    )
