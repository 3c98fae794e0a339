"""The tables of AWS's and GitHub's behaviour: rows have sources, and tests if they are played (AWS-4)."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """A behaviour of AWS or GitHub."""

    what: str
    source: str
    here: str
    tests: tuple[str, ...]


def rows(of: str) -> list[Row]:
    """The table of AWS or GitHub, without its head."""
    text = (ROOT / "embedded/README.md").read_text("utf-8")
    section = text.partition(f"\n## {of}'s behaviour\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line] for line in lines[2:]]
    return [
        Row(what, source, here, tuple(re.findall(r"`([^`]+)`", tests))) for what, source, here, tests in cells
    ]


@cache
def _names(path: Path) -> set[str]:
    return {
        node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("of", ["AWS", "GitHub"])
def test_most_behaviour_is_played(of: str) -> None:
    assert len([row for row in rows(of) if row.here.startswith("played")]) > len(rows(of)) / 2


@pytest.mark.parametrize("row", [*rows("AWS"), *rows("GitHub")], ids=lambda row: row.what[:40])
def test_a_row_has_a_source_and_its_tests(row: Row) -> None:
    assert re.search(r"\]\(https://(docs\.aws\.amazon\.com|docs\.github\.com|github\.com)/", row.source)
    assert row.here.startswith(("played", "no: "))
    assert bool(row.tests) is row.here.startswith("played")
    for test in row.tests:
        file, _, name = test.partition("::")
        assert name in _names(ROOT / file if "/" in file else ROOT / "embedded/tests" / file), test
