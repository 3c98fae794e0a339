"""The composite actions, executed by a runner: inputs, outputs, annotations, exit statuses (SEC-5)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = "kanmon-dev/kanmon"
COMMIT = "0" * 40
CONFIG = """\
app: tiny
build: {commands: ["mkdir -p out/api out/web", "echo 'def handle(e, c): pass' > out/api/app.py", "echo hi > out/web/index.html"]}
functions: {api: {handler: app.handle, artifact: out/api}}
api: {routes: [{path: "/api/{proxy+}", function: api}]}
web: {directory: out/web}
checks: [{name: page, path: /}]
"""  # noqa: E501
HOSTILE = "a'; touch pwned; echo \"`touch pwned` $(touch pwned) ${{ github.token }} ::set-output name=x::y"
WORKFLOW = f"""\
name: try
on: workflow_dispatch
permissions: {{}}
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {{digest: "${{{{ steps.build.outputs.digest }}}}"}}
    steps:
      - run: cp -r "$PROJECT"/. .
      - {{id: build, uses: {SUITE}/actions/build@{COMMIT}}}
      - id: rollback
        uses: {SUITE}/actions/rollback/composite@{COMMIT}
        continue-on-error: true
        with:
          reason: ${{{{ github.event.inputs.reason }}}}
          confirm: ${{{{ github.event.inputs.reason }}}}
      - run: '[ ! -e pwned ] && echo "rollback was $OUTCOME"'
        env: {{OUTCOME: "${{{{ steps.rollback.outcome }}}}"}}
  later:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: 'echo "got $DIGEST"'
        env: {{DIGEST: "${{{{ needs.build.outputs.digest }}}}"}}
"""


@dataclass(frozen=True)
class Executed:
    """An executed workflow."""

    status: int
    messages: list[dict[str, Any]]

    def printed(self, text: str) -> list[str]:
        """The log's lines with this text."""
        return [message["msg"] for message in self.messages if text in message.get("msg", "")]


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Executed:
    folder = tmp_path_factory.mktemp("act")
    project, suite = folder / "project", folder / "suite"
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("actions", "infra", "kanmon"):
        shutil.copytree(ROOT / part, suite / part, symlinks=True, ignore=ignored)
    shutil.copy(ROOT / "requirements.txt", suite)
    (project / ".github/workflows").mkdir(parents=True)
    (project / ".github/workflows/try.yml").write_text(WORKFLOW)
    (project / "kanmon.yml").write_text(CONFIG)
    event = folder / "event.json"
    event.write_text(json.dumps({"inputs": {"reason": HOSTILE}}))
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", HOSTILE]):
        identity = ["-c", "user.name=kim", "-c", "user.email=kim@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=project, check=True)
    done = subprocess.run(
        [
            *[str(Path(sys.executable).with_name("act")), "workflow_dispatch", "--json"],
            *["--eventpath", str(event)],
            *["-P", "ubuntu-latest=-self-hosted", "--local-repository", f"{SUITE}@{COMMIT}={suite}"],
            *["--env", f"PROJECT={project}"],
        ],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    messages = [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    return Executed(done.returncode, messages)


def test_every_job_ran_and_the_bundle_is_passed_on_by_its_digest(executed: Executed) -> None:
    """CD-6. A job with an unmapped runner label would be skipped with status 0."""
    assert executed.status == 0, executed.messages
    assert len(executed.printed("Job succeeded")) == 2
    assert [len(line.split()[1]) for line in executed.printed("got ") if line.startswith("got ")] == [64]


def test_a_hostile_input_stays_text_and_is_refused(executed: Executed) -> None:
    """CD-9, SEC-5: nothing of it was run, and it came to the command whole."""
    assert executed.printed("rollback was failure")
    refusals = executed.printed("KNM-311")
    assert refusals
    for refusal in refusals:
        assert HOSTILE.split("${{", maxsplit=1)[0] in refusal.replace("\\'", "'")
