"""The steps of the present run's workflow file, whatever its form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.github.workflow_file import workflow_steps

if TYPE_CHECKING:
    from pathlib import Path

FILE = ".github/workflows/release.yml"
REFERENCE = f"acme/shop/{FILE}@refs/heads/main"


def _uses(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: str, reference: str = REFERENCE
) -> list[str]:
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_text(content)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", reference)
    return [step["uses"] for step in workflow_steps()]


@pytest.mark.parametrize(
    "reference", [REFERENCE, "acme/shop/.github/workflows/release.yml@refs/heads/a/.github/workflows/b.yml@1"]
)
def test_the_steps_of_all_jobs_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    content = (
        "jobs: {a: {steps: [{uses: x@1}, {run: ls}]}, b: {uses: y@1}, c: {steps: [{uses: z@1, with: 1}]}}"
    )
    assert _uses(tmp_path, monkeypatch, content, reference) == ["x@1", "z@1"]


@pytest.mark.parametrize(
    "content",
    [
        *("", "- 1", "text", "jobs: 3", "jobs: [1]", "jobs: {a: 1}", "jobs: {a: {steps: {uses: 1}}}"),
        *(
            "jobs: {a: {steps: [1, {uses: 3}]}}",
            "jobs: {a: {steps: text}}",
            "a: [",
            "\x00",
            "a: *b",
            "a: 2026-13-01",
        ),
    ],
)
def test_a_file_of_another_form_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    assert _uses(tmp_path, monkeypatch, content) == []


@pytest.mark.parametrize(
    "reference",
    ["", "acme/shop", "acme/shop/.github/workflows/../x.yml@1", REFERENCE.replace("release", "absent")],
)
def test_a_run_without_its_file_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    assert _uses(tmp_path, monkeypatch, "jobs: {a: {steps: [{uses: x@1}]}}", reference) == []
