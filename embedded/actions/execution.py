"""One run of a workflow under way: its log, its end, its cancellation."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from embedded.github.server import LocalGithub
    from embedded.github.workflows import Job

_PATIENCE = 240.0
LONGEST_CANCELLATION = 300.0
"""Seconds until a cancelled run ends with all that is still at work: `always()` steps, too."""
_GRACE = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 2.5))
"""How a runner cancels a step: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation"""


@dataclass(frozen=True)
class Line:
    """One printed line of a step, and when it came."""

    at: float
    job: str
    step: str
    text: str
    group: str = ""
    """The title under which it is folded."""


@dataclass
class Execution:
    """A run under `act`."""

    github: LocalGithub
    run: int
    process: subprocess.Popen[str]
    listener: Callable[[Line], None] | None = None
    longest_cancellation: float = LONGEST_CANCELLATION
    lines: list[Line] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def start(
        cls,
        github: LocalGithub,
        run: int,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        listener: Callable[[Line], None] | None = None,
    ) -> Execution:
        """Start it; the listener is called with every line as it comes."""
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return cls(github, run, process, listener)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, name=f"run-{self.run}", daemon=True)
        self._reader.start()

    @property
    def conclusion(self) -> str:
        """How it ended; empty while it goes on."""
        return self.github.repository.runs[self.run].latest.conclusion or ""

    @property
    def jobs(self) -> list[Job]:
        """The jobs that began or waited, in this order."""
        return self.github.repository.runs[self.run].latest.jobs

    def wait(self, timeout: float = _PATIENCE) -> str:
        """Wait for the end; the conclusion."""
        self.process.wait(timeout)
        self._reader.join(timeout)
        return self.conclusion

    def await_line(self, text: str, timeout: float = _PATIENCE) -> Line:
        """Wait until a step printed a line with this text."""

        def found() -> Line | None:
            return next((line for line in self.lines if text in line.text), None)

        with self.news:
            self.news.wait_for(lambda: found() or self.process.poll() is not None, timeout)
            line = found()
        assert line, f"never printed {text!r}:\n{self.log}"
        return line

    def printed(self, text: str) -> list[str]:
        """The lines with this text."""
        return [line.text for line in self.lines if text in line.text]

    @property
    def log(self) -> str:
        """Its whole log."""
        return "\n".join(f"{line.job}: {line.text}" for line in self.lines)

    @property
    def summary(self) -> str:
        """The job summaries of the steps, one after the other."""
        shown = {
            (message["job"], message["content"]): None
            for message in self.messages
            if message.get("command") == "summary"
        }  # a composite action's summary comes twice: for its step and for the action
        return "\n".join(content for _, content in shown)

    def cancel(self) -> None:
        """Cancel as a runner does: a step's first process alone is signalled; `always()` steps still run.

        `act` gets the signal only when no step was at work: it would end the steps of an `always()` job, too.
        """
        ends = time.monotonic() + self.longest_cancellation
        steps = self.step_processes()
        if not steps and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        for number, grace in _GRACE:
            for step in steps:
                with contextlib.suppress(psutil.NoSuchProcess):
                    step.send_signal(number)
            _, steps = psutil.wait_procs(steps, grace)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, ends - time.monotonic()))
        self.kill()

    def step_processes(self) -> list[psutil.Process]:
        """The first processes of the steps that are at work."""
        try:
            return psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """End it with all its children; nothing of it is tidied up."""
        if self.process.poll() is None:
            for process in list(_stopped(psutil.Process(self.process.pid))):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self.process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout is not None
        groups: dict[str, str] = {}
        for raw in self.process.stdout:
            at = time.time()
            message = _parsed(raw)
            job = message.get("job", "").strip()
            if message.get("command") in {"group", "endgroup"}:
                groups[job] = message["arg"]
            with self.news:
                self.messages.append(message)
                if message.get("raw_output") or message.get("level") in {"error", "fatal"}:
                    text = message["msg"].rstrip("\n")
                    self.lines.append(Line(at, job, message.get("step", ""), text, groups.get(job, "")))
                    if self.listener:
                        self.listener(self.lines[-1])
                self.news.notify_all()
        self.github.end_run(self.run, "success" if self.process.wait() == 0 else "failure")
        with self.news:
            self.news.notify_all()


def _stopped(process: psutil.Process) -> Iterator[psutil.Process]:
    """A process and all its children, each stopped before its own children are listed: none is missed."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.suspend()
        yield process
        for child in process.children():
            yield from _stopped(child)


def _parsed(raw: str) -> dict[str, Any]:
    try:
        message: dict[str, Any] = json.loads(raw)
    except ValueError:
        return {"level": "error", "msg": raw}
    return message
