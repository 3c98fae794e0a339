"""Every request is authorised: ministack's own evaluation of IAM, with what it lacks.

ministack knows identity policies, boundaries, sessions, trust, and the policies of buckets, keys, topics
and functions. Added here: the condition keys in `embedded/authorisation`, the further rights of some
requests, the tags of APIs and user pools, denials for requests that ministack can't name, and the whole text
of a denial. Loopback counts as TLS.
"""

from __future__ import annotations

import json
import re
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from embedded.authorisation import condition_keys, resources
from embedded.server import decisions
from embedded.server.modules import (
    actions,
    apigateway,
    change_sets,
    cloudformation,
    evaluator,
    responses,
    router,
    tagging,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNNAMED = "Unnamed"
"""The action of a request that ministack can't name. No policy grants it but `<service>:*`."""
ALSO = "embedded:also"
"""The further resources of a request, among its keys until they are asked about."""
TAGGED, UNTAGGED = "embedded:tagged", "embedded:untagged"
"""The same for a stack's tags: the keys of the right to give them, and of the right to remove others."""
_CHANGING = ("CreateChangeSet", "ExecuteChangeSet", "UpdateStack")

API = re.compile(r"arn:aws:apigateway:[^:]*::/restapis/([^/]+)")
MAPPING = re.compile(r"/[^/]+/event-source-mappings/[^/]")
_enforce, _extract, _resource_of = evaluator.enforce, actions.extract_iam_action, actions.extract_resource_arn
_tag_keys, _object_keys, _denial = (
    actions.request_tag_context,
    actions.s3_service_context,
    actions.access_denied_response,
)
_tags_of = tagging.resource_tags
_pin_origin = evaluator.pin_request_origin
_refused: ContextVar[tuple[str, str]] = ContextVar("refused", default=("", ""))


def apply() -> None:
    """Put this module's functions before ministack's."""
    # Each request reads all policies of its caller. ministack would parse them anew each time.
    read = cache(evaluator.parse_policy_document)
    parse = evaluator.parse_policy_document
    evaluator.parse_policy_document = lambda policy: (
        read(policy) if isinstance(policy, str) else parse(policy)
    )
    evaluator.enforce = enforce
    evaluator.pin_request_origin = lambda address, _secure: _pin_origin(address, True)
    actions.extract_iam_action = extract_action
    actions.extract_resource_arn = extract_resource
    actions.request_tag_context = keys_of_request
    actions.s3_service_context = keys_of_object
    actions.access_denied_response = denial
    tagging.resource_tags = tags_of
    # ministack reads the tags of user pools for its API of tags only.
    tagging._RESOURCE_TAG_COLLECTORS["cognito-idp"] = tagging._collect_cognito


def enforce(
    access_key: str,
    action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: Mapping[str, Any] | None = None,
) -> Any:
    """None if the caller may do this; else ministack's reason. Also asks for the further rights."""
    if service == "s3" and evaluator._anonymous.get():
        return _anonymously(action, region, resource_arn, service_context or {})
    keys = {key.lower(): value for key, value in (service_context or {}).items()}
    for right, target, given in _rights(action, resource_arn, keys):
        tags = {f"aws:resourcetag/{name}".lower(): value for name, value in (tags_of(target) or {}).items()}
        denied = _enforce(
            access_key, right, service, region, resource_arn=target, service_context={**tags, **given}
        )
        if not isinstance(denied, evaluator.AuthError):
            decisions.record(evaluator.caller_arn(), right, target, allowed=denied is None)
        if denied:
            _refused.set((right, target))
            return denied
    return None


def extract_action(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> str | None:
    """The action of a request. None is not asked about: the administrator's, so that it costs nothing.

    For a caller with limits, a request without a name is denied.
    """
    key = router.extract_access_key_id(headers, query)
    if key and evaluator.is_root_access_key(key):
        return None
    found = _extract(service, method, path, headers, body, query)
    if service == "monitoring" and found is None and "/operation/" in path:
        found = f"cloudwatch:{path.rpartition('/')[2]}"
    if service == "lambda":
        found = _of_lambda(method, path) or found
    namespace = actions.SERVICE_TO_IAM_NAMESPACE.get(service)
    if found is None and namespace and key:
        return f"{namespace}:{UNNAMED}"
    return str(found) if found else None


def extract_resource(
    service: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Any],
    region: str,
    account: str,
) -> str:
    """The resource of a request. A change set's ARN names a stack, as the stack's name does."""
    if service == "cloudformation" and (stack := _stack_of(query)[0]):
        return str(stack["StackId"])
    if service == "rds" and (found := resources.of_database(query, region, account)):
        return found[0]
    arn = str(_resource_of(service, method, path, headers, body, query, region, account))
    if service == "wafv2" and arn.endswith("/*") and (identifier := resources.of_web_acl(body)):
        return arn.removesuffix("*") + identifier
    return arn


def keys_of_request(service: str, action: str, body: bytes, query: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of any request: tags, and those of single services."""
    keys: dict[str, Any] = dict(_tag_keys(service, action, body, query))
    if service == "cloudformation":
        keys |= condition_keys.of_change_set(query) | _stack_tags(action.split(":")[1], query, keys)
    if service == "rds":
        region, account = responses.get_region(), responses.get_account_id()
        keys[ALSO] = resources.of_database(query, region, account)[1:]
    if service == "monitoring":
        keys |= condition_keys.of_metrics(_namespace(body, query))
    if service == "ec2" and action != "ec2:CreateTags":
        keys |= condition_keys.of_new_resource(action)
    return keys


def keys_of_object(
    action: str, query: Mapping[str, Any] | None, path: str = "", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The keys of a request to S3."""
    return {
        **_object_keys(action, query, path, headers),
        **condition_keys.of_object(action, query or {}, headers or {}),
    }


def denial(service: str, action: str, principal: str, request: str, **details: Any) -> Any:
    """A denial in the service's own form. Its text names the action and the resource that were refused."""
    by_resource = details.get("resource_policy_arn")
    if not (details.get("message") or details.get("error_code") or by_resource):
        right, target = _refused.get()
        action, resource = (right, target) if right else (action, details.get("resource_arn", "*"))
        details["message"] = actions.identity_denial_message(
            action, principal, resource, details.get("explicit_deny", False)
        )
    return _denial(service, action, principal, request, **details)


def tags_of(arn: str) -> dict[str, str] | None:
    """The tags of a resource. A part of an API has the API's tags."""
    if found := API.match(arn):
        api = apigateway._rest_apis.get(found[1])
        return dict((api or {}).get("tags") or {})
    tags: dict[str, str] | None = _tags_of(arn)
    return tags


def _rights(action: str, resource: str, keys: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What the request needs: its own action, then those that the service asks for beside it."""
    rights_on_tags = [("TagResource", keys.pop(TAGGED, None)), ("UntagResource", keys.pop(UNTAGGED, None))]
    for target in (resource, *keys.pop(ALSO, ())):
        yield action, target, keys
    if not action.startswith("cloudformation:"):
        return
    if role := keys.get("cloudformation:rolearn"):
        yield "iam:PassRole", role, {"iam:passedtoservice": "cloudformation.amazonaws.com"}
    for right, given in rights_on_tags:
        if given:
            yield f"cloudformation:{right}", resource, given


def _stack_tags(action: str, query: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the rights that a request needs for the tags of its stack: for what it gives and removes.

    An execution needs them, too: the tags of its change set become the stack's. The rights of each operation:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
    """
    stack, change_set = _stack_of(query)
    tags = {key.lower(): value for key, value in sent.items() if key.lower().startswith("aws:requesttag/")}
    given, names = "Tags" in query or bool(tags), list(sent.get("aws:TagKeys", ()))
    if action == "ExecuteChangeSet" and change_set:
        given, names = change_set["_tags_given"], [tag["Key"] for tag in change_set["Tags"]]
        tags = {f"aws:requesttag/{tag['Key']}".lower(): tag["Value"] for tag in change_set["Tags"]}
    present = [tag["Key"] for tag in (stack or {}).get("Tags", ())] if action in _CHANGING and given else []
    leaving = [name for name in present if name not in names]
    cause = {"cloudformation:createaction": action}
    return {
        TAGGED: {**tags, **cause, "aws:tagkeys": names} if names else None,
        UNTAGGED: {**cause, "aws:tagkeys": leaving} if leaving else None,
    }


def _stack_of(query: Mapping[str, Any]) -> tuple[Any, Any]:
    """The stack of a request to CloudFormation, and its change set; None for what there is not."""
    name = condition_keys.first(query, "StackName")
    _, change_set = change_sets._find_change_set(condition_keys.first(query, "ChangeSetName"), name)
    return cloudformation._stacks.get(change_set["StackName"] if change_set else name), change_set


def _anonymously(action: str, region: str, resource: str, keys: Mapping[str, Any]) -> Any:
    """Without credentials, only the bucket's own policy can allow."""
    context = evaluator.EvalContext(
        principal_arn="*",
        principal_type="Anonymous",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=region,
        service_context={key.lower(): value for key, value in keys.items()},
    )
    policy, _ = evaluator._resource_policy("s3", resource) or ("", "")
    found = evaluator.evaluate_resource_policy(policy, context)
    return None if found.decision == "Allow" else evaluator.EvalResult("ImplicitDeny", "anonymous")


def _of_lambda(method: str, path: str) -> str | None:
    """Lambda's actions for event source mappings and settings, by https://docs.aws.amazon.com/lambda/latest/api."""
    if method == "GET" and path.rstrip("/").endswith("/account-settings"):
        return "lambda:GetAccountSettings"
    verb = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}.get(method)
    return f"lambda:{verb}EventSourceMapping" if verb and MAPPING.match(path) else None


def _namespace(body: bytes, query: Mapping[str, Any]) -> str:
    if found := condition_keys.first(query, "Namespace"):
        return found
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(given.get("Namespace") or "") if isinstance(given, dict) else ""
