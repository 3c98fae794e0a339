"""Starting and stopping: ready when started, nothing left when stopped, deaths reported."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import psutil
import pytest

from embedded.aws import EmbeddedAws
from embedded.process import REPOSITORY, EmbeddedProcessError

from .callers import Caller
from .stacks import make_role

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.emulator


def test_stop_leaves_no_process(tmp_path: Path) -> None:
    """None of the three, none of their children."""
    with EmbeddedAws.start(tmp_path) as aws:
        _invoke_a_function(aws)
        family = [psutil.Process(process.popen.pid) for process in aws.processes]
        family += [worker for process in family for worker in process.children(recursive=True)]
        assert len(family) >= 4
    assert psutil.wait_procs(family, timeout=5)[1] == []


def test_several_at_once(tmp_path: Path) -> None:
    """Ports and files are each one's own."""
    with (
        EmbeddedAws.start(tmp_path / "one") as one,
        EmbeddedAws.start(tmp_path / "two") as two,
    ):
        assert len({one.endpoint_url, two.endpoint_url, one.edge_url, two.edge_url}) == 4


def test_death_is_reported_with_its_log(tmp_path: Path) -> None:
    """Its name, its status, and the end of its log."""
    with EmbeddedAws.start(tmp_path) as aws:
        aws.check()
        emulator = aws.processes[1]
        os.kill(emulator.popen.pid, signal.SIGKILL)
        emulator.popen.wait()
        with pytest.raises(EmbeddedProcessError, match=r"emulator ended with status -9"):
            aws.check()


def test_killed_parent_leaves_no_process(tmp_path: Path) -> None:
    """Even when its parent is killed by SIGKILL, everything ends."""
    command = [sys.executable, "-m", "embedded", str(tmp_path)]
    parent = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith("#")):
        lines.append(parent.stdout.readline())
        assert lines[-1], "it ended early"
    assert any(re.match(r"export KANMON_EDGE_ENDPOINT_URL=http://127", line) for line in lines)
    family = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.wait()
    assert psutil.wait_procs(family, timeout=10)[1] == []


def test_interrupt_ends_cleanly(tmp_path: Path) -> None:
    """Ctrl-C is the way out, with status 0."""
    command = [sys.executable, "-m", "embedded", str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        while not run.stdout.readline().startswith(b"#"):
            assert run.poll() is None
        run.send_signal(signal.SIGINT)
        assert run.wait(20) == 0


def _invoke_a_function(aws: EmbeddedAws) -> None:
    """The emulator then has a worker of its own."""
    administrator = Caller.administrator(aws)
    client, iam = administrator.client("lambda"), administrator.client("iam")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", "import os\ndef handler(e, c): return sorted(os.environ)")
    client.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="index.handler",
        Role=make_role(iam, "f"),
        Code={"ZipFile": package.getvalue()},
    )
    seen = json.loads(client.invoke(FunctionName="f", Payload=b"{}")["Payload"].read())
    assert "AWS_ENDPOINT_URL" in seen
    # A function sees nothing of your own environment.
    assert not {"VIRTUAL_ENV", "PYTHONPATH", "USER", "PYTEST_CURRENT_TEST"} & set(seen)
