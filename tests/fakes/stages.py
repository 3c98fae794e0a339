"""As much of the API Gateway client as Kanmon uses: the stages of one REST API, in memory."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.objects import Pages, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
_STAGES = 10
_METHOD_SETTINGS = {
    "throttling/rateLimit": "throttlingRateLimit",
    "throttling/burstLimit": "throttlingBurstLimit",
    "metrics/enabled": "metricsEnabled",
    "logging/loglevel": "loggingLevel",
    "logging/dataTrace": "dataTraceEnabled",
}
_TYPES: dict[str, Callable[[str], Any]] = {
    "throttlingRateLimit": float,
    "throttlingBurstLimit": int,
    "metricsEnabled": "true".__eq__,
    "dataTraceEnabled": "true".__eq__,
    "tracingEnabled": "true".__eq__,
}


@dataclass
class MemoryApiGateway:
    """Stages and their patch operations; a stage can't point at a deployment that doesn't exist."""

    deployments: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    """The deployments that people made."""
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    updates: list[tuple[str, list[dict[str, str]]]] = field(default_factory=list)

    def get_stage(self, *, restApiId: str, stageName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        del restApiId
        return copy.deepcopy(self._stage(stageName, "GetStage"))

    def create_stage(
        self,
        *,
        restApiId: str,  # noqa: N803
        stageName: str,  # noqa: N803
        deploymentId: str,  # noqa: N803
        variables: dict[str, str],
    ) -> None:
        del restApiId
        if stageName in self.stages:
            raise refusal("ConflictException", "CreateStage", "Stage already exists")
        if len(self.stages) >= _STAGES:
            raise refusal("LimitExceededException", "CreateStage", "Maximum number of Stages")
        self._check_deployment(deploymentId, "CreateStage")
        self.stages[stageName] = {
            "deploymentId": deploymentId,
            "variables": {key: str(value) for key, value in variables.items()},
            "tracingEnabled": False,
        }

    def update_stage(
        self,
        *,
        restApiId: str,  # noqa: N803
        stageName: str,  # noqa: N803
        patchOperations: list[dict[str, str]],  # noqa: N803
    ) -> None:
        del restApiId
        stage = copy.deepcopy(self._stage(stageName, "UpdateStage"))
        for operation in patchOperations:
            self._patch(stage, operation)
        self._check_deployment(stage["deploymentId"], "UpdateStage")
        # All of it or nothing: one call moves routes and functions together.
        self.stages[stageName] = stage
        self.updates.append((stageName, patchOperations))

    def delete_stage(self, *, restApiId: str, stageName: str) -> None:  # noqa: N803
        del restApiId
        self._stage(stageName, "DeleteStage")
        del self.stages[stageName]

    def get_stages(self, *, restApiId: str) -> dict[str, Any]:  # noqa: N803
        del restApiId
        found = [{"stageName": name, **stage} for name, stage in self.stages.items()]
        # Without any, the answer has no list.
        return {"item": copy.deepcopy(found)} if found else {}

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "get_deployments"
        items = [
            {"id": one, **({} if one in self.foreign else {"description": f"routes {one}"})}
            for one in sorted(self.deployments)
        ]
        return Pages({"items": items} if items else {})

    def delete_deployment(self, *, restApiId: str, deploymentId: str) -> None:  # noqa: N803
        del restApiId
        places = [one for stage in self.stages.values() for one in (stage, stage.get("canarySettings", {}))]
        if deploymentId in [place.get("deploymentId") for place in places]:
            raise refusal("BadRequestException", "DeleteDeployment", "Active stages pointing to it")
        if deploymentId not in self.deployments:
            raise refusal("NotFoundException", "DeleteDeployment")
        self.deployments.remove(deploymentId)

    def _stage(self, name: str, operation: str) -> dict[str, Any]:
        if name not in self.stages:
            raise refusal("NotFoundException", operation, "Invalid stage identifier specified")
        return self.stages[name]

    def _check_deployment(self, deployment: str, operation: str) -> None:
        if deployment not in self.deployments:
            raise refusal("BadRequestException", operation, "Invalid deployment identifier specified")

    def _patch(self, stage: dict[str, Any], operation: dict[str, str]) -> None:
        *parents, name = operation["path"].strip("/").split("/")
        if parents[:2] == ["*", "*"]:
            # A setting of all methods: patched by one name, shown by another.
            parents, name = ["methodSettings", "*/*"], _METHOD_SETTINGS["/".join([*parents[2:], name])]
        place = stage
        for key in parents:
            place = place.setdefault(key, {})
        if operation["op"] == "remove":
            place.pop(name, None)
        else:
            place[name] = _TYPES.get(name, str)(operation["value"])
