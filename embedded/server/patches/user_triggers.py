"""A user pool calls its triggers, if the function's policy lets this pool call it ("Using Lambda triggers").

ministack calls those of sign-ups, of tokens and of custom challenges, whatever the policy, and makes a token
all the same when its function fails. Here the others of sign-ups and logins are called, too; a failure ends
the request, as in Cognito. Custom messages and migrations of users are not played.
"""

from __future__ import annotations

import json
import os
from typing import Any

from embedded.edge.permissions import allowed, statements_of
from embedded.server.modules import cognito, lambda_service

_SERVICE = "cognito-idp.amazonaws.com"
_run = cognito._run_idp_handler
_sign_up, _confirm, _confirm_by_admin = (
    cognito._sign_up,
    cognito._confirm_sign_up,
    cognito._admin_confirm_sign_up,
)
_new_password, _log_in = cognito._confirm_forgot_password, cognito._password_auth_result
_before_sign_up, _before_token = cognito._apply_presignup_trigger, cognito._apply_pretoken_trigger


class RefusedError(Exception):
    """A trigger that fails: Cognito's name of the error, and its message."""


def apply() -> None:
    """Call the triggers where Cognito does."""
    # Without it, ministack makes a token also when the function fails.
    os.environ["MINISTACK_COGNITO_PRETOKEN_STRICT"] = "true"
    cognito._run_idp_handler = answer
    cognito._sign_up = sign_up
    cognito._confirm_sign_up = confirm_sign_up
    cognito._admin_confirm_sign_up = admin_confirm_sign_up
    cognito._confirm_forgot_password = confirm_forgot_password
    cognito._password_auth_result = log_in
    cognito._apply_presignup_trigger = before_sign_up
    cognito._apply_pretoken_trigger = before_token


def answer(handler: Any, action: str, data: dict[str, Any]) -> Any:
    """The answer of an operation; a failed trigger is one, too."""
    try:
        return _run(handler, action, data)
    except RefusedError as error:
        name, message = error.args
        return cognito.error_response_json(name, message, 400)


def sign_up(data: dict[str, Any]) -> Any:
    """SignUp: a user whom `PreSignUp` confirmed is confirmed at once."""
    answered = _sign_up(data)
    if answered[0] == 200 and json.loads(answered[2]).get("UserConfirmed"):
        _confirmed(data, "ConfirmSignUp")
    return answered


def confirm_sign_up(data: dict[str, Any]) -> Any:
    """ConfirmSignUp"""
    return _after(_confirm(data), data, "ConfirmSignUp")


def admin_confirm_sign_up(data: dict[str, Any]) -> Any:
    """AdminConfirmSignUp"""
    return _after(_confirm_by_admin(data), data, "ConfirmSignUp")


def confirm_forgot_password(data: dict[str, Any]) -> Any:
    """ConfirmForgotPassword"""
    return _after(_new_password(data), data, "ConfirmForgotPassword")


def log_in(
    pool: dict[str, Any], pool_id: str, client: str, user: dict[str, Any], *given: Any, **more: Any
) -> Any:
    """What a right password answers. Cognito asks `PreAuthentication` before it looks at the password."""
    _call(pool_id, "PreAuthentication", "PreAuthentication_Authentication", user, client)
    answered = _log_in(pool, pool_id, client, user, *given, **more)
    if answered[0] == 200 and "AuthenticationResult" in json.loads(answered[2]):
        _call(pool_id, "PostAuthentication", "PostAuthentication_Authentication", user, client)
    return answered


def before_sign_up(pool_id: str, *given: Any, **more: Any) -> Any:
    """`PreSignUp`, as ministack calls it."""
    _permit(pool_id, _config(pool_id).get("PreSignUp"))
    return _before_sign_up(pool_id, *given, **more)


def before_token(**given: Any) -> Any:
    """`PreTokenGeneration`, as ministack calls it; without its function's answer there is no token."""
    pool_id, config = given["pool_id"], _config(given["pool_id"])
    newer = (config.get("PreTokenGenerationConfig") or {}).get("LambdaArn")
    _permit(pool_id, newer or config.get("PreTokenGeneration"))
    try:
        return _before_token(**given)
    except Exception as error:
        raise RefusedError("UserLambdaValidationException", str(error)) from error


def _after(answered: Any, data: dict[str, Any], source: str) -> Any:
    if answered[0] == 200:
        _confirmed(data, source)
    return answered


def _confirmed(data: dict[str, Any], source: str) -> None:
    client = data.get("ClientId", "")
    pool_id = data.get("UserPoolId") or cognito._pool_for_client(client)[1]
    user, _error = cognito._resolve_user(cognito._user_pools[pool_id], data["Username"])
    if user:
        _call(pool_id, "PostConfirmation", f"PostConfirmation_{source}", user, client)


def _config(pool_id: str) -> dict[str, Any]:
    return dict((cognito._user_pools.get(pool_id) or {}).get("LambdaConfig") or {})


def _call(pool_id: str, trigger: str, source: str, user: dict[str, Any], client: str) -> None:
    function = _config(pool_id).get(trigger)
    if not function:
        return
    _permit(pool_id, function)
    event = {
        "version": "1",
        "triggerSource": source,
        "region": cognito._pool_region(pool_id),
        "userPoolId": pool_id,
        "userName": user["Username"],
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client},
        "request": {"userAttributes": cognito._attr_list_to_dict(user.get("Attributes", []))},
        "response": {},
    }
    record, config, _name = lambda_service._get_func_record_for_ref(function)
    record = lambda_service._execution_record_for_config(record, config)
    result = lambda_service._execute_function_with_config_scope(record, event)
    if isinstance(result, dict) and result.get("error"):
        raise _failed(trigger, result["body"])


def _failed(trigger: str, body: Any) -> RefusedError:
    found = json.loads(body) if isinstance(body, (str, bytes)) else body
    message = found.get("errorMessage", found) if isinstance(found, dict) else found
    return RefusedError("UserLambdaValidationException", f"{trigger} failed with error {message}.")


def _permit(pool_id: str, function: str | None) -> None:
    """Refuse a function that is missing, or that doesn't let the pool call it."""
    if not function:
        return
    record, _config_of, _name = lambda_service._get_func_record_for_ref(function)
    arn = cognito._pool_arn(pool_id)
    keys = {"aws:SourceArn": arn, "aws:SourceAccount": arn.split(":")[4]}
    statements = statements_of(record["policy"]) if record else []
    if not allowed(statements, "lambda:InvokeFunction", function, keys, _SERVICE):
        problem = f"{function} failed with error AccessDeniedException."
        raise RefusedError("UnexpectedLambdaException", problem)
