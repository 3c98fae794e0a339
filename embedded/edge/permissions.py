"""Policies, as far as the edge must ask them: actions, resources, a few conditions.

Simple on purpose: with an unknown condition an Allow doesn't allow, and a Deny doesn't deny.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def allowed(
    statements: Iterable[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str],
    service: str | None = None,
) -> bool:
    """Whether the statements allow an action; `service` is the principal of a bucket policy."""
    effects = {
        statement.get("Effect")
        for statement in statements
        if _any(statement.get("Action"), action, ignore_case=True)
        and _any(statement.get("Resource", "*"), resource)
        and (service is None or _principal(statement.get("Principal"), service))
        and _conditions(statement.get("Condition") or {}, context)
    }
    return "Allow" in effects and "Deny" not in effects


def statements_of(document: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """A policy document's statements; a single one may stand without a list."""
    statements = (document or {}).get("Statement", [])
    return [statements] if isinstance(statements, dict) else list(statements)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _any(patterns: Any, value: str, ignore_case: bool = False) -> bool:
    return any(_matches(pattern, value, ignore_case) for pattern in _listed(patterns))


def _matches(pattern: str, value: str, ignore_case: bool = False) -> bool:
    expressions = [{"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern]
    flags = re.IGNORECASE if ignore_case else 0
    return re.fullmatch("".join(expressions), value, flags) is not None


def _principal(principal: Any, service: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return service in _listed(principal.get("Service")) or "*" in _listed(principal.get("AWS"))


def _conditions(conditions: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    known = {key.lower(): value for key, value in context.items()}
    for wanted_operator, tests in conditions.items():
        operator = wanted_operator.removesuffix("IfExists")
        optional = operator != wanted_operator
        exact = operator in ("StringEquals", "ArnEquals", "Bool")
        if not exact and operator not in ("StringLike", "ArnLike"):
            return False
        for key, wanted in tests.items():
            value = known.get(key.lower())
            if value is None and optional:
                continue
            texts = [str(w).lower() if operator == "Bool" else str(w) for w in _texts(wanted)]
            if value is None or not any(text == value if exact else _matches(text, value) for text in texts):
                return False
    return True


def _texts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
