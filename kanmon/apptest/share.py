"""A share of lines or branches."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """The number of covered lines or branches, and the total."""

    covered: int
    total: int

    @property
    def percent(self) -> float:
        """Percent with two decimals, rounded down: 79.999 % must not look like 80 %."""
        return math.floor(10_000 * self.covered / self.total) / 100 if self.total else 100.0

    def reaches(self, percent: float) -> bool:
        """Whether at least `percent` are covered; a total of 0 counts as covered."""
        return 100 * self.covered >= percent * self.total
