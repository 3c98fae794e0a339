"""A stack can't delete a bucket with objects, nor a user pool under protection; nor can the pool's own API.

A stack whose creation failed takes no change set: it has to be deleted first.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html,
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
"""

from __future__ import annotations

import re
from typing import Any

from embedded.server.modules import HANDLERS, change_sets, cloudformation, cognito, handlers, responses, s3

BUCKET, POOL = "AWS::S3::Bucket", "AWS::Cognito::UserPool"
PROTECTED = (
    "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be "
    "inactivated first."
)
_delete_bucket, _delete_pool = HANDLERS[BUCKET]["delete"], HANDLERS[POOL]["delete"]
_api_delete_pool = cognito._delete_user_pool
_FAILED = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")


def apply() -> None:
    """Ask before each deletion."""
    HANDLERS[BUCKET]["delete"] = delete_bucket
    HANDLERS[POOL]["delete"] = delete_pool
    cognito._delete_user_pool = _delete_by_api
    create = handlers._ACTION_HANDLERS["CreateChangeSet"]
    handlers._ACTION_HANDLERS["CreateChangeSet"] = lambda params: _refused(params) or create(params)


def delete_bucket(physical_id: str, props: dict[str, Any]) -> None:
    """AWS::S3::Bucket. A bucket that is gone already is no failure."""
    status, _, body = s3._delete_bucket(physical_id)
    text = body.decode() if isinstance(body, bytes) else str(body)
    if status >= 400 and "NoSuchBucket" not in text:
        message = re.search(r"<Message>(.*?)</Message>", text)
        raise ValueError(message[1] if message else text)
    _delete_bucket(physical_id, props)


def delete_pool(physical_id: str, props: dict[str, Any]) -> None:
    """AWS::Cognito::UserPool."""
    if _protected(physical_id):
        raise ValueError(PROTECTED)
    _delete_pool(physical_id, props)


def _delete_by_api(data: dict[str, Any]) -> Any:
    if _protected(str(data.get("UserPoolId"))):
        return responses.error_response_json("InvalidParameterException", PROTECTED, 400)
    return _api_delete_pool(data)


def _refused(params: dict[str, Any]) -> Any:
    """The refusal of a change set for a stack that takes none; None for all others."""
    stack = cloudformation._stacks.get(change_sets._p(params, "StackName")) or {}
    if stack.get("StackStatus") not in _FAILED:
        return None
    problem = f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated."
    return handlers._error("ValidationError", problem)


def _protected(pool: str) -> bool:
    return (cognito._user_pools.get(pool) or {}).get("DeletionProtection") == "ACTIVE"
