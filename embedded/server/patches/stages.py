"""Stages: canary and access log settings, and UpdateStage as one atomic patch.

After the API reference of CreateStage and UpdateStage and "Patch operations" for stages: all
operations of a call apply or none does; `copy` promotes a canary; a deployment must exist.
ministack drops canary and log settings on creation, knows no `copy`, and stores any value.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from embedded.server.modules import HANDLERS, apigateway, provisioners

STAGES = 10
"""For one API: "Quotas for configuring and running a REST API"."""
VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]+")
_create = apigateway._create_stage
_stage_update = provisioners._apigw_stage_update


class _BadRequestError(ValueError):
    """API Gateway answers with BadRequestException."""


def apply() -> None:
    """Replace creation and update, in the API and in CloudFormation."""
    apigateway._create_stage = create
    apigateway._update_stage = update
    handler = HANDLERS["AWS::ApiGateway::Stage"]
    handler.update({"create": _create_resource, "update": _update_resource})
    # Module-level too: the original update creates a replacement by this name.
    provisioners._apigw_stage_create = _create_resource


def create(api_id: str, data: dict[str, Any]) -> Any:
    """CreateStage: refuses an existing name and a missing deployment, keeps the canary."""
    if data.get("stageName") in apigateway._stages_v1.get(api_id, {}):
        return apigateway._v1_error("ConflictException", "Stage already exists", 409)
    if len(apigateway._stages_v1.get(api_id, {})) >= STAGES:
        message = (
            "Maximum number of Stages for this API has been reached. Please contact AWS if you need more."
        )
        return apigateway._v1_error("LimitExceededException", message, 429)
    canary = dict(data.get("canarySettings") or {})
    try:
        for deployment in (data.get("deploymentId"), canary.get("deploymentId")):
            if api_id in apigateway._rest_apis and deployment is not None:
                _check_deployment(api_id, deployment)
        _check_variables(data.get("variables") or {})
    except _BadRequestError as error:
        return apigateway._v1_error("BadRequestException", str(error), 400)
    answer = _create(api_id, data)
    if answer[0] < 400 and canary:
        stage = apigateway._stages_v1[api_id][data["stageName"]]
        stage["canarySettings"] = _canary(canary, stage)
        return apigateway._v1_response(stage, 201)
    return answer


def update(api_id: str, stage_name: str, data: dict[str, Any]) -> Any:
    """UpdateStage: works on a copy; a refused operation leaves nothing behind."""
    stage = apigateway._stages_v1.get(api_id, {}).get(stage_name)
    if not stage:
        return apigateway._v1_error("NotFoundException", "Invalid stage identifier specified", 404)
    changed = copy.deepcopy(stage)
    try:
        for operation in copy.deepcopy(data.get("patchOperations") or []):
            _apply_operation(changed, operation)
        _check(api_id, changed)
    except _BadRequestError as error:
        return apigateway._v1_error("BadRequestException", str(error), 400)
    changed["lastUpdatedDate"] = apigateway._now_unix()
    stage.clear()
    stage.update(changed)
    return apigateway._v1_response(stage)


def _apply_operation(stage: dict[str, Any], operation: dict[str, Any]) -> None:
    kind, path = operation.get("op", "replace"), operation.get("path", "")
    if kind == "copy":
        operation = {"op": "replace", "path": path, "value": _at(stage, operation.get("from", ""))}
    elif kind not in ("add", "replace", "remove"):
        raise _BadRequestError(f"Invalid patch operation specified. Must be 'add', not {kind}")
    if path == "/canarySettings" and kind != "remove":
        raise _BadRequestError("Invalid patch path /canarySettings")
    if path == "/canarySettings" or path.startswith("/canarySettings/"):
        _apply_to_canary(stage, kind, path, operation.get("value"))
        return
    apigateway._apply_stage_patch(stage, [operation])


def _apply_to_canary(stage: dict[str, Any], kind: str, path: str, value: Any) -> None:
    if path == "/canarySettings":
        stage.pop("canarySettings", None)
        return
    canary = stage.get("canarySettings") or {}
    keys = path.split("/")[2:]
    place = canary if len(keys) == 1 else canary.setdefault(keys[0], {})
    if kind == "remove":
        place.pop(keys[-1], None)
    else:
        place[keys[-1]] = value
    stage["canarySettings"] = _canary(canary, stage)


def _canary(canary: dict[str, Any], stage: dict[str, Any]) -> dict[str, Any]:
    """Canary settings with the service's types and defaults (CanarySettings reference)."""
    try:
        percent = float(canary.get("percentTraffic", 0.0))
    except (TypeError, ValueError):
        raise _BadRequestError("Invalid percentTraffic: must be a number") from None
    if not 0.0 <= percent <= 100.0:
        raise _BadRequestError("Canary percentTraffic must be between 0.0 and 100.0")
    cache = canary.get("useStageCache", False)
    return {
        "percentTraffic": percent,
        "deploymentId": canary.get("deploymentId") or stage.get("deploymentId", ""),
        "stageVariableOverrides": canary.get("stageVariableOverrides") or {},
        "useStageCache": cache is True or str(cache).lower() == "true",
    }


