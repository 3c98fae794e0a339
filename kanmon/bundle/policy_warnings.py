"""Warns of a content security policy that forbids what the config itself names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.config.connections import forbidden
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from kanmon.config.schema import Config


def policy_warnings(config: Config) -> list[KanmonError]:
    """POLICY_FORBIDS for addresses that pages may not ask, though the config has them."""
    found = forbidden(config)
    if not found:
        return []
    named = ", ".join(f"{address} (`{key}`)" for address, key in found.items())
    return [
        KanmonError(
            Code.POLICY_FORBIDS,
            phrase("Browsers refuse requests of the app's pages to {addresses}.", addresses=named),
            where="web.content_security_policy",
            fix=phrase(
                "If pages ask them, write `{directive}` in the policy, with your other sources.",
                directive=f"connect-src 'self' {' '.join(found)}",
            ),
        )
    ]
