"""Throttled requests: the same ones each time, and spelled by each service (AWS-4, NFR-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded.server.throttles import EDGE

from .callers import Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator

CALLS: dict[str, tuple[str, int, str, Callable[[Any], object]]] = {
    "apigateway": (
        "UpdateStage",
        429,
        "TooManyRequestsException",
        lambda client: client.update_stage(restApiId="a", stageName="live", patchOperations=[]),
    ),
    "s3": ("PutObject", 503, "SlowDown", lambda client: client.put_object(Bucket="b", Key="a/b", Body=b"")),
    "lambda": (
        "GetFunction",
        429,
        "TooManyRequestsException",
        lambda client: client.get_function(FunctionName="f"),
    ),
    "cloudformation": (
        "DescribeStacks",
        400,
        "Throttling",
        lambda client: client.describe_stacks(StackName="none"),
    ),
    "rds": ("DescribeDBClusters", 400, "Throttling", lambda client: client.describe_db_clusters()),
    "cloudwatch": ("DescribeAlarms", 400, "Throttling", lambda client: client.describe_alarms()),
    "secretsmanager": (
        "GetSecretValue",
        400,
        "ThrottlingException",
        lambda client: client.get_secret_value(SecretId="none"),
    ),
    "sns": ("ListTopics", 400, "Throttling", lambda client: client.list_topics()),
}
"""By service: an operation, and the status and code of its throttle."""
_NAMED = {"cloudwatch": "monitoring"}


@pytest.fixture
def throttled(aws: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """The embedded AWS; its throttles end with the test."""
    yield aws
    aws.throttle({})


def _fault(service: str, aws: EmbeddedAws) -> tuple[str, int]:
    """The code and status of the answer; empty for a success."""
    try:
        CALLS[service][3](Caller.administrator(aws).client(service))
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "", 200


@pytest.mark.parametrize("service", CALLS)
def test_each_service_spells_a_throttle_by_itself(service: str, throttled: EmbeddedAws) -> None:
    operation, status, code, _ = CALLS[service]
    name = f"{_NAMED.get(service, service)}:{operation}"
    throttled.throttle({name: {"first": 2}})
    assert [_fault(service, throttled) for _ in range(2)] == [(code, status)] * 2
    assert _fault(service, throttled)[0] != code
    assert throttled.throttled() == {name: 2}


def test_each_nth_request_of_an_operation_is_throttled(throttled: EmbeddedAws) -> None:
    throttled.throttle({"*": {"every": 3}})
    faults = [_fault("rds", throttled)[0] for _ in range(6)]
    assert faults == ["", "", "Throttling"] * 2
    assert _fault("sns", throttled) == ("", 200)


def test_the_data_plane_is_not_throttled(throttled: EmbeddedAws) -> None:
    """Users have quotas of their own."""
    throttled.throttle({"*": {"first": 1}})
    config = Config(user_agent=EDGE, retries={"total_max_attempts": 1})
    Caller.administrator(throttled).client("rds", config).describe_db_clusters()
    assert throttled.throttled() == {}


def test_the_sdk_repeats_a_throttled_request(throttled: EmbeddedAws) -> None:
    throttled.throttle({"rds:DescribeDBClusters": {"first": 1}})
    client = Caller.administrator(throttled).client("rds", Config(retries={"total_max_attempts": 2}))
    answer = client.describe_db_clusters()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
