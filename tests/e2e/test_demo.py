"""The demo, as `scripts/demo` runs it in a workflow: nobody is asked, and the story must go as written."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from embedded.process import REPOSITORY

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]


def test_the_demo_plays_and_no_user_notices_a_bad_release() -> None:
    """CD-2, CD-3, CD-6 to CD-12, NFR-2, NFR-3, SEC-1, AWS-4: runs, and a viewer at work throughout."""
    ended = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=REPOSITORY,
        env={**os.environ, "CI": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=1740,
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr
    summary = json.loads((REPOSITORY / "build/demo/summary.json").read_text("utf-8"))
    assert summary["viewer"]["requests"] > 500
    assert summary["viewer"]["failed"] == 0
    assert summary["viewer"]["mixed"] == 0
    # Every job takes its role, and CloudFormation its own.
    assert summary["authorization"]["denied"] == []
    assert summary["authorization"]["roles"] >= 3
    assert summary["authorization"]["actions"] > 30
    # Two pages and the API.
    assert summary["rollback"]["aws_calls"] == 3
    results = [(release["id"], release["result"]) for release in summary["releases"]]
    assert results == [
        ("r1", "stable"),
        ("r2", "stable"),
        ("r3", "aborted"),
        ("r4", "rolled back"),
        ("r5", "stable"),
    ]
    runs = [(run["name"], run["event"], run["conclusion"]) for run in summary["workflow_runs"]]
    assert runs == [
        ("deploy-production", "push", "success"),
        ("deploy-production", "push", "success"),
        ("deploy-production", "push", "failure"),
        ("deploy-production", "push", "failure"),
        ("deploy-production", "workflow_dispatch", "success"),
        ("rollback-production", "workflow_dispatch", "success"),
    ]
    for run in summary["workflow_runs"]:
        *before, gated = [(job["name"], job["conclusion"]) for job in run["jobs"]]
        if run["name"] == "rollback-production":
            assert [*before, gated] == [("Preflight", "success"), ("Roll back", "success")]
        else:
            # Every push passes its tests: the bugs are for Kanmon to find.
            assert sorted(before) == [(name, "success") for name in ("Attest", "Build", "Plan", "Test")]
            assert gated == ("Deploy", run["conclusion"])
        assert all(job["seconds"] > 0 for job in run["jobs"])
    assert "r4" in (REPOSITORY / "build/demo/index.html").read_text("utf-8")
