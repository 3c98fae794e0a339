"""The sample of the guides: the deployment guide, from an empty folder to a release and a rollback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.guides.playing import play_guide

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(300)]


def test_the_deployment_guide_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """DOC-1: a new user has only the guide. `scripts/guides` plays the rest, and the other guides."""
    count = play_guide("deployment-guide.md", tmp_path, on_step=str, sample=True)
    with capsys.disabled():
        sys.stdout.write(f"\n{count.executed} of {count.commands} commands, {count.seconds:.0f} s\n")
    assert count.executed >= 10
