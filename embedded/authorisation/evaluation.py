"""Whether policies allow a request: IAM's evaluation logic, without AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. Not here: policies
of organizations and sessions; binary, date and address operators. An unknown operator raises an error:
otherwise a test could pass by a condition without a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Value = str | Sequence[str]
Context = Mapping[str, Value]
"""The condition keys of a request. A key of several values, such as `aws:TagKeys`, has a list."""
Policy = Sequence["Statement"]
_Keys = Mapping[str, tuple[str, ...]]
"""A request's condition keys in small letters, each with its values."""

_ARN_SEGMENTS = 6


class Effect(Enum):
    """The result of a policy, or of all policies."""

    ALLOW = "allowed"
    IMPLICIT_DENY = "nothing allows it"
    EXPLICIT_DENY = "a statement denies it"


@dataclass(frozen=True)
class Principal:
    """The caller of a request."""

    name: str
    """An ARN, a service such as `cloudtrail.amazonaws.com`, a provider of identities, or "" for anybody."""
    kind: str = "AWS"
    """`AWS`, `Service` or `Federated`, as in a policy's `Principal`."""

    @property
    def account(self) -> str:
        """The account of an ARN; else empty."""
        segments = self.name.split(":")
        return segments[4] if len(segments) >= _ARN_SEGMENTS else ""


@dataclass(frozen=True)
class Request:
    """A call as IAM sees it: one action on one resource. `*` is the resource of actions without one."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    principal: Principal | None = None


@dataclass(frozen=True)
class Statement:
    """A statement of a policy. An absent element is `None`."""

    effect: str
    actions: tuple[str, ...] | None
    not_actions: tuple[str, ...] | None
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    principals: Mapping[str, tuple[str, ...]] | None
    not_principals: Mapping[str, tuple[str, ...]] | None
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]
    sid: str = ""

    def applies(self, request: Request) -> bool:
        """Whether the statement is about this request."""
        return (
            self._about_action(request.action)
            and self._about_resource(request)
            and self._about_principal(request.principal)
            and conditions_hold(self.conditions, request.context)
        )

    def _about_action(self, action: str) -> bool:
        # IAM compares actions without their case.
        named = action.lower()
        if self.not_actions is not None:
            return not any(like(one.lower(), named) for one in self.not_actions)
        return any(like(one.lower(), named) for one in self.actions or ())

    def _about_resource(self, request: Request) -> bool:
        if self.not_resources is not None:
            return not any(_about(one, request) for one in self.not_resources)
        # A trust policy has no resource: it is the role's own.
        return self.resources is None or any(_about(one, request) for one in self.resources)

    def _about_principal(self, principal: Principal | None) -> bool:
        if self.not_principals is not None:
            return not names_principal(self.not_principals, principal)
        return self.principals is None or names_principal(self.principals, principal)


def statements_of(document: Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy document. Raises ValueError if an element has no meaning here."""
    return [statement_of(one) for one in _listed(document["Statement"])]


def statement_of(raw: Mapping[str, Any]) -> Statement:
    """One statement. Raises ValueError for an unknown element, effect or operator."""
    known = {"Sid", "Effect", "Condition"} | {
        f"{no}{element}" for no in ("", "Not") for element in ("Action", "Resource", "Principal")
    }
    if set(raw) - known or raw["Effect"] not in {"Allow", "Deny"}:
        raise ValueError(f"no statement of a policy: {raw}")
    conditions = {
        operator: {key: _texts(expected) for key, expected in keys.items()}
        for operator, keys in raw.get("Condition", {}).items()
    }
    for operator in conditions:
        _operator(operator)
    return Statement(
        effect=raw["Effect"],
        actions=_element(raw, "Action"),
        not_actions=_element(raw, "NotAction"),
        resources=_element(raw, "Resource"),
        not_resources=_element(raw, "NotResource"),
        principals=_principals(raw.get("Principal")),
        not_principals=_principals(raw.get("NotPrincipal")),
        conditions=conditions,
        sid=raw.get("Sid", ""),
    )


def effect(policy: Policy, request: Request) -> Effect:
    """The result of one policy: a denial wins over any allowance, and silence denies."""
    effects = {one.effect for one in policy if one.applies(request)}
    if "Deny" in effects:
        return Effect.EXPLICIT_DENY
    return Effect.ALLOW if "Allow" in effects else Effect.IMPLICIT_DENY


def decide(
    request: Request,
    identity: Policy,
    *,
    boundary: Policy | None = None,
    resource: Policy = (),
    owner: str = "",
    resource_decides: bool = False,
) -> Effect:
    """The result of all policies for a request of a role, or of anybody without policies.

    `resource` is the resource's policy, and `owner` its account: a caller of another account needs an
    allowance of both. `resource_decides` is for keys and for a role's trust: there the resource's policy must
    allow. By naming its account it leaves the decision to the account's identity policies
    (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
    """
    own, limit, theirs = (effect(policy, request) for policy in (identity, boundary or (), resource))
    if Effect.EXPLICIT_DENY in {own, limit, theirs}:
        return Effect.EXPLICIT_DENY
    # A resource's policy allows a role within its boundary only. See "Permissions boundaries" in
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html.
    within = boundary is None or limit is Effect.ALLOW
    by_identity = within and own is Effect.ALLOW
    by_both = by_identity and theirs is Effect.ALLOW
    by_itself = within and _allows_itself(resource, request)
    if owner and request.principal is not None and request.principal.account not in {"", owner}:
        allowed = by_both
    elif resource_decides:
        allowed = by_both or by_itself
    else:
        allowed = by_identity or by_itself
    return Effect.ALLOW if allowed else Effect.IMPLICIT_DENY


