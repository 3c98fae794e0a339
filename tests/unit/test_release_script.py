"""The pins of a release: the suite's own actions and workflows, and nothing else of a file (SEC-5)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kanmon.config import workflows
from scripts.generators.release import COPIED, REUSABLE, SOURCE, TRUSTED, main, pin, problem_with, trust

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize("name", [*REUSABLE, *COPIED])
def test_everything_of_the_suite_is_pinned_to_one_commit(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    pinned = pin(text, COMMIT, "1.2.3")
    uses = re.findall(r"uses: (kanmon-dev/kanmon\S*)@(\S+) # (\S+)", pinned)
    assert uses
    assert {(commit, version) for _, commit, version in uses} == {(COMMIT, "v1.2.3")}
    assert len(uses) == text.count("uses: kanmon-dev/kanmon")
    differing = [
        line for line, after in zip(text.splitlines(), pinned.splitlines(), strict=True) if line != after
    ]
    assert all("kanmon-dev/kanmon" in line for line in differing)


@pytest.mark.parametrize("name", [*REUSABLE, *COPIED])
def test_each_used_action_of_the_suite_exists(name: str) -> None:
    for path in re.findall(r"uses: kanmon-dev/kanmon/?(\S*)@", (ROOT / name).read_text("utf-8")):
        assert (ROOT / path).is_file() or (ROOT / path / "action.yml").is_file(), path


def test_the_roles_trust_the_commit_of_the_copied_files() -> None:
    """SEC-1"""
    for name in COPIED:
        text = (ROOT / name).read_text("utf-8")
        for commit in re.findall(r"kanmon-dev/kanmon/\.github/workflows/\S+@(\S+)", text):
            assert commit == workflows.COMMIT, name


def test_a_release_writes_the_trusted_commit() -> None:
    """SEC-1"""
    text = (ROOT / TRUSTED).read_text("utf-8")
    changed = trust(text, COMMIT)
    assert f'COMMIT = "{COMMIT}"\n' in changed
    assert changed.replace(COMMIT, workflows.COMMIT) == text


def test_a_release_pins_every_workflow_with_the_suite() -> None:
    using = {
        path.relative_to(ROOT).as_posix()
        for folder in (".github/workflows", "workflows")
        for path in (ROOT / folder).glob("*.yml")
        if "kanmon-dev/kanmon" in path.read_text("utf-8")
    }
    assert using == {*REUSABLE, *COPIED}


IMAGE = f"docker://ghcr.io/x/y@sha256:{'0' * 64}"


@pytest.mark.parametrize(
    "arguments",
    [[], ["v1.2.3"], ["v1.2.3", IMAGE], ["1.2.3", "docker://x:latest"], ["1.2.3", IMAGE, "more"]],
)
def test_a_release_needs_a_version_and_an_image_by_digest(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_the_version_comes_before_its_image() -> None:
    """The image has the version of its commit in it."""
    assert problem_with(["1.2.3"], "1.2.2") == ""
    assert "publish its image" in problem_with(["1.2.3"], "1.2.3")
    assert problem_with(["1.2.3", IMAGE], "1.2.3") == ""
    assert "run `scripts/release 1.2.3`" in problem_with(["1.2.3", IMAGE], "1.2.2")


def test_a_commit_without_an_image_names_the_dockerfile() -> None:
    """The next version's actions must not run the image of the former one."""
    assert ((ROOT / "actions/deploy") / SOURCE).resolve() == ROOT / "Dockerfile"
    image = (ROOT / "actions/image").read_text("utf-8").strip()
    assert image == SOURCE or not problem_with(["1.2.3", image], "1.2.3")
