"""Cognito's tokens have a signature that its key set proves ("Verifying JSON web tokens").

Without a library for it, ministack writes random bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from typing import Any

from embedded.server.modules import cognito
from embedded.signatures import Key, is_signed, make_key


def apply() -> None:
    """Sign and verify tokens, and answer the key set."""
    cognito._signed_jwt = signed
    cognito._signature_valid = is_valid
    cognito.well_known_jwks = key_set


def signed(claims: dict[str, Any], pool_id: str = "", _use: str = "") -> str:
    """A token over the claims, signed with the pool's key."""
    header = {"alg": "RS256", "kid": _key_id(pool_id)}
    content = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
    return f"{content}.{_text(_key(pool_id).sign(content.encode()))}"


def is_valid(token: str) -> bool:
    """Whether a pool of ours signed the token."""
    content, _dot, signature = token.rpartition(".")
    pool_id = str(cognito._token_claims(token).get("iss", "")).rsplit("/", 1)[-1]
    try:
        read = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError:
        return False
    return is_signed(content.encode(), read, _key(pool_id).public)


def key_set(pool_id: str) -> Any:
    """The public keys of a pool."""
    modulus, exponent = _key(pool_id).public
    key = {
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "kid": _key_id(pool_id),
        "n": _number(modulus),
        "e": _number(exponent),
    }
    return 200, {"Content-Type": "application/json"}, json.dumps({"keys": [key]}).encode()


@cache
def _key(_pool_id: str) -> Key:
    return make_key()


def _key_id(pool_id: str) -> str:
    return base64.b64encode(hashlib.sha256(pool_id.encode()).digest()).decode()


def _number(number: int) -> str:
    return _text(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
