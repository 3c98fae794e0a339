"""Plays a guide, block by block in one shell, on an embedded AWS and a local GitHub of its own."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded.aws import EmbeddedAws
from embedded.process import REPOSITORY
from embedded.slack import LocalSlack

from .comparison import first_difference
from .hub import PLUGINS, Hub
from .page import Commands, Guide, Hidden, Written
from .reading import read_guide
from .shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .page import Step
    from .shell import Running

NAMES = (
    "deployment-guide.md",
    "rollback-procedures.md",
    "ja/deployment-guide.md",
    "ja/rollback-procedures.md",
)
"""The guides that are read from the beginning to the end. Those to look things up are in `sections.PAGES`."""


class FailedError(AssertionError):
    """A command did not do what its guide states."""


@dataclass
class Count:
    """What was executed."""

    executed: int = 0
    commands: int = 0
    left_out: list[str] = field(default_factory=list)
    """The commands that need a real account or a console: place and reason."""
    seconds: float = 0.0


@dataclass
class Play:
    """One guide on its machine."""

    guide: Guide
    shell: Shell
    on_step: Callable[[str], object]
    count: Count = field(default_factory=Count)
    _beside: list[tuple[Commands, Running]] = field(default_factory=list)

    def play(self, steps: list[Step]) -> None:
        """Do every step. Raises FailedError at the first one that goes otherwise."""
        for step in steps:
            match step:
                case Written():
                    self._write(step)
                case Hidden():
                    self._judge(step.line, step.script, self.shell.start(step.script), 0, None)
                case Commands():
                    self._execute(step)
        self._join()

    def _write(self, step: Written) -> None:
        path = self.shell.place / step.name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text("utf-8") if step.added else ""
        path.write_text(before + step.text, "utf-8")

    def _execute(self, step: Commands) -> None:
        self.count.commands += step.count
        place = f"{self.guide.name}:{step.line}"
        if step.left_out:
            self.count.left_out.append(f"{place}: {step.count} ({step.left_out})")
            return
        began = time.monotonic()
        running = self.shell.start(step.script, step.typed, step.person, beside=bool(step.until))
        if step.until:
            if not running.await_line(step.until):
                raise FailedError(f"{place}: never printed {step.until!r}:\n{running.output}")
            self._beside.append((step, running))
        else:
            self._judge(step.line, step.script, running, step.status, step.expected)
            self._join()
        self.count.executed += step.count
        self.on_step(f"{place} {time.monotonic() - began:.1f} s: {step.script.splitlines()[0]}")

    def _join(self) -> None:
        """Blocks that went on beside the last one end now."""
        waiting, self._beside = self._beside, []
        for step, running in waiting:
            self._judge(step.line, step.script, running, step.status, step.expected)

    def _judge(self, line: int, script: str, running: Running, status: int, expected: str | None) -> None:
        ended, place = running.end(), f"{self.guide.name}:{line}"
        printed = f"{script}\n--- printed:\n{running.output}"
        if ended != status:
            raise FailedError(f"{place}: exit status {ended} instead of {status}\n{printed}")
        if expected and (missing := first_difference(expected, running.output)):
            raise FailedError(f"{place}: did not print the line\n{missing}\n{printed}")


def play_guide(name: str, folder: Path, *, on_step: Callable[[str], object], sample: bool = False) -> Count:
    """Play a guide, or its sample. Raises FailedError, GuideError."""
    guide = read_guide(name)
    steps = guide.steps[: guide.sample] if sample else guide.steps
    began = time.monotonic()
    with ExitStack() as cleanup:
        # A new stage is everywhere soon: a guide is not about API Gateway's delay.
        aws = cleanup.enter_context(EmbeddedAws.start(folder / "aws", edge_seed=7, unknown_requests=2))
        slack = cleanup.enter_context(LocalSlack())
        hub = Hub(folder / "github", aws.environment)
        hub.folder.mkdir(parents=True)
        hub.start()
        cleanup.callback(hub.stop)
        work = folder / "work"
        work.mkdir()
        shell = Shell(
            work,
            folder / "shell",
            {
                **_environment(folder),
                **aws.environment,
                **hub.environment,
                "PATH": _path(hub),
                "SLACK_WEBHOOK": slack.webhook,
            },
        )
        cleanup.callback(shell.stop)
        play = Play(guide, shell, on_step)
        if guide.start:
            before = read_guide(guide.start)
            play.play([step for step in before.steps[: before.sample] if isinstance(step, Written)])
        play.play(steps)
        if violations := hub.github.violations:
            raise FailedError(f"{name}: GitHub does not know {violations}")
    play.count.seconds = time.monotonic() - began
    return play.count


def _path(hub: Hub) -> str:
    own = (REPOSITORY / name / "bin" for name in (".venv", ".venv-guides"))
    return os.pathsep.join(map(str, (hub.programs, *own, os.environ["PATH"])))


def _environment(folder: Path) -> dict[str, str]:
    """A person's terminal, with nothing of this process's own."""
    return {
        "HOME": str(folder),
        "USER": "hanako",
        "LANG": "C.UTF-8",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "TERM": "dumb",
        **PLUGINS,
        "KANMON": str(REPOSITORY),
    }
