"""Names of the config as logical ids of CloudFormation, which have letters and digits only."""

from __future__ import annotations

import hashlib
import re


def logical_id(name: str) -> str:
    """A name as a part of a CloudFormation logical id: `goal-api` becomes `GoalApi`."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def unique_id(name: str) -> str:
    """A config's name as a part of a logical id that no other name has."""
    # Names with a hyphen before a digit or a hyphen may have the same letters as others: `v-1` and `v1`.
    alike = re.search(r"-[^a-z]", name)
    return logical_id(name) + (hashlib.sha256(name.encode()).hexdigest()[:6] if alike else "")


def short_name(name: str, length: int) -> str:
    """A name of at most `length` characters, more than 8, for what AWS lets have no longer one."""
    if len(name) <= length:
        return name
    return f"{name[: length - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
