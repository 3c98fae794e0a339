"""The settings of an API stage besides its pointer: limits, access log, metrics, traces (INF-6).

Settings to patch: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
Variables of the access log:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_apigateway.type_defs import PatchOperationTypeDef, StageResponseTypeDef

    from kanmon.config.api import Throttle

# A stage's variables can't be logged, so a line has no slot. It has the stage and the flag of the canary.
# `ip` is the edge's address. The viewer's address is in X-Forwarded-For, and only functions see this header.
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

SettingValue = str | float | bool | None


@dataclass(frozen=True)
class StageSettings:
    """The settings of every stage of the API: of the live one and of previews."""

    throttle: Throttle
    access_logs: str
    """The log group's ARN."""

    def changes(self, stage: StageResponseTypeDef | None = None) -> list[PatchOperationTypeDef]:
        """The patch operations for a stage to get these settings.

        A new stage (None) needs all of them.
        """
        return [
            {"op": "replace", "path": path, "value": _text(wanted)}
            for path, present, wanted in self._compared(stage)
            if present != wanted
        ]

    def _compared(
        self, stage: StageResponseTypeDef | None
    ) -> Iterator[tuple[str, SettingValue, SettingValue]]:
        """For each setting: its path, the stage's present value, the wanted value."""
        log = stage.get("accessLogSettings", {}) if stage else {}
        methods = stage.get("methodSettings", {}).get("*/*", {}) if stage else {}
        yield "/accessLogSettings/destinationArn", log.get("destinationArn"), self.access_logs
        yield "/accessLogSettings/format", log.get("format"), ACCESS_LOG
        yield "/tracingEnabled", stage.get("tracingEnabled") if stage else None, True
        yield "/*/*/throttling/rateLimit", methods.get("throttlingRateLimit"), self.throttle.rate
        yield "/*/*/throttling/burstLimit", methods.get("throttlingBurstLimit"), self.throttle.burst
        # Alarms and dashboard read the metrics of the whole stage. Those of each method cost extra
        # (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html).
        yield "/*/*/metrics/enabled", methods.get("metricsEnabled"), False
        # Execution logs would contain headers. With the data trace, they would contain whole bodies.
        yield "/*/*/logging/loglevel", methods.get("loggingLevel"), "OFF"
        yield "/*/*/logging/dataTrace", methods.get("dataTraceEnabled"), False


def _text(value: SettingValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
