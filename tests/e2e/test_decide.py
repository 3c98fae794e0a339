"""People decide about a running release from another terminal; what users got at once is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change
from tests.e2e.test_release import in_its_canary, stages

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator


def _edge_template(project: Project) -> str:
    name = f"mandala-{project.name}-edge"
    body: str = project.client("cloudformation").get_template(StackName=name)["TemplateBody"]
    return body


def test_a_canary_is_promoted(project: Project) -> None:
    """CD-8, CD-14: the rest of ten minutes is skipped."""
    deploy = in_its_canary(project)
    project.kanmon("promote", "--yes", "--reason", "the metrics are fine").check()
    deploy.end().check(0)
    assert project.live() == ("r2", "r2")
    (decision,) = project.operations()[-1]["decisions"]
    assert decision["reason"] == "the metrics are fine"
    assert decision["step"] == "shift"


def test_a_canary_is_aborted(project: Project) -> None:
    """CD-8, CD-10, CD-14"""
    deploy = in_its_canary(project)
    project.kanmon("abort", "--yes", "--reason", "prices are wrong").check()
    ended = deploy.end().check(1)
    assert "KNM-506" in ended.output
    assert {project.live() for _ in range(20)} == {("r1", "r1")}
    assert stages(project) == {"live"}
    assert "KNM-415" in project.kanmon("abort", "--yes").check(2).error


def test_a_rollback_restores_the_edge(project: Project) -> None:
    """CD-9, CD-10, NFR-2: users got the change at once, and it lies in no slot."""
    project.release().check()
    before = _edge_template(project)
    visible_change(project, "two")
    origins = "  cors: {origins: ['https://admin.example.com']}\n"
    project.edit_config(lambda text: text.replace("\napi:\n", f"\napi:\n{origins}"))
    assert "users get it at once" in project.release().check().output
    assert _edge_template(project) != before
    project.kanmon("rollback", "--yes").check()
    assert project.live() == ("r1", "r1")
    assert _edge_template(project) == before
    assert project.operations()[-1]["kept"] == []
