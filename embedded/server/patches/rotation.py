"""AWS::SecretsManager::RotationSchedule: the secret is marked as rotating; nothing rotates it.

`Ref` is the secret's ARN ("Return values"). A rotation is proved on a real account.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, secretsmanager

KIND = "AWS::SecretsManager::RotationSchedule"


def apply() -> None:
    """Register the type."""
    HANDLERS[KIND] = {"create": create, "update": update, "delete": delete}
    REPLACING[KIND] = ("SecretId",)


def create(_logical_id: str, props: dict[str, Any], _stack: str) -> Any:
    """Mark the secret; it must exist."""
    _key, secret = secretsmanager._resolve(props.get("SecretId"))
    if not secret:
        raise ValueError("Secrets Manager can't find the specified secret.")
    secret["RotationEnabled"] = True
    secret["RotationLambdaARN"] = props.get("RotationLambdaARN")
    secret["RotationRules"] = props.get("RotationRules")
    return secret["ARN"], {"Id": secret["ARN"]}


def update(_physical_id: str, _old: Any, new: dict[str, Any], stack: str) -> Any:
    """Change rules or function in place."""
    return create("", new, stack)


def delete(physical_id: str, _props: dict[str, Any]) -> None:
    """The secret rotates no more."""
    _key, secret = secretsmanager._resolve(physical_id)
    if secret:
        secret.update({"RotationEnabled": False, "RotationRules": None})
