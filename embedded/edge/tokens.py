"""Tokens of user pools, as API Gateway verifies them: signature, issuer, times and scopes, never the client.

"Control access to REST APIs using Amazon Cognito user pools as an authorizer". Without scopes it takes each
valid token of the pools, with scopes an access token with one of them.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from embedded.signatures import is_signed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

KeySet = dict[str, tuple[int, int]]
"""Modulus and exponent of each key, by its id."""


def issuer_of(token: str) -> str:
    """The issuer that a token claims; empty for something else."""
    return str(_read(token)[1].get("iss", ""))


def issuers(arns: Sequence[str]) -> dict[str, str]:
    """The ids of user pools, by their issuers."""
    found = (arn.split(":") for arn in arns)
    pools = {region: resource.partition("/")[2] for _, _, _, region, _, resource in found}
    return {f"https://cognito-idp.{region}.amazonaws.com/{pool}": pool for region, pool in pools.items()}


def key_set(document: dict[str, Any]) -> KeySet:
    """The keys of a pool's `jwks.json`."""
    return {one["kid"]: (_number(one["n"]), _number(one["e"])) for one in document["keys"]}


def claims_of(token: str, keys: KeySet, scopes: Collection[str]) -> dict[str, str] | None:
    """The claims of a valid token as functions get them; None for another one."""
    header, claims = _read(token)
    public = keys.get(str(header.get("kid")))
    content, _dot, signature = token.rpartition(".")
    if public is None or header.get("alg") != "RS256":
        return None
    if not is_signed(content.encode(), _decoded(signature), public):
        return None
    if not float(claims.get("iat", 0)) <= time.time() + 1 < float(claims.get("exp", 0)) + 1:
        return None
    if scopes and not set(scopes) & set(str(claims.get("scope", "")).split()):
        return None
    return {name: _shown(value) for name, value in claims.items()}


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        header, claims, _signature = token.split(".")
        read = [json.loads(_decoded(part)) for part in (header, claims)]
    except ValueError:
        return {}, {}
    return (read[0], read[1]) if all(isinstance(one, dict) for one in read) else ({}, {})


def _shown(value: Any) -> str:
    """A claim as text: a list has spaces and square brackets."""
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return value if isinstance(value, str) else json.dumps(value)


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
