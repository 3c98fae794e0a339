"""Throttled requests are repeated for longer than botocore does (NFR-3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors
from kanmon.aws.clients import Aws
from kanmon.aws.functions import Functions
from kanmon.aws.throttles import TRIES
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "ap-northeast-1"
CALLS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "apigateway": (
        "TooManyRequestsException",
        lambda client: client.update_stage(restApiId="a", stageName="live", patchOperations=[]),
    ),
    "s3": ("SlowDown", lambda client: client.put_object(Bucket="shop", Key="index.html", Body=b"1")),
    "cloudformation": ("Throttling", lambda client: client.describe_stacks(StackName="shop")),
    "function_reads": ("TooManyRequestsException", lambda client: client.get_function(FunctionName="f")),
    "functions": ("TooManyRequestsException", lambda client: client.invoke(FunctionName="migrate")),
    "rds": ("Throttling", lambda client: client.describe_db_cluster_snapshots()),
}
"""A call of each client behind a release, and the service's own name for a throttle."""


@dataclass
class Answer:
    """A body, as urllib3 has it."""

    content: bytes

    def stream(self, **_: object) -> list[bytes]:
        return [self.content]

    def read(self, *_: object) -> bytes:
        return self.content


@dataclass
class Refusing:
    """AWS refuses the first requests, and takes the next one."""

    code: str
    times: int
    sent: list[str] = field(default_factory=list)

    def answer(self, request: Any, event_name: str, **_: object) -> AWSResponse:
        self.sent.append(event_name)
        is_xml = any(name in event_name for name in ("s3", "cloudformation", "rds"))
        if len(self.sent) > self.times:
            result = f"<r><{event_name.rpartition('.')[2]}Result/></r>"
            return _answer(request, 200, result if is_xml else "{}")
        error = f"<Error><Code>{self.code}</Code><Message>Slow</Message></Error>"
        if "s3" in event_name:
            return _answer(request, 503, error)
        if is_xml:
            return _answer(request, 400, f"<ErrorResponse>{error}</ErrorResponse>")
        return _answer(request, 429, '{"message": "Slow"}', self.code)


def _answer(request: Any, status: int, body: str, error: str = "") -> AWSResponse:
    raw: Any = Answer(body.encode())
    headers: Any = {"x-amzn-errortype": error} if error else {}
    return AWSResponse(request.url, status, headers, raw)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between tries; nobody waits."""
    found: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", found.append)
    return found


def _refused(name: str, times: int, code: str = "") -> tuple[Any, Refusing]:
    refusing = Refusing(code or CALLS[name][0], times)
    aws = Aws(REGION)
    aws.account = "111122223333"
    client = getattr(aws, name)
    client.meta.events.register_last("before-send", refusing.answer)
    return client, refusing


@pytest.mark.parametrize("name", CALLS)
def test_ten_throttles_in_a_row_are_outlasted(name: str, pauses: list[float]) -> None:
    """NFR-3, AWS-4: with botocore's five tries, a rollback would stop half way."""
    client, refusing = _refused(name, 10)
    CALLS[name][1](client)
    assert len(refusing.sent) == 11
    assert len(pauses) == 10
    assert sum(pauses) < 9


def test_a_throttle_without_an_end_is_an_error_in_time(pauses: list[float]) -> None:
    client, refusing = _refused("apigateway", 99)
    with pytest.raises(KanmonError, match="TooManyRequestsException") as caught, aws_errors("moving users"):
        CALLS["apigateway"][1](client)
    assert "Other tools" in caught.value.fix
    assert len(refusing.sent) == TRIES
    assert sum(pauses) < 20


def test_a_full_quota_is_no_throttle(pauses: list[float]) -> None:
    """Ten stages of an API stay ten stages."""
    client, refusing = _refused("apigateway", 99, "LimitExceededException")
    with pytest.raises(ClientError, match="LimitExceededException"):
        CALLS["apigateway"][1](client)
    assert len(refusing.sent) == 5
    assert len(pauses) == 4


def test_a_hook_runs_once_after_a_failure(pauses: list[float]) -> None:
    """Only a throttled call is sure not to have run."""
    client, refusing = _refused("functions", 99, "ServiceException")
    with pytest.raises(KanmonError) as caught:
        Functions(client, client).invoke("migrate", {}, logs="")
    assert caught.value.code is Code.AWS_FAILED
    assert len(refusing.sent) == 1
    assert pauses == []
