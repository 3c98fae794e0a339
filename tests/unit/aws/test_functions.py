"""Functions: their code is compared (TRU-1), and hooks are invoked with their event (CD-5)."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.aws.functions import AccountConcurrency, Functions
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.objects import refusal, sha256_in_s3

if TYPE_CHECKING:
    from collections.abc import Callable

MIGRATE = "shop-test-blue-migrate"


@dataclass
class Lambda:
    """As much of Lambda as Kanmon uses. A function that raises answers like Lambda's runtime."""

    functions: dict[str, Callable[[dict[str, Any]], str]] = field(default_factory=dict)

    def get_function(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        if FunctionName not in self.functions:
            raise refusal("ResourceNotFoundException", "GetFunction", f"Function not found: {FunctionName}")
        code = self.functions[FunctionName]({}).encode()
        return {"Configuration": {"FunctionName": FunctionName, "CodeSha256": sha256_in_s3(code)}}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 900}}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if FunctionName not in self.functions:
            raise refusal("ResourceNotFoundException", "Invoke", f"Function not found: {FunctionName}")
        try:
            answer = self.functions[FunctionName](json.loads(Payload))
        except ValueError as error:
            body = json.dumps({"errorMessage": str(error), "errorType": "ValueError"}).encode()
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(body)}
        return {"StatusCode": 200, "Payload": io.BytesIO(answer.encode())}


def _invoke(function: Callable[[dict[str, Any]], str], event: dict[str, Any] | None = None) -> str:
    client: Any = Lambda({MIGRATE: function})
    return Functions(client, client).invoke(MIGRATE, event or {}, logs="/aws/lambda/shop-test-green")


def _fail(_: dict[str, Any]) -> str:
    raise ValueError("relation goals exists already")


def test_a_function_gets_the_event() -> None:
    """CD-5"""
    assert _invoke(lambda event: event["kanmon"]["release"], {"kanmon": {"release": "r2"}}) == "r2"


def test_a_failed_function_is_an_error_with_its_answer() -> None:
    """CD-5: Lambda answers with status 200 then, too."""
    with pytest.raises(KanmonError, match="relation goals exists already") as caught:
        _invoke(_fail)
    assert caught.value.code is Code.HOOK_FAILED
    assert caught.value.where == MIGRATE
    assert "`aws logs tail /aws/lambda/shop-test-green --since 1h`" in caught.value.fix


def test_an_answer_in_another_encoding_is_text() -> None:
    client: Any = Lambda()
    client.invoke = lambda **_: {"Payload": io.BytesIO(b"caf\xe9")}
    assert Functions(client, client).invoke(MIGRATE, {}, logs="") == "caf\N{REPLACEMENT CHARACTER}"


def test_a_missing_function_is_an_error_with_its_name() -> None:
    client: Any = Lambda()
    with pytest.raises(KanmonError, match=f"While invoking {MIGRATE}: .*Function not found") as caught:
        Functions(client, client).invoke(MIGRATE, {}, logs="")
    assert caught.value.code is Code.AWS_FAILED


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("ConcurrentInvocationLimitExceeded", "L-B99A9384"),
        ("FunctionInvocationRateLimitExceeded", "L-B99A9384"),
        ("ConcurrentSnapshotCreateLimitExceeded", "L-B99A9384"),
        ("", "L-B99A9384"),
        ("ReservedFunctionConcurrentInvocationLimitExceeded", "delete-function-concurrency"),
        ("ReservedFunctionInvocationRateLimitExceeded", "delete-function-concurrency"),
        ("CallerRateLimitExceeded", "wait a minute"),
    ],
)
def test_a_throttled_hook_has_the_fix_of_its_reason(reason: str, advice: str) -> None:
    """AWS-1: a new account runs ten functions at once.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
    """
    error = refusal("TooManyRequestsException", "Invoke", "Rate Exceeded.")
    cast("dict[str, Any]", error.response)["Reason"] = reason
    client: Any = Lambda()
    client.invoke = lambda **_: _raise(error)
    with pytest.raises(KanmonError) as caught:
        Functions(client, client).invoke(MIGRATE, {}, logs="")
    assert advice in caught.value.fix
    assert reason in caught.value.message


_SCP = (
    "(AccessDenied) when calling the GetObject operation: User: arn:aws:sts::1:a/b is not authorized to "
    "perform: s3:GetObject with an explicit deny in a service control policy"
)


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "words",
    [
        "Rate exceeded", "TooManyRequestsException: Rate Exceeded.", "FATAL: too many connections for role",
        "DB Instance quota exceeded", "LimitExceededException: your plan has five goals",
    ],
)  # fmt: skip
def test_an_apps_own_words_are_no_message_of_aws(words: str) -> None:
    """AWS-1: the function ran, and its log has the reason."""

    def fail(_: dict[str, Any]) -> str:
        raise ValueError(words)

    with pytest.raises(KanmonError) as caught:
        _invoke(fail)
    assert caught.value.fix == Code.HOOK_FAILED.fix_with(LOG_GROUP="/aws/lambda/shop-test-green")


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (_SCP, "organization"),
        ("(TooManyRequestsException) when calling the Invoke operation: Rate Exceeded.", "L-B99A9384"),
        ("(ValidationException) when calling the Query operation: Rate exceeded is no key", "aws logs tail"),
    ],
)
def test_aws_refuses_a_call_of_the_hook(answer: str, advice: str) -> None:
    """AWS-1: it is the same account."""

    def fail(_: dict[str, Any]) -> str:
        raise ValueError(f"An error occurred {answer}")

    with pytest.raises(KanmonError) as caught:
        _invoke(fail)
    assert caught.value.code is Code.HOOK_FAILED
    assert advice in caught.value.fix


def _compare(deployed: dict[str, str], packages: dict[str, str]) -> list[str]:
    client: Any = Lambda({name: lambda _, code=code: code for name, code in deployed.items()})  # type: ignore[misc]
    digests = {name: hashlib.sha256(code.encode()).hexdigest() for name, code in packages.items()}
    return Functions(client, client).with_other_code(digests)


def test_functions_with_the_code_of_their_packages_pass() -> None:
    """TRU-1"""
    assert _compare({"api": "one", "migrate": "two"}, {"api": "one", "migrate": "two"}) == []


def test_functions_with_other_code_are_named() -> None:
    """TRU-1"""
    deployed = dict.fromkeys(("mail", "api", "tidy"), "one")
    assert _compare(deployed, {"mail": "two", "api": "two", "tidy": "one"}) == ["api", "mail"]


def test_a_function_that_cannot_be_compared_is_an_error() -> None:
    """TRU-1"""
    with pytest.raises(
        KanmonError, match=r"While reading the functions' code digests: .*not found"
    ) as caught:
        _compare({}, {"api": "one"})
    assert caught.value.code is Code.AWS_FAILED


def test_the_accounts_concurrency_is_read() -> None:
    """AWS-4"""
    client: Any = Lambda()
    assert Functions(client, client).concurrency() == AccountConcurrency(quota=1000, unreserved=900)
