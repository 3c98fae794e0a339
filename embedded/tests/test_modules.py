"""The emulators' own rules: their imports, and the names of their modules."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1]
MODULES = sorted(
    path
    for path in FOLDER.rglob("*.py")
    if not {"tests", "node_modules"} & set(path.relative_to(FOLDER).parts)
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_the_emulators_know_neither_tests_nor_demo(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    imported |= {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    assert not {name.partition(".")[0] for name in imported} & {"tests", "demo"}


def test_every_module_has_a_name_of_its_own() -> None:
    names = Counter(path.stem for path in MODULES if not path.stem.startswith("__"))
    assert [name for name, count in names.items() if count > 1] == []
