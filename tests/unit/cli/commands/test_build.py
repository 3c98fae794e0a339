"""`kanmon build`: the bundle on disk, and its digest for later steps (CD-6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.manifest import load_bundle
from kanmon.errors import ExitStatus
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.commands.conftest import App

FUNCTIONS = {
    name: one.model_dump(include={"handler", "artifact"}) for name, one in make_config().functions.items()
}
MISSPELT = FUNCTIONS["api"] | {"handler": "shop.apy"}


def test_the_bundle_is_in_its_folder(app: App) -> None:
    """CD-6"""
    assert app.run("build") is ExitStatus.OK
    digest = load_bundle(app.folder / "build/bundle").manifest.digest
    assert f"Built 2 functions and 3 web files of commit cccccccccccc: bundle {digest[:12]}" in app.printed()


def test_you_can_name_another_folder(app: App) -> None:
    assert app.run("build", "--bundle", "out/mine") is ExitStatus.OK
    assert load_bundle(app.folder / "out/mine").manifest.commit == "c" * 40
    assert not (app.folder / "build/bundle").exists()


def test_the_configs_commands_run_first(app: App) -> None:
    app.configure(build={"commands": ["echo 'made by the build' | tee web/dist/made.txt"]})
    assert app.run("build") is ExitStatus.OK
    assert "$ echo 'made by the build' | tee web/dist/made.txt\nmade by the build\n" in app.printed()
    assert "made.txt" in load_bundle(app.folder / "build/bundle").manifest.web


def test_a_failed_command_leaves_no_bundle(app: App) -> None:
    """CD-6"""
    app.configure(build={"commands": ["exit 3"]})
    assert app.run("build") is not ExitStatus.OK
    assert not (app.folder / "build/bundle/manifest.json").exists()


def test_a_missing_artifact_is_refused_by_its_name(app: App) -> None:
    app.configure(web={"directory": "web/none"})
    assert "web/none" in app.refusal("build")


@pytest.mark.parametrize(
    ("code", "changes", "line"),
    [
        ("KNM-112", {"web": {"directory": "web/none"}}, '"directory": "web/none"'),
        ("KNM-131", {"functions": FUNCTIONS | {"api": MISSPELT}}, '"handler": "shop.apy"'),
    ],
)
def test_a_refused_build_names_the_line_of_the_key(
    app: App, code: str, changes: dict[str, Any], line: str
) -> None:
    """CD-6, INF-9"""
    app.configure(**changes)
    file = app.folder / "kanmon.yml"
    file.write_text(json.dumps(json.loads(file.read_text()), indent=1))
    number = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if line in text)
    refusal = " ".join(app.refusal("build").split())
    assert code in refusal
    assert f"(kanmon.yml:{number}: " in refusal


def test_a_step_gives_digest_and_commit_to_later_steps(app: App, step_file: Path) -> None:
    assert app.run("build") is ExitStatus.OK
    digest = load_bundle(app.folder / "build/bundle").manifest.digest
    assert digest in step_file.read_text()
    assert "c" * 40 in step_file.read_text()


def test_a_build_warns_of_web_files_that_are_often_mistakes(app: App) -> None:
    """INF-8: and goes on."""
    (app.folder / "web/dist/about.html").write_text("about")
    assert app.run("build") is ExitStatus.OK
    printed = app.printed()
    assert "KNM-514 A path of the app itself, such as /about, shows" in printed
    assert "KNM-515 These names have no hash of their content: assets/app-1.js." in printed
