"""Fault drills: each section of the operations manual and of the troubleshooting guide, done as written.

A drill provokes the fault, where the emulators can, and executes the section's commands until all is well
(DOC-2, DOC-3). `--drills` plays all of them; without it, a sample. Sections without a fault of their own are
played on a healthy app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded.slack import LocalSlack
from tests.e2e.drilled import Ground
from tests.e2e.faults import FAULTS
from tests.e2e.project import GITHUB, Project
from tests.e2e.repository import roles
from tests.guides.sections import sections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedded.aws import EmbeddedAws
    from tests.guides.sections import Section

pytestmark = pytest.mark.emulator

SAMPLE = (
    "troubleshooting-guide#the-environment-is-frozen",
    "troubleshooting-guide#a-run-died",
    "ja/troubleshooting-guide#a-run-died",
)
SECTIONS = {section.id: section for section in sections()}


class Grounds:
    """The ground of the last drill, and a new one after a failed drill."""

    def __init__(self, aws: EmbeddedAws, built_app: Path, folders: pytest.TempPathFactory) -> None:
        self._aws, self._app, self._folders = aws, built_app, folders
        self.made: list[Ground] = []
        self.slack = LocalSlack()

    def give(self) -> Ground:
        """Where the next drill is played."""
        if not self.made or self.made[-1].broken:
            folder = self._folders.mktemp("drill")
            project = Project.copy(
                self._app, folder / "app", f"drill-{len(self.made) + 1}", self._aws.environment
            )
            project.edit_config(lambda text: text + GITHUB)
            roles(project)
            self.made.append(Ground(project, self.slack, folder))
            self.made[-1].begin()
        return self.made[-1]

    def stop(self) -> None:
        """End what the drills left."""
        for ground in self.made:
            ground.project.stop()


@pytest.fixture(scope="module")
def grounds(
    aws: EmbeddedAws, built_app: Path, tmp_path_factory: pytest.TempPathFactory, figures: list[str]
) -> Iterator[Grounds]:
    made = Grounds(aws, built_app, tmp_path_factory)
    with made.slack:
        yield made
        made.stop()
    passed, executed = sum(one.passed for one in made.made), sum(one.count.executed for one in made.made)
    commands = sum(step.count for section in SECTIONS.values() for step in section.guide({}).commands)
    figures.append(
        f"{passed} of {len(SECTIONS)} drills passed, {executed} of {commands} commands executed, "
        f"{len(FAULTS)} faults"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "section" in metafunc.fixturenames:
        wanted = SECTIONS if metafunc.config.getoption("--drills", default=False) else SAMPLE
        chosen = [SECTIONS[one] for one in wanted]
        metafunc.parametrize("section", chosen, ids=[section.id for section in chosen])


def test_a_drill(grounds: Grounds, section: Section) -> None:
    """DOC-2, DOC-3: the fault, the section's commands in their order, all is well."""
    grounds.give().drill(section, FAULTS.get((section.english or section).id, lambda _: None))


def test_every_fault_has_its_section() -> None:
    """DOC-3: a section that got another name takes its drill along."""
    assert set(FAULTS) <= set(SECTIONS)
