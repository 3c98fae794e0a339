"""What the guides hold, without executing them: `scripts/guides` does that."""

from __future__ import annotations

import pytest

from tests.guides.playing import NAMES
from tests.guides.reading import GUIDES, read_guide
from tests.guides.sections import PAGES

CHAPTERS = {
    "deployment-guide.md": (
        "## Preparation",
        "### 4. The roles in AWS",
        "### 5. The environment and its reviewers",
        "### 6. Slack",
        "### 7. Secrets of the app",
        "## Pre-flight checklist",
        "## First deployment",
        "## Normal deployment",
        "### After each deployment",
        "## Emergency deployment",
        "## Staging before production",
    ),
    "operations-manual.md": (
        "## Alarm runbooks",
        "## Daily monitoring",
        "## Logs",
        "## Backups and restore",
        "## Scaling",
        "## Secret rotation",
        "## Regular maintenance",
        "## Security response",
        "## Costs",
    ),
    "troubleshooting-guide.md": (
        "## Find your problem",
        "## Before the release begins",
        "## During the release",
        "## After the release",
        "## All error codes",
        "## From a symptom to its cause",
        "## Escalation",
    ),
    "rollback-procedures.md": (
        "## Roll back, or not?",
        "## Roll back now",
        "## The automatic rollback",
        "## Checks afterwards",
        "## Data integrity",
        "## When a rollback fails",
        "## Recovery afterwards",
        "### Freeze and unfreeze",
        "## Drills",
    ),
}


@pytest.mark.parametrize("name", [*NAMES, *PAGES])
def test_the_guides_can_be_executed(name: str) -> None:
    """DOC-1 to DOC-4: what is left out has a reason, and it is the smaller part."""
    blocks = read_guide(name).commands
    everything = sum(block.count for block in blocks)
    assert everything > 0
    assert sum(block.count for block in blocks if block.left_out) <= everything / 2


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_chapters_are_there(name: str) -> None:
    """DOC-1, DOC-2, DOC-3, DOC-4: everything that was ordered has a place."""
    lines = (GUIDES / name).read_text("utf-8").splitlines()
    assert [chapter for chapter in CHAPTERS[name] if chapter not in lines] == []
