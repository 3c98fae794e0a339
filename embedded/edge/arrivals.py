"""New stages of an API, not yet known everywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Arrivals:
    """A new stage is unknown to its first requests. Requests are counted, so that no clock decides a test.

    In AWS it takes seconds, up to a minute, and differs by host. AWS's own tests of Chalice wait for it:
    https://github.com/aws/chalice/blob/master/tests/aws/test_features.py
    """

    unknown_requests: int
    _seen: Counter[tuple[str, str, float]] = field(default_factory=Counter)

    def has_arrived(self, api_id: str, stage: dict[str, Any]) -> bool:
        """Count a request to a stage, as GetStage describes it; whether the stage answers it."""
        key = (api_id, stage["stageName"], stage["createdDate"])
        self._seen[key] += 1
        return self._seen[key] > self.unknown_requests
