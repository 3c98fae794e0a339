"""Finds changes of a resource that AWS never makes: the update would fail in the middle of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.stacks.template import resources_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.stacks.changes import Change

_OTHER_DOMAIN = deferred(
    "Release once without `user_pool.hosted_login`, then with the new `domain`. In between, nobody can sign "
    "in there."
)
_CHANGED = deferred("Cognito never changes an attribute, and {name} of `{place}` exists.")
_REMOVED = deferred("Cognito never removes an attribute, and {name} of `{place}` exists.")
_POOL, _DOMAIN = "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolDomain"


def refuse_impossible(stack: str, before: str, after: str) -> None:
    """Raise PLAN_IMPOSSIBLE for a change from one template to another that AWS refuses.

    A resource that leaves its stack, or comes into it, is no change.
    """
    old, new = resources_of(before) or {}, resources_of(after) or {}
    for name in sorted(old.keys() & new.keys()):
        for problem, fix in _problems(
            new[name].type, _properties(old[name].content), _properties(new[name].content)
        ):
            raise KanmonError(Code.PLAN_IMPOSSIBLE, f"{name}: {problem}", where=stack, fix=fix)


def stays_for_ever(change: Change) -> bool:
    """Whether AWS never takes a change back: a new attribute of a user pool."""
    return (change.type, change.action) == (_POOL, "Modify") and "Schema" in change.properties


def _properties(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content.get("Properties", {})
    return found


def _problems(kind: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if kind == _POOL:
        yield from _attributes(_by_name(old), _by_name(new))
    if kind == _DOMAIN and old != new:
        # CloudFormation makes the new one first.
        names = " ".join(one for one in old.values() if isinstance(one, str))
        problem = phrase("A user pool takes one domain of Cognito, and has {names}.", names=names)
        yield problem, phrase(_OTHER_DOMAIN)


def _attributes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Attributes of a user pool: a custom one may come, and nothing else changes.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    for name, attribute in old.items():
        if new.get(name) != attribute:
            place = "user_pool.required" if _is_required(attribute) else "user_pool.attributes"
            text = _CHANGED if name in new else _REMOVED
            fix = phrase(
                "Write it as it was: {former}. Or make a pool of your own and move the users.",
                former=_shown(attribute),
            )
            yield phrase(text, name=name, place=place), fix
    for name in new.keys() - old.keys():
        if _is_required(new[name]):
            yield (
                phrase(
                    "The pool has users without {name}. Cognito takes no new name in `user_pool.required`.",
                    name=name,
                ),
                phrase("Remove it, and let the app ask for it."),
            )


def _by_name(properties: dict[str, Any]) -> dict[str, Any]:
    schema = properties.get("Schema") or []
    return {str(one.get("Name")): one for one in schema if isinstance(one, dict)}


def _is_required(attribute: dict[str, Any]) -> bool:
    return bool(attribute.get("Required"))


def _shown(attribute: dict[str, Any]) -> str:
    """A former attribute in the config's words."""
    if _is_required(attribute):
        return f"`required: [{attribute['Name']}, …]`"
    limits = {
        **attribute.get("StringAttributeConstraints", {}),
        **attribute.get("NumberAttributeConstraints", {}),
    }
    kind = {"DateTime": "date"}.get(attribute["AttributeDataType"], attribute["AttributeDataType"].lower())
    given = {"type": kind, "mutable": str(attribute.get("Mutable", True)).lower()}
    given |= {name[:3].lower(): value for name, value in limits.items()}
    inner = ", ".join(f"{key}: {value}" for key, value in given.items())
    return f"`{attribute['Name']}: {{{inner}}}`"
