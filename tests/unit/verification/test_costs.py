"""The expected cost, before anybody spends it (AWS-3)."""

from __future__ import annotations

import re

import pytest

from embedded.process import REPOSITORY
from verification.costs import LONGEST_HOURS, estimate, expected, limit


def test_the_estimate_is_a_few_dollars_and_has_a_limit() -> None:
    assert 0.5 < expected() < 3
    assert expected() < limit() < 20


def test_the_lines_have_both_figures_and_their_source() -> None:
    text = "\n".join(estimate())
    assert f"{expected():.2f} USD" in text
    assert f"{limit():.0f} USD, if everything stands for {LONGEST_HOURS:g} hours" in text
    assert "source: docs/infrastructure.md" in text


@pytest.mark.parametrize(
    ("item", "price"),
    [("Aurora", "0.20 "), ("NAT gateway", "0.062 "), ("its public address", "0.005 "), ("keys", "1.00")],
)
def test_the_prices_are_those_of_the_infrastructure_page(item: str, price: str) -> None:
    page = (REPOSITORY / "docs/infrastructure.md").read_text("utf-8")
    assert re.search(rf"^\| {item}[^\n]*\| {re.escape(price)}", page, re.MULTILINE)
