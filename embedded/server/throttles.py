"""Throttled requests: which ones, and how each service spells the refusal.

Nothing is throttled until somebody asks for it, and then the same requests are throttled each time. AWS's
rates are not played: they depend on all that an account does.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.session import get_session  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Mapping

EDGE = "embedded-edge"
"""The user agent of CloudFront and of API Gateway's data plane: they are no tools of the account."""
_REST = ("apigateway", "cloudfront", "lambda", "s3", "scheduler", "xray")
"""Services with operations named by method and path."""
_PLACE = re.compile(r"\\\{\w+(\\\+)?\\\}")
"""A parameter in an escaped path; with `+` it takes slashes, too."""
_SPELLED = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    # https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html#API_GetFunction_Errors
    "lambda": (429, "TooManyRequestsException", "Rate exceeded"),
    # https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateStage.html#API_UpdateStage_Errors
    "apigateway": (429, "TooManyRequestsException", "Too Many Requests"),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html, also of RDS and SNS
    "cloudformation": (400, "Throttling", "Rate exceeded"),
    "monitoring": (400, "Throttling", "Rate exceeded"),
    "rds": (400, "Throttling", "Rate exceeded"),
    "sns": (400, "Throttling", "Rate exceeded"),
    "sts": (400, "Throttling", "Rate exceeded"),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    "sqs": (403, "RequestThrottled", "Request is throttled."),
}
_JSON = (400, "ThrottlingException", "Rate exceeded")
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html, and others with JSON."""


@dataclass
class Throttles:
    """The wanted throttles by operation, such as `apigateway:UpdateStage`; `*` is each by itself."""

    wanted: dict[str, dict[str, int]] = field(default_factory=dict)
    """`{"first": 10}` refuses the first ten requests, `{"every": 4}` each fourth one."""
    asked: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def ask(self, wanted: Mapping[str, Mapping[str, int]]) -> None:
        """Throttle these operations from now on, and no others; count anew."""
        self.wanted = {name: dict(rule) for name, rule in wanted.items()}
        self.asked.clear()
        self.refused.clear()

    def refuses(self, operation: str) -> bool:
        """Whether this request is throttled. It counts."""
        rule = self.wanted.get(operation, self.wanted.get("*"))
        if rule is None:
            return False
        self.asked[operation] += 1
        number = self.asked[operation]
        refused = number <= rule.get("first", 0) or (rule.get("every", 0) and number % rule["every"] == 0)
        self.refused[operation] += bool(refused)
        return bool(refused)


def spelled(service: str) -> tuple[int, str, str]:
    """A service's own refusal: status, code and message."""
    return _SPELLED.get(service, _JSON)


def operation_of(
    service: str, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, Any]
) -> str:
    """The name of a request's operation: `s3:PutObject`."""
    if named := headers.get("x-amz-target"):
        return f"{service}:{named.rpartition('.')[2]}"
    if "/operation/" in path:
        return f"{service}:{path.rpartition('/')[2]}"
    if service in _REST:
        return f"{service}:{_of_path(service, method, path, query)}"
    action = query.get("Action") or ""
    return f"{service}:{action[0] if isinstance(action, list) else action}"


def _of_path(service: str, method: str, path: str, query: Mapping[str, Any]) -> str:
    found = [
        (len(needs), name)
        for its_method, pattern, needs, name in _operations(service)
        if its_method == method and pattern.fullmatch(path) and needs <= query.keys()
    ]
    # The most needed parameters, then the shortest name: PutObject is also CopyObject without its header.
    return min(found, key=lambda one: (-one[0], len(one[1]), one[1]), default=(0, method))[1]


@cache
def _operations(service: str) -> list[tuple[str, re.Pattern[str], frozenset[str], str]]:
    model = get_session().get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        address = urlsplit(http["requestUri"])
        pattern = _PLACE.sub(lambda part: ".+" if part[1] else "[^/]+", re.escape(address.path))
        needs = frozenset(part.partition("=")[0] for part in address.query.split("&") if part)
        found.append((http["method"], re.compile(f"{pattern}/?"), needs, name))
    return found
