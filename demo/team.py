"""The team at GitHub: one pushes, another reviews, and everybody sees the runs."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.text import Text

from embedded.actions.service import Actions, Machine
from embedded.process import REPOSITORY
from kanmon.approval.prompt import YES

from .app import PACKAGES
from .executed import ExecutedRun
from .screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rich.console import Console

    from embedded.actions.execution import Execution, Line
    from embedded.github.server import LocalGithub
    from embedded.github.workflows import Job

AUTHOR, REVIEWER = "hanako", "taro"
NAME, ENVIRONMENT = "acme/mandala", "production"
_PACKAGES = REPOSITORY / "build" / "packages"
_KEYS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
_LONGEST = 240.0
"""Seconds without any news of a run."""
_ROLE = re.compile(r"(KANMON_\w+_ROLE) = (\S+)")
_FOLDED = re.compile(r"<details>.*?</details>\s*", re.DOTALL)


class RejectedError(RuntimeError):
    """The reviewer did not approve."""


class StuckError(RuntimeError):
    """A run goes on without doing anything."""


@dataclass
class Team:
    """Two people and their repository. Its `production` waits for a reviewer and takes only `main`."""

    console: Console
    github: LocalGithub
    actions: Actions
    may_ask: bool
    """A person sits at the terminal, and reviews."""
    screen: Screen

    @classmethod
    def start(
        cls,
        console: Console,
        github: LocalGithub,
        app: Path,
        folder: Path,
        aws: Mapping[str, str],
        *,
        may_ask: bool,
    ) -> Team:
        """The app's repository with its rules, and a machine for its workflows."""
        github.protect(ENVIRONMENT, [REVIEWER], prevent_self_review=True, branches=["main"])
        machine = Machine(
            folder,
            {
                **{name: value for name, value in aws.items() if name not in _KEYS},
                PACKAGES: str(_PACKAGES),
                # This Python has many more plugins than the app's tests, and pytest would load all of them.
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            # This Python has the requirements of the app's tests.
            programs=(REPOSITORY / ".venv" / "bin",),
        )
        actions = Actions(github, app, machine)
        team = cls(console, github, actions, may_ask, Screen(console, [REVIEWER]))
        actions.listener = team.hear
        return team

    def take_roles(self, output: str) -> None:
        """Set the repository's variables: the roles that bootstrap printed."""
        self.actions.variables = dict(_ROLE.findall(output))

    def hear(self, line: Line) -> None:
        """A step of the present run printed a line."""
        self.screen.line(line)

    def push(self) -> ExecutedRun:
        """The working copy's head goes to main; its run goes to its end."""
        return self._play("git push origin main", lambda: self.actions.push(AUTHOR))

    def push_quietly(self, subject: str) -> None:
        """The head goes to main and starts nothing: its subject has `[skip ci]`."""
        self._print("$ git push origin main")
        self.github.commit(self.actions.head, subject, AUTHOR)

    def dispatch(self, workflow: str, **inputs: str) -> ExecutedRun:
        """A workflow is started by hand, and goes to its end."""
        fields = [f"-f {name.replace('_', '-')}={shlex.quote(value)}" for name, value in inputs.items()]
        command = " ".join(["gh workflow run", workflow, *fields])
        return self._play(command, lambda: self.actions.dispatch(workflow, AUTHOR, **inputs))

    def _play(self, command: str, start: Callable[[], Execution]) -> ExecutedRun:
        self._print(f"$ {command}")
        self.screen = Screen(self.console, [REVIEWER])
        execution = start()
        self._watch(execution)
        execution.wait()
        return ExecutedRun.of(command, execution, self.screen.transcript)

    def _watch(self, execution: Execution) -> None:
        """Show the jobs as they change, and review the waiting ones, until the run is over."""
        known: dict[int, str] = {}
        changed = self.github.state.changed
        while True:
            with changed:
                if not changed.wait_for(lambda: execution.conclusion or _news(execution, known), _LONGEST):
                    raise StuckError(
                        f"nothing happened for {_LONGEST:.0f} s; the end of its log:\n{execution.log[-2000:]}"
                    )
                news = _news(execution, known)
            if not news:
                return
            for job in news:
                known[job.id] = job.status
                self.screen.job(job)
                if job.status == "waiting":
                    self._review(execution, job)

    def _review(self, execution: Execution, job: Job) -> None:
        approved = not self.may_ask or self._ask(execution, job)
        verdict = "approved" if approved else "rejected"
        self.github.review(execution.run, job.environment or "", REVIEWER, verdict)
        self.screen.announce(f"{REVIEWER} {verdict} it")
        if not approved:
            raise RejectedError(f"{REVIEWER} did not approve, so the story ends here")

    def _ask(self, execution: Execution, job: Job) -> bool:
        """Show the reviewer's view of the run's page in short, and ask."""
        _, found, plan = execution.summary.rpartition("## Plan")
        if found:
            self.screen.page(found + _FOLDED.sub("", plan))
        try:
            question = f"{job.name} waits at {job.environment}. You are {REVIEWER}: approve? \\[y/N] "
            return self.console.input(question).strip().lower() in YES
        except EOFError:
            return False

    def _print(self, command: str) -> None:
        self.console.print(Text(command, "bold cyan"))


def _news(execution: Execution, known: Mapping[int, str]) -> list[Job]:
    """The jobs with a new status, as they are now."""
    return [replace(job) for job in execution.jobs if known.get(job.id) != job.status]
