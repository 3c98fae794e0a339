"""The expected cost of a run, from the list in `docs/infrastructure.md`.

Nobody looks a price up here. So the limit takes twice the price, for dearer regions, and a longer run.
"""

from __future__ import annotations

from dataclasses import dataclass

EXPECTED_HOURS = 2.5
LONGEST_HOURS = 8.0
"""Until you notice a run that stopped halfway, on the same day."""
HOURS_A_MONTH = 730
BY_USE = 0.50
"""US dollars for requests, logs, metrics, snapshots and traffic of one run; a guess, and a high one."""
_DEARER = 2.0
SOURCE = (
    "source: docs/infrastructure.md, list prices of ap-northeast-1 of November 2026, without free tiers and "
    "taxes; the limit takes them twice, for other regions"
)


@dataclass(frozen=True)
class Price:
    """Something that costs by the hour, in US dollars in ap-northeast-1."""

    item: str
    hour: float
    most: float = 0.0
    """The price of an hour under load, if it is another."""


PRICES = (
    Price("Aurora, writer and reader at 0.5 capacity units (at most 1)", 2 * 0.5 * 0.20, 2 * 1 * 0.20),
    Price("NAT gateway", 0.062),
    Price("public address", 0.005),
    Price("two keys", 2 * 1.00 / HOURS_A_MONTH),
    Price("secret", 0.40 / HOURS_A_MONTH),
    Price("alarms, dashboard, metrics", (1.60 + 1.50 + 3.00 + 0.90 + 2.40) / HOURS_A_MONTH),
)


def expected() -> float:
    """US dollars of a run without trouble."""
    return sum(price.hour for price in PRICES) * EXPECTED_HOURS + BY_USE


def limit() -> float:
    """US dollars of the longest run, in a dear region, under load."""
    return sum(price.most or price.hour for price in PRICES) * LONGEST_HOURS * _DEARER + BY_USE * _DEARER


def estimate() -> list[str]:
    """The lines about the cost, before the question."""
    lines = [f"  {price.item}: {price.hour:.3f} USD an hour" for price in PRICES]
    lines += [f"  by use: {BY_USE:.2f} USD"]
    lines += [f"expected: about {expected():.2f} USD for {EXPECTED_HOURS:g} hours"]
    lines += [f"limit: {limit():.0f} USD, if everything stands for {LONGEST_HOURS:g} hours"]
    return [*lines, SOURCE]
