"""The release of this code, from the slot's environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """The release, commit, slot and environment that this process serves."""

    id: str
    commit: str
    slot: str
    environment: str

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> "Release":
        """Read the KANMON_* variables; outside a slot everything is `local`."""
        return cls(
            id=variables.get("KANMON_RELEASE", "local"),
            commit=variables.get("KANMON_COMMIT", "local"),
            slot=variables.get("KANMON_SLOT", "local"),
            environment=variables.get("KANMON_ENVIRONMENT", "local"),
        )
