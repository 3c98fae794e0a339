"""The demo, as `scripts/demo` runs it in a workflow: nobody is asked, and the story must go as told."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.embedded.process import REPOSITORY

pytestmark = pytest.mark.emulator


def test_the_demo_tells_its_story_and_no_user_notices_a_bad_release() -> None:
    """CD-6 to CD-11, NFR-2, NFR-3: a viewer asks throughout; nothing fails, nothing is mixed."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=REPOSITORY,
        env={**os.environ, "CI": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr
    summary = json.loads((REPOSITORY / "build/demo/summary.json").read_text("utf-8"))
    assert summary["viewer"]["requests"] > 500
    assert (summary["viewer"]["failed"], summary["viewer"]["mixed"]) == (0, 0)
    assert summary["rollback"]["aws_calls"] == 2
    results = [(release["id"], release["result"]) for release in summary["releases"]]
    assert results == [
        ("r1", "stable"),
        ("r2", "stable"),
        ("r3", "aborted"),
        ("r4", "rolled back"),
        ("r5", "stable"),
    ]
    assert "r4" in (REPOSITORY / "build/demo/index.html").read_text("utf-8")
