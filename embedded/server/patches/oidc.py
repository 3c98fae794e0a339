"""AWS::IAM::OIDCProvider, in ministack's IAM: its STS then knows the issuer.

`Ref` and `GetAtt Arn` are the provider's ARN; client ids and thumbprints change in place.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, iam, responses

KIND = "AWS::IAM::OIDCProvider"


def apply() -> None:
    """Register the type."""
    HANDLERS[KIND] = {"create": create, "update": update, "delete": delete}
    REPLACING[KIND] = ("Url",)


def create(_logical_id: str, props: dict[str, Any], _stack: str) -> Any:
    """One provider for an issuer in an account, as in IAM."""
    issuer = str(props.get("Url", "")).split("://", 1)[-1].rstrip("/")
    arn = f"arn:aws:iam::{responses.get_account_id()}:oidc-provider/{issuer}"
    if arn in iam._oidc_providers:
        raise ValueError(f"Provider with url {props.get('Url')} already exists.")
    iam._oidc_providers[arn] = {"Arn": arn, "Url": issuer, "CreateDate": iam._now()}
    return update(arn, None, props)


def update(physical_id: str, _old: Any, props: dict[str, Any], *_rest: Any) -> Any:
    """Replace the lists."""
    lists = {key: list(props.get(key) or []) for key in ("ClientIdList", "ThumbprintList", "Tags")}
    iam._oidc_providers[physical_id].update(
        {
            "ClientIDList": lists["ClientIdList"],
            "ThumbprintList": lists["ThumbprintList"],
            "Tags": lists["Tags"],
        }
    )
    return physical_id, {"Arn": physical_id}


def delete(physical_id: str, _props: dict[str, Any]) -> None:
    """Forget it."""
    iam._oidc_providers.pop(physical_id, None)