def names_principal(wanted: Mapping[str, tuple[str, ...]], principal: Principal | None) -> bool:
    """Whether a `Principal` element names the caller. An account names all of its callers."""
    if "*" in wanted.get("AWS", ()) or principal is None:
        return "*" in wanted.get("AWS", ())
    if principal.kind != "AWS":
        return principal.name in wanted.get(principal.kind, ())
    return any(
        one == principal.name or (principal.account and account_of(one) == principal.account)
        for one in wanted.get("AWS", ())
    )


def account_of(principal: str) -> str:
    """The account that a principal of a policy names as a whole; else empty."""
    found = re.fullmatch(r"arn:[a-z-]+:iam::(\d{12}):root|(\d{12})", principal)
    return (found[1] or found[2]) if found else ""


def conditions_hold(conditions: Mapping[str, Mapping[str, tuple[str, ...]]], context: Context) -> bool:
    """Whether all conditions of a statement hold. Keys have no case."""
    given = {key.lower(): _texts(value) for key, value in context.items()}
    return all(
        _holds(operator, expected, given.get(key.lower()), given)
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def like(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern: `*` is any characters, `?` is one."""
    return _expression(pattern).fullmatch(text) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """The same for ARNs, segment by segment: a wildcard never reaches across a colon of the first five."""
    segments, given = pattern.split(":", _ARN_SEGMENTS - 1), arn.split(":", _ARN_SEGMENTS - 1)
    if len(segments) == len(given) == _ARN_SEGMENTS:
        return all(like(one, other) for one, other in zip(segments, given, strict=True))
    return pattern in {"*", arn}


def _about(pattern: str, request: Request) -> bool:
    found = _filled(pattern, {key.lower(): _texts(value) for key, value in request.context.items()})
    return found is not None and arn_like(found, request.resource)


def _allows_itself(policy: Policy, request: Request) -> bool:
    """Whether a resource's policy allows without an identity's. The name of an account is not enough."""
    return any(
        one.effect == "Allow"
        and one.applies(request)
        and not any(account_of(name) for name in (one.principals or {}).get("AWS", ()))
        for one in policy
    )


def _holds(
    operator: str,
    expected: tuple[str, ...],
    given: tuple[str, ...] | None,
    context: _Keys,
) -> bool:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
    quantifier, base, if_exists = _operator(operator)
    if base == "Null":
        return str(not given).lower() in {one.lower() for one in expected}
    negated, compare = _COMPARED[base]
    if not given:
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    wanted = [one for one in (_filled(text, context) for text in expected) if one is not None]
    met = [any(compare(one, value) for one in wanted) is not negated for value in given]
    return any(met) if quantifier == "ForAnyValue" else all(met)


@cache
def _operator(name: str) -> tuple[str, str, bool]:
    """The quantifier, the operator's own name, and whether it ends with `IfExists`."""
    quantifier, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    if quantifier not in {"", "ForAllValues", "ForAnyValue"} or (base != "Null" and base not in _COMPARED):
        raise ValueError(f"the operator {name} is not played")
    return quantifier, base, base != rest


_VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _filled(text: str, context: _Keys) -> str | None:
    """A text with its variables; None if the request has no value for one: then nothing matches the text."""
    values = {name: _variable(name, context) for name in _VARIABLE.findall(text)}
    if None in values.values():
        return None
    return _VARIABLE.sub(lambda found: str(values[found[1]]), text)


def _variable(name: str, context: _Keys) -> str | None:
    given = context.get(name.lower(), ())
    return given[0] if len(given) == 1 else None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    pieces = (
        ".*" if piece == "*" else "." if piece == "?" else re.escape(piece)
        for piece in re.split(r"([*?])", pattern)
    )
    return re.compile("".join(pieces), re.DOTALL)


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda expected, given: compare(float(expected), float(given))


def _same(expected: str, given: str) -> bool:
    return expected == given


def _same_without_case(expected: str, given: str) -> bool:
    return expected.lower() == given.lower()


_COMPARED: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "StringEquals": (False, _same),
    "StringNotEquals": (True, _same),
    "StringEqualsIgnoreCase": (False, _same_without_case),
    "StringNotEqualsIgnoreCase": (True, _same_without_case),
    "StringLike": (False, like),
    "StringNotLike": (True, like),
    "ArnEquals": (False, arn_like),
    "ArnLike": (False, arn_like),
    "ArnNotEquals": (True, arn_like),
    "ArnNotLike": (True, arn_like),
    "Bool": (False, _same_without_case),
    "NumericEquals": (False, _number(lambda expected, given: expected == given)),
    "NumericNotEquals": (True, _number(lambda expected, given: expected == given)),
    "NumericLessThan": (False, _number(lambda expected, given: given < expected)),
    "NumericLessThanEquals": (False, _number(lambda expected, given: given <= expected)),
    "NumericGreaterThan": (False, _number(lambda expected, given: given > expected)),
    "NumericGreaterThanEquals": (False, _number(lambda expected, given: given >= expected)),
}
"""Operators by name: whether the operator is a negation, and its comparison."""


def _element(raw: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return _texts(raw[name]) if name in raw else None


def _principals(raw: Any) -> Mapping[str, tuple[str, ...]] | None:
    """`"*"` and `{"AWS": "*"}` are the same."""
    if raw is None:
        return None
    return {"AWS": ("*",)} if raw == "*" else {kind: _texts(names) for kind, names in raw.items()}


def _texts(value: Any) -> tuple[str, ...]:
    """A value, or several, as texts: JSON has numbers and booleans, too."""
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(value))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else [value]
