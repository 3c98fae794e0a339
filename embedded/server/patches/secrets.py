"""`Ref` of a secret is its ARN (AWS::SecretsManager::Secret, "Return values").

ministack returns the name, so a policy or an environment variable made with `Ref` would
differ from AWS. The record stays under its name; only the physical id changes.

Also from that reference: without SecretString and GenerateSecretString the secret is empty, so
reading it is an error, where ministack keeps an empty text.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, secretsmanager

_handler = HANDLERS["AWS::SecretsManager::Secret"]
_create, _update, _delete = _handler["create"], _handler["update"], _handler["delete"]


def apply() -> None:
    """Wrap create, update and delete."""
    _handler.update({"create": create, "update": update, "delete": delete})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create; a name in use is refused as AWS does."""
    if props.get("Name") in secretsmanager._secrets:
        raise ValueError(f"The operation failed because the secret {props['Name']} already exists.")
    name, attributes = _create(logical_id, props, stack)
    if not props.get("SecretString") and not props.get("GenerateSecretString"):
        secretsmanager._secrets[name]["Versions"].clear()
    return attributes["Arn"], attributes


def update(physical_id: str, *arguments: Any) -> Any:
    """Update in place."""
    _name, attributes = _update(name_of(physical_id), *arguments)
    return attributes["Arn"], attributes


def delete(physical_id: str, props: dict[str, Any]) -> None:
    """Delete at once, as a stack does."""
    _delete(name_of(physical_id), props)


def name_of(physical_id: str) -> str:
    """ministack's name of the secret."""
    for name, secret in secretsmanager._secrets.items():
        if physical_id in (name, secret["ARN"]):
            return str(name)
    return physical_id
