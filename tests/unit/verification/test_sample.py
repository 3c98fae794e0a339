"""The released app: a valid config, and bugs for the right checks (AWS-3)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from embedded.process import REPOSITORY
from kanmon.config.source import load_config
from verification.sample import LEAVING_TAG, PREFIX, Sample

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = "build/api/mandala/handler.py"


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """The copy, with the built handler."""
    for cached in (".cache", "web"):
        (tmp_path / cached).mkdir()
    made = Sample.copy(tmp_path / "app", "eu-west-1", bake="2m", existing_provider=True, packages=tmp_path)
    made.app.folder.joinpath(HANDLER).parent.mkdir(parents=True)
    made.app.write(HANDLER, (REPOSITORY / "examples/mandala/api/mandala/handler.py").read_text("utf-8"))
    return made


def test_its_config_is_small_and_its_own(sample: Sample) -> None:
    config = load_config(sample.app.folder / "kanmon.yml")
    assert config.prefix == PREFIX
    assert config.region == "eu-west-1"
    assert config.database
    assert config.database.capacity.max == 1
    assert config.github
    assert config.github.existing_provider
    assert LEAVING_TAG in config.tags


def test_a_second_copy_keeps_the_changes(sample: Sample) -> None:
    sample.drop_tag()
    again = Sample.copy(sample.app.folder, "eu-west-1", bake="2m", existing_provider=True)
    assert LEAVING_TAG not in load_config(again.app.folder / "kanmon.yml").tags


@pytest.mark.parametrize("bug", [Sample.break_everywhere, Sample.break_live])
def test_a_bug_is_valid_code_and_can_be_repaired(sample: Sample, bug: object) -> None:
    before = sample.app.read(HANDLER)
    for _ in range(2):
        bug(sample)  # type: ignore[operator]
        ast.parse(sample.app.read(HANDLER))
        assert sample.app.read(HANDLER) != before
    sample.repair()
    assert sample.app.read(HANDLER) == before


def test_an_interrupted_copy_is_made_anew(sample: Sample) -> None:
    """Otherwise the next call would release and destroy an app of another name."""
    half = sample.app.folder.with_name("other.new")
    half.mkdir()
    (half / "kanmon.yml").write_text("app: mandala\n")
    folder = half.with_name("other")
    copied = Sample.copy(
        folder, "eu-west-1", bake="2m", existing_provider=True, packages=sample.app.folder.parent
    )
    assert load_config(copied.app.folder / "kanmon.yml").prefix == PREFIX
