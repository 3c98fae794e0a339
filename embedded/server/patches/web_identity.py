"""AssumeRoleWithWebIdentity: a role's trust is asked about every claim of the token.

ministack gives the trust policy three claims. The issuer must be a provider of the account with the token's
audience, and the token must not have expired. Its signature is not checked: from here no issuer is reached.
"""

from __future__ import annotations

import time
from typing import Any

from embedded.authorisation import condition_keys
from embedded.server.modules import cognito, iam, sts


def apply() -> None:
    """Replace the reading of the token."""
    sts._web_identity_principal = principal


def principal(token: str, _provider: str, role_arn: str) -> tuple[str, dict[str, Any]]:
    """The provider that trust policies name, with the token's claims; nobody for a token that IAM refuses."""
    try:
        claims = cognito._decode_id_token_unverified(token)
        issuer, expires = str(claims["iss"]), float(claims["exp"])
    except (ValueError, TypeError, KeyError):
        return "", {}
    account = role_arn.split(":")[4]
    host = issuer.split("://", 1)[-1].rstrip("/")
    arn = f"arn:aws:iam::{account}:oidc-provider/{host}"
    provider = iam._oidc_providers.get(arn)
    if not provider or expires < time.time() or claims.get("aud") not in provider.get("ClientIDList", []):
        return "", {}
    return arn, condition_keys.of_token(issuer, claims)
