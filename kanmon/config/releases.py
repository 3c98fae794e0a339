"""The releases to keep."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.section import Section


class Releases(Section):
    """The earlier releases to keep for a rollback."""

    kept: int = Field(
        20,
        ge=2,
        le=200,
        description="The stable releases to keep. `kanmon rollback` can return to these. After a stable "
        "release, Kanmon deletes what only older ones need: bundles, hashed assets and snapshots of the "
        "routes. Files younger than 31 days stay in any case.",
    )
