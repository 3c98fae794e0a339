"""What a stage of the API has besides its pointer: limits, access log, metrics, traces (INF-6).

What may be patched: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
What an access log may say:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_apigateway.type_defs import PatchOperationTypeDef, StageResponseTypeDef

    from kanmon.config import Throttle

# A stage's variables can't be logged, so a line tells no slot: it tells the stage, and whether the canary
# answered. The address is the edge's; that of the viewer is in X-Forwarded-For, which only functions see.
ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTime",
        "ip": "$context.identity.sourceIp",
        "userAgent": "$context.identity.userAgent",
        "method": "$context.httpMethod",
        "path": "$context.path",
        "route": "$context.resourcePath",
        "stage": "$context.stage",
        "canary": "$context.isCanaryRequest",
        "status": "$context.status",
        "length": "$context.responseLength",
        "latency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "integrationStatus": "$context.integrationStatus",
        "integrationError": "$context.integrationErrorMessage",
        "error": "$context.error.responseType",
        "trace": "$context.xrayTraceId",
    },
    separators=(",", ":"),
)

Value = str | float | bool | None


@dataclass(frozen=True)
class StageSettings:
    """What every stage of the API has, the live one and the trials alike."""

    throttle: Throttle
    access_logs: str
    """The log group's ARN."""

    def changes(self, stage: StageResponseTypeDef | None = None) -> list[PatchOperationTypeDef]:
        """The patch operations that give a stage these settings; a new stage has none of them yet."""
        return [
            {"op": "replace", "path": path, "value": _text(wanted)}
            for path, present, wanted in self._compared(stage)
            if present != wanted
        ]

    def _compared(self, stage: StageResponseTypeDef | None) -> Iterator[tuple[str, Value, Value]]:
        """Each setting's path, what a stage has there, and what it should have."""
        log = stage.get("accessLogSettings", {}) if stage else {}
        methods = stage.get("methodSettings", {}).get("*/*", {}) if stage else {}
        yield "/accessLogSettings/destinationArn", log.get("destinationArn"), self.access_logs
        yield "/accessLogSettings/format", log.get("format"), ACCESS_LOG
        yield "/tracingEnabled", stage.get("tracingEnabled") if stage else None, True
        yield "/*/*/throttling/rateLimit", methods.get("throttlingRateLimit"), self.throttle.rate
        yield "/*/*/throttling/burstLimit", methods.get("throttlingBurstLimit"), self.throttle.burst
        yield "/*/*/metrics/enabled", methods.get("metricsEnabled"), True
        # Execution logs would have headers in them, and with the data trace whole bodies.
        yield "/*/*/logging/loglevel", methods.get("loggingLevel"), "OFF"
        yield "/*/*/logging/dataTrace", methods.get("dataTraceEnabled"), False


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value)
