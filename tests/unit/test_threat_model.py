"""The threat model names its attackers, their walls and their limits, with codes that exist (TRU-7)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kanmon.codes import Code

PAGE = (Path(__file__).resolve().parents[2] / "docs/security.md").read_text("utf-8")
ATTACKERS = dict(re.findall(r"^### (.+)\n\n((?:.|\n)*?)(?=\n##)", PAGE, re.MULTILINE))


@pytest.mark.parametrize(
    "attacker",
    [
        "A contributor from a fork",
        "A collaborator without a review",
        "A compromised dependency of the build",
        "A holder of the plan role",
        "A user of the internet",
        "Another environment, or another app of the account",
    ],
)
def test_each_attacker_has_walls_and_limits(attacker: str) -> None:
    """TRU-7"""
    assert "- **Held off**: " in ATTACKERS[attacker]
    assert "- **Not held off**: " in ATTACKERS[attacker]


def test_every_named_code_exists() -> None:
    assert set(re.findall(r"KNM-\d+", PAGE)) <= {code.id for code in Code}


def test_each_known_limit_has_its_reason() -> None:
    """TRU-7"""
    _, _, limits = PAGE.partition("## Known limits")
    rows = [line.strip("|").split("|") for line in limits.splitlines() if line.startswith("| ")][2:]
    assert rows
    for limit, reason in rows:
        assert len(reason.split()) > 5, limit
