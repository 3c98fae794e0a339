"""A deployment is a snapshot of the API's resources, methods, integrations and gateway responses.

"A deployment is a point-in-time snapshot of your API" (API Gateway developer guide, "Deploy
REST APIs"). ministack keeps a list of methods only, exports the API as it is now, deploys an API
without methods and deletes a deployment even if a stage points at it.
"""

from __future__ import annotations

import copy
from typing import Any

from embedded.server.modules import HANDLERS, apigateway

IN_USE = "Active stages pointing to this deployment must be moved or deleted"
# Deployment ids are unique, so the API's id need not be part of the key for looking up.
_snapshots: dict[tuple[str, str], dict[str, Any]] = {}
_create = apigateway._create_deployment
_delete = apigateway._delete_deployment
_export = apigateway._get_export


def apply() -> None:
    """Replace the control plane's functions for deployments."""
    apigateway._create_deployment = create
    apigateway._delete_deployment = delete
    apigateway._get_export = export
    HANDLERS["AWS::ApiGateway::Deployment"]["delete"] = _delete_resource


def snapshot(api_id: str, deployment_id: str) -> dict[str, Any] | None:
    """The deployed snapshot, for the data plane: resources, types, gateway responses and authorizers."""
    return _snapshots.get((api_id, deployment_id))


def create(api_id: str, data: dict[str, Any]) -> Any:
    """CreateDeployment, with the snapshot."""
    resources = apigateway._resources.get(api_id, {})
    methods = [m for r in resources.values() for m in r.get("resourceMethods", {}).values()]
    if api_id in apigateway._rest_apis and not methods:
        message = "The REST API doesn't contain any methods"
        return apigateway._v1_error("BadRequestException", message, 400)
    if not all(method.get("methodIntegration") for method in methods):
        return apigateway._v1_error("BadRequestException", "No integration defined for method", 400)
    before = set(apigateway._deployments_v1.get(api_id, {}))
    answer = _create(api_id, data)
    for created in set(apigateway._deployments_v1.get(api_id, {})) - before:
        media_types = apigateway._rest_apis[api_id].get("binaryMediaTypes") or []
        content = {
            "resources": resources,
            "binaryMediaTypes": media_types,
            "gatewayResponses": apigateway._gateway_responses.get(api_id, {}),
            "authorizers": apigateway._authorizers_v1.get(api_id, {}),
        }
        _snapshots[api_id, created] = copy.deepcopy(content)
    return answer


def delete(api_id: str, deployment_id: str) -> Any:
    """DeleteDeployment, refused while a stage or its canary points there."""
    for stage in apigateway._stages_v1.get(api_id, {}).values():
        canary = stage.get("canarySettings") or {}
        if deployment_id in (stage.get("deploymentId"), canary.get("deploymentId")):
            return apigateway._v1_error("BadRequestException", IN_USE, 400)
    answer = _delete(api_id, deployment_id)
    _snapshots.pop((api_id, deployment_id), None)
    return answer


def export(api_id: str, stage_name: str, *arguments: Any) -> Any:
    """GetExport of the stage's deployment, not of the API's present resources."""
    stage = apigateway._stages_v1.get(api_id, {}).get(stage_name, {})
    deployed = snapshot(api_id, stage.get("deploymentId", ""))
    if deployed is None:
        return _export(api_id, stage_name, *arguments)
    present = apigateway._resources.get(api_id)
    apigateway._resources[api_id] = deployed["resources"]
    try:
        return _export(api_id, stage_name, *arguments)
    finally:
        apigateway._resources[api_id] = present


def _delete_resource(physical_id: str, props: dict[str, Any]) -> None:
    """CloudFormation's delete fails as the call does; ministack's ignores the answer."""
    status, _headers, body = apigateway._delete_deployment(props.get("RestApiId", ""), physical_id)
    if status >= 400 and status != 404:
        raise ValueError(f"AWS::ApiGateway::Deployment delete failed: {body!r}")