def _check(api_id: str, stage: dict[str, Any]) -> None:
    _check_deployment(api_id, stage.get("deploymentId"))
    _check_variables(stage.get("variables") or {})
    canary = stage.get("canarySettings")
    if canary:
        _check_deployment(api_id, canary["deploymentId"])
        _check_variables(canary["stageVariableOverrides"])


def _check_deployment(api_id: str, deployment: Any) -> None:
    if deployment not in apigateway._deployments_v1.get(api_id, {}):
        raise _BadRequestError("Deployment id does not exist")


def _check_variables(variables: dict[str, Any]) -> None:
    for name, value in variables.items():
        if not isinstance(value, str) or not VARIABLE_VALUE.fullmatch(value):
            raise _BadRequestError(f"Invalid stage variable value: {value!r} of {name}")


def _at(stage: dict[str, Any], path: str) -> Any:
    place: Any = stage
    for key in path.split("/")[1:]:
        if not isinstance(place, dict) or key not in place:
            raise _BadRequestError(f"Invalid patch path {path}")
        place = place[key]
    return copy.deepcopy(place)


def _create_resource(_logical_id: str, props: dict[str, Any], _stack: str) -> tuple[str, Any]:
    """AWS::ApiGateway::Stage with ministack's own settings, and the two it drops."""
    name = props.get("StageName", "")
    data = {
        "stageName": name,
        "deploymentId": props.get("DeploymentId", ""),
        "description": props.get("Description", ""),
        "variables": props.get("Variables") or {},
        "methodSettings": provisioners._apigw_method_settings(props.get("MethodSettings")),
        "tracingEnabled": provisioners._cfn_bool(props.get("TracingEnabled", False)),
        "accessLogSettings": _log_settings(props),
        "canarySettings": _canary_settings(props),
        "tags": {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []},
    }
    _raise_for(apigateway._create_stage(props.get("RestApiId", ""), data), "create")
    return name, {"StageName": name}


def _update_resource(
    physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], stack: str
) -> Any:
    """The stage's update, then the two settings missing in ministack's own."""
    result = _stage_update(physical_id, old_props, new_props, stack)
    stage = apigateway._stages_v1[new_props["RestApiId"]][new_props["StageName"]]
    if old_props.get("AccessLogSetting") != new_props.get("AccessLogSetting"):
        stage["accessLogSettings"] = _log_settings(new_props)
    if old_props.get("CanarySetting") != new_props.get("CanarySetting"):
        canary = _canary_settings(new_props)
        stage.pop("canarySettings", None)
        if canary:
            stage["canarySettings"] = _canary(canary, stage)
    return result


def _log_settings(props: dict[str, Any]) -> dict[str, Any]:
    setting = props.get("AccessLogSetting") or {}
    return {key[0].lower() + key[1:]: value for key, value in setting.items()}


def _canary_settings(props: dict[str, Any]) -> dict[str, Any]:
    setting = props.get("CanarySetting") or {}
    return {key[0].lower() + key[1:]: value for key, value in setting.items()}


def _raise_for(answer: Any, action: str) -> None:
    if answer[0] >= 400:
        raise ValueError(f"AWS::ApiGateway::Stage {action} failed: {answer[2]!r}")
