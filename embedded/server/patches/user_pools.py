"""What Cognito refuses of a user pool ("Update requires" of `AWS::Cognito::UserPool`, "CreateUserPool").

ministack leaves a changed or removed attribute as it was, and takes any message.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, cognito, provisioners

CODE, USER = "{####}", "{username}"
_create, _update = provisioners._cognito_user_pool_create, provisioners._cognito_user_pool_update
_create_domain = cognito._create_user_pool_domain


def apply() -> None:
    """Refuse it in CloudFormation, and a second domain everywhere."""
    HANDLERS["AWS::Cognito::UserPool"].update({"create": create, "update": update})
    cognito._create_user_pool_domain = create_domain


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """CreateUserPool, after the checks of its messages and its sender."""
    _check(props)
    return _create(logical_id, props, stack)


def update(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None
) -> Any:
    """UpdateUserPool and AddCustomAttributes: an attribute comes, and nothing else changes."""
    _check(new)
    before, after = _attributes(old), _attributes(new)
    if any(after.get(name) != attribute for name, attribute in before.items()):
        raise ValueError(
            "Invalid request provided: Existing schema attributes cannot be modified or deleted."
        )
    if any(after[name].get("Required") for name in after.keys() - before.keys()):
        raise ValueError("Invalid request provided: Required custom attributes are not supported currently.")
    return _update(physical_id, old, new, stack, logical_id)


def create_domain(data: dict[str, Any]) -> Any:
    """CreateUserPoolDomain: a pool takes one domain of Cognito's."""
    pool = cognito._user_pools.get(data.get("UserPoolId")) or {}
    if pool.get("Domain") and not data.get("CustomDomainConfig"):
        message = "User pool already has a domain configured."
        return cognito.error_response_json("InvalidParameterException", message, 400)
    return _create_domain(data)


def _attributes(props: dict[str, Any]) -> dict[str, Any]:
    return {one["Name"]: one for one in props.get("Schema") or []}


def _check(props: dict[str, Any]) -> None:
    verification = props.get("VerificationMessageTemplate", {}).get("EmailMessage", CODE)
    invitation = props.get("AdminCreateUserConfig", {}).get("InviteMessageTemplate", {})
    text = invitation.get("EmailMessage", CODE + USER)
    if CODE not in verification or CODE not in text or USER not in text:
        raise ValueError("A message's text must have its placeholders, {####} and {username}.")
    mail = props.get("EmailConfiguration", {})
    if mail.get("EmailSendingAccount") == "DEVELOPER" and not mail.get("SourceArn"):
        raise ValueError("SourceArn is required for the email sending account DEVELOPER.")
