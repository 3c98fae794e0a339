"""Compares two configs as JSON, key by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.forms import form_of, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import JsonValue

    from kanmon.config.document import Location


def changed_keys(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], above: Location = ()
) -> Iterator[Location]:
    """The places of the keys that differ, in the order of `after`.

    An earlier Kanmon may have written `before`, without a key added since: it has the key's default then.
    """
    fixed = keys_of(form_of(above))
    for key in dict.fromkeys((*after, *before)):
        place = (*above, key)
        new = after.get(key)
        old = before[key] if key in before else _default(place, new) if key in fixed else None
        if isinstance(old, dict) and isinstance(new, dict):
            yield from changed_keys(old, new, place)
        elif old != new:
            yield place


def _default(place: Location, new: JsonValue) -> JsonValue:
    """The value of a key that is not written: of a section, that is one without any key."""
    default: JsonValue = form_of(place).get("default")
    return {} if default is None and isinstance(new, dict) else default
