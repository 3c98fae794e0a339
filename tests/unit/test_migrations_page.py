"""docs/migrations.md shows the files that tests/e2e/test_recipes.py runs (ADP-8)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kanmon.config.source import load_config
from tests.recipes.app import LAYERS, RECIPES, lay

PAGE = Path(__file__).parents[2] / "docs/migrations.md"
BLOCKS = [
    block
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M)
    if kind != "sh"
]
SHOWN = sorted(
    path
    for layer in {layer for layers in LAYERS.values() for layer in layers}
    for name in (
        "database.*",
        "index.mjs",
        "handler.py",
        "env.py",
        "package.json",
        "requirements.in",
        "V0*",
        "kanmon.yml",
    )
    for path in (RECIPES / layer).rglob(name)
)


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: str(path.relative_to(RECIPES)))
def test_the_page_shows_the_file_that_ran(path: Path) -> None:
    assert path.read_text("utf-8") in BLOCKS


def test_the_page_shows_no_other_file() -> None:
    files = {path.read_text("utf-8") for path in SHOWN}
    assert [block for block in BLOCKS if block not in files] == []


@pytest.mark.parametrize("name", LAYERS)
def test_the_config_of_a_recipe_is_valid(name: str, tmp_path: Path) -> None:
    lay(name, tmp_path / "app")
    config = load_config(tmp_path / "app/kanmon.yml")
    assert [hook.function for hook in config.hooks] == ["migrate"]
    assert config.functions["migrate"].database
    handler = config.functions["migrate"].handler.partition(".")[0]
    assert list((tmp_path / "app/migrate").glob(f"{handler}.*"))
