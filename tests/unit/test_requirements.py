"""docs/requirements.md: every requirement has its row; the row's files exist and prove it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNTS = {"INF": 10, "CD": 14, "MON": 5, "SEC": 5, "DOC": 4, "NFR": 3, "TRU": 7, "ADP": 8, "AWS": 4}
LATER = ("DOC-", "TRU-", "ADP-", "AWS-")
"""Kinds of which rows may be missing yet; the table names them."""
IDS = [f"{kind}-{number}" for kind, count in COUNTS.items() for number in range(1, count + 1)]
NOT_DONE = "**not done yet**"


@dataclass(frozen=True)
class Row:
    id: str
    what: str
    paths: tuple[str, ...]
    tests: tuple[str, ...]
    done: bool


def rows() -> list[Row]:
    found = []
    for line in (ROOT / "docs/requirements.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if re.match(r"\| [A-Z]+-\d+ \|", line):
            name, what, where, proved = cells
            paths, tests = (tuple(re.findall(r"`([^`]+)`", cell)) for cell in (where, proved))
            found.append(Row(name, what, paths, tests, proved != NOT_DONE))
    return found


ROWS = rows()
CITED = [(row.id, test) for row in ROWS for test in row.tests]


@cache
def _docstrings(path: Path) -> dict[str, str]:
    """Each test's docstring together with its file's."""
    tree = ast.parse(path.read_text("utf-8"))
    head = ast.get_docstring(tree) or ""
    return {
        node.name: f"{head} {ast.get_docstring(node) or ''}"
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_requirement_has_one_row_in_its_order() -> None:
    assert [row.id for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_files_and_tests_of_a_row_exist(row: Row) -> None:
    assert row.what
    assert [path for path in row.paths if not (ROOT / path).exists()] == []
    assert bool(row.tests) is row.done
    assert row.done or row.id.startswith(LATER)
    assert bool(row.paths) or not row.done


@pytest.mark.parametrize(("requirement", "test"), CITED)
def test_a_named_test_exists_and_cites_the_requirement(requirement: str, test: str) -> None:
    path, _, name = test.partition("::")
    docstrings = _docstrings(ROOT / path)
    assert name in docstrings
    assert re.search(rf"\b{requirement}\b", docstrings[name]), f"{test} does not cite {requirement}"
