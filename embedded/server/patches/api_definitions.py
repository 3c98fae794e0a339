"""A REST API's `Body`: imported as a whole, and replaced in place.

ministack imports a new document into a new API with another id, drops the credentials of integrations, any
method and gateway responses, and checks nothing. On AWS the first import makes the API, without tags; later
ones replace all that it has (`Mode: overwrite`), and its id, stages, deployments and tags stay.
"""

from __future__ import annotations

import json
from typing import Any

from embedded.server.definition import Definition, LimitError, Operation, RefusedError, read
from embedded.server.modules import HANDLERS, apigateway, provisioners

_PLACES = {"path": "path", "query": "querystring", "header": "header"}
_create, _update = provisioners._apigw_rest_api_create, provisioners._apigw_rest_api_update


def apply() -> None:
    """Replace creation and update of an API with a `Body`."""
    provisioners._apigw_rest_api_create = create
    provisioners._apigw_rest_api_update = update
    HANDLERS["AWS::ApiGateway::RestApi"].update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """ImportRestApi, then the tags."""
    if props.get("Body") is None:
        return _create(logical_id, props, stack)
    definition = _read(props)
    answer = apigateway._create_rest_api({"name": definition.name, "tags": _tags(props)})
    api_id = json.loads(answer[2])["id"]
    _import(api_id, definition)
    return api_id, provisioners._apigw_rest_api_attrs(api_id)


def update(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None
) -> Any:
    """PutRestApi, then the tags."""
    if new.get("Body") is None:
        return _update(physical_id, old, new, stack, logical_id)
    if new.get("Mode") != "overwrite":
        raise ValueError("only Mode overwrite is played here")
    if new != old:
        _import(physical_id, _read(new))
        apigateway._rest_apis[physical_id]["tags"] = _tags(new)
        apigateway._v1_tags[apigateway._rest_api_arn(physical_id)] = _tags(new)
    return physical_id, provisioners._apigw_rest_api_attrs(physical_id)


def _read(props: dict[str, Any]) -> Definition:
    warned = provisioners._cfn_bool(props.get("FailOnWarnings", False))
    try:
        return read(props["Body"], props.get("Parameters") or {}, fail_on_warnings=warned)
    except RefusedError as error:
        name = "LimitExceeded" if isinstance(error, LimitError) else "BadRequest"
        raise ValueError(f"{error} (Service: ApiGateway, Error Code: {name}Exception)") from None


def _import(api_id: str, definition: Definition) -> None:
    """Replace all that the API has by the definition."""
    apigateway._rest_apis[api_id].update(
        name=definition.name,
        version=definition.version,
        binaryMediaTypes=definition.binary_media_types,
        minimumCompressionSize=definition.minimum_compression_size,
        endpointConfiguration={"types": [definition.endpoint]},
        disableExecuteApiEndpoint=definition.endpoint_disabled,
        policy=None,
    )
    apigateway._authorizers_v1[api_id] = {}
    schemes = apigateway._import_security_schemes(api_id, definition.document)
    apigateway._resources[api_id] = ids = _resources(api_id, definition)
    by_path = {resource["path"]: name for name, resource in ids.items()}
    for operation in definition.operations:
        _put(api_id, by_path[operation.path], operation, schemes, definition.document.get("security"))
    apigateway._gateway_responses[api_id] = {}
    for kind, response in definition.gateway_responses.items():
        answer = apigateway._put_gateway_response(api_id, kind, response)
        if answer[0] >= 400:
            raise ValueError(f"Errors found during import: {answer[2]!r}")


def _resources(api_id: str, definition: Definition) -> dict[str, Any]:
    """The path tree. A path that was there keeps its id."""
    known = {one["path"]: name for name, one in apigateway._resources.get(api_id, {}).items()}
    ids = {path: known.get(path) or apigateway._new_id()[:8] for path in definition.paths}
    made: dict[str, Any] = {}
    for path, name in ids.items():
        parent, _slash, part = path.rpartition("/")
        made[name] = {
            "id": name,
            "parentId": ids[parent or "/"] if part else None,
            "pathPart": part,
            "path": path,
            "resourceMethods": {},
        }
    return made


def _put(api_id: str, resource: str, operation: Operation, schemes: Any, security: Any) -> None:
    wanted = operation.content.get("security", security)
    method = {
        **apigateway._method_security(wanted, schemes),
        "requestParameters": {
            f"method.request.{_PLACES[one['in']]}.{one['name']}": bool(one.get("required"))
            for one in operation.content.get("parameters", [])
            if one["in"] in _PLACES
        },
    }
    apigateway._put_method(api_id, resource, operation.method, method)
    for status in operation.content.get("responses", {}):
        apigateway._put_method_response(api_id, resource, operation.method, status, {})
    if operation.integration is None:
        return
    given = {key: value for key, value in operation.integration.items() if key != "responses"}
    data = {**given, "type": given["type"].upper()}
    apigateway._put_integration(api_id, resource, operation.method, data)
    for pattern, response in operation.integration.get("responses", {}).items():
        data = {**response, "selectionPattern": "" if pattern == "default" else pattern}
        status = str(response.get("statusCode", "200"))
        apigateway._put_integration_response(api_id, resource, operation.method, status, data)


def _tags(props: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []}
