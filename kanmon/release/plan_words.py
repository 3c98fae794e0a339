"""What a plan's readers get, in their language.

The plan itself has facts alone. So its digest is the same in each language, and an approval in one of them
holds in the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase
from kanmon.naming import API, EDGE, FOUNDATION, SLOT
from kanmon.stacks.fixed import stays_for_ever

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.release.plan import PlannedStack

_A_MINUTE = deferred("a rollback restores it in a minute")
_RESTORED = {
    FOUNDATION: deferred("a rollback restores it in minutes, or longer for a database"),
    API: _A_MINUTE,
    EDGE: deferred("a rollback restores it in about five minutes"),
}
"""The usual time of CloudFormation to restore a stack, by its kind. For the others it is a minute."""
_EXISTING = {
    "network": deferred("network {id}: no network, NAT gateway or endpoints of Kanmon's"),
    "database": deferred("database {id}: no snapshot before the release, no rotation, no alarms"),
    "user_pool": deferred("user pool {id}"),
    "domain": deferred("domain {id}: its DNS must point to the distribution"),
    "web_acl": deferred("web ACL {id}"),
}
"""What Kanmon does not do for a thing that the config names by id, by the keys of `existing`."""


def effect_of(stack: PlannedStack) -> str:
    """What users notice of a stack's change."""
    if not stack.touched:
        return phrase("no change")
    return phrase("; ").join(_notes(stack))


def _notes(stack: PlannedStack) -> Iterator[str]:
    created = stack.deferred and not stack.deployed
    if created:
        yield phrase("created from its template during the deploy")
    elif stack.deferred:
        yield phrase(
            "read from its template: stacks before it come first; CloudFormation may replace some resources"
        )
    if any(change.asks_by_mail for change in stack.changes):
        yield phrase("AWS asks each new e-mail address to confirm")
    if created:
        return
    if not stack.comparable:
        yield phrase(
            "the deployed template can't be read: all of the new one is shown, and nothing that goes"
        )
    unprotected = stack.change_set.unprotected if stack.change_set else ()
    if protected := [change.logical_id for change in stack.changes if change.type in unprotected]:
        yield phrase(
            "deletion protection of {names} is switched on right after the creation",
            names=phrase(" and ").join(protected),
        )
    elif stack.kind != SLOT and not (stack.change_set and stack.change_set.creates):
        yield phrase("users get it at once")
        yield _way_back(stack)


def _way_back(stack: PlannedStack) -> str:
    if any(stays_for_ever(change) for change in stack.changes):
        return phrase("Cognito never takes a new attribute back, so a rollback leaves this stack as it is")
    return phrase(_RESTORED.get(stack.kind, _A_MINUTE))


def existing_lines(ids: Mapping[str, str]) -> tuple[str, ...]:
    """What a release uses by id, and what Kanmon then does not do."""
    return tuple(phrase(words, id=ids[key]) for key, words in _EXISTING.items() if key in ids)
