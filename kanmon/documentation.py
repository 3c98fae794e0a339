"""The addresses of Kanmon's own pages. No other module knows where they lie."""

from __future__ import annotations

import re

REPOSITORY = "https://github.com/kanmon-dev/kanmon"
"""The project, as `pyproject.toml` has it."""
ISSUES = f"{REPOSITORY}/issues"
OPERATIONS = "docs/operations-manual.md"
"""The page with the runbooks of all alarms."""
OWN_ALARMS = "alarms-of-your-own"
"""The runbook for all alarms of the team's own."""
_RUNBOOK = "Runbook: "


def page(path: str, anchor: str = "") -> str:
    """The address of a page of the newest release; `anchor` is one of its headings, in GitHub's form."""
    return f"{REPOSITORY}/blob/main/{path}" + (f"#{anchor}" if anchor else "")


def with_runbook(description: str, alarm: str) -> str:
    """An alarm's description with the address of its runbook at the end.

    `alarm` is the runbook's heading: the alarm's name without app, environment, slot and number.
    """
    return f"{description} {_RUNBOOK}{page(OPERATIONS, alarm)}".strip()


def in_japanese(address: str) -> str:
    """The Japanese page with the same headings: the manuals have one each."""
    return address.replace(page("docs/"), page("docs/ja/"), 1)


def split_runbook(description: str) -> tuple[str, str]:
    """A description without its runbook, and the runbook's address. Any other address stays in the text."""
    found = re.fullmatch(
        f"(.*?) ?{_RUNBOOK}({re.escape(page(OPERATIONS))}#[a-z0-9-]+)", description, re.DOTALL
    )
    return (found[1], found[2]) if found else (description, "")
