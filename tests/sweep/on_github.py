"""The sweep of GitHub's calls: a run in memory, with its approval and its deployment on the local GitHub.

The client is the real one, over HTTP. So its retries and its time limits are in the sweep.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from embedded.github.server import LocalGithub
from kanmon.approval.gate import Gate, GateApproval
from kanmon.github.client import WRITE_PAUSE, Client
from kanmon.github.environments import GithubRules
from kanmon.release.events import EventKind
from kanmon.report.feed import feed
from kanmon.report.record import Recorder
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.repository import RUN
from tests.sweep.memory import problem_with
from tests.sweep.report import Case, Report
from tests.sweep.scenes import SCENES, Repository
from tests.sweep.wire import GITHUB, Strike, Wire, proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.errors import KanmonError
    from kanmon.github.workflow_run import WorkflowRun
    from kanmon.release.events import Event
    from kanmon.release.ports import ApprovalPort
    from tests.fakes.cloud import Cloud

_NAME, _SHA = "acme/mandala", "a" * 40
_PERMISSIONS = {"actions": "read", "contents": "read", "deployments": "write"}
SCENE_NAMES = ("canary release", "automatic rollback", "rollback in slot", "rollback reapplied")
_BLOWS = [blow for blow in Blow if not blow.is_suspension and blow is not Blow.INTERRUPT]
"""Ctrl-C reaches the main thread only. `tests/sweep/memory.py` has it."""
_AT_ONCE = 8
"""Cases at once. They mostly wait: for a time limit, or before a retry."""
_LONGEST_SHOW = 60.0


@dataclass(frozen=True)
class _Runs:
    """The runs of one repository, each in an environment of its own."""

    github: LocalGithub
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def connected(self, wire: Wire, process: Process) -> Iterator[Repository]:
        """A new run, approved by taro, behind a wire."""
        environment = f"test-{next(self.numbers)}"
        self.github.protect(environment, ["taro"], prevent_self_review=True, branches=["main"])
        number = self.github.begin_run("deploy.yml", "push", "hanako", _SHA, "main")
        self.github.begin_job(number, 1, "deploy", environment, runner=environment)
        self.github.review(number, environment, "taro")
        wire.kill = lambda: setattr(process, "dead", True)
        with proxy(wire, self.github.url, GITHUB) as url:
            client = Client(_run(number, environment, url), self.github.token(_PERMISSIONS))
            with _shown(client, environment, process) as repository:
                yield repository


@dataclass
class _Lockstep:
    """Waits for GitHub after each change of state: then the calls come in the same order each time."""

    recorder: Recorder | None = None
    failed: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def show(self, number: int) -> None:
        try:
            if self.recorder:
                self.recorder.show(number)
        finally:
            self.done.set()

    def warn(self, error: KanmonError) -> None:
        del error
        self.failed = True


@contextmanager
def _shown(client: Client, environment: str, process: Process) -> Iterator[Repository]:
    steps = _Lockstep()
    with feed(steps.show, steps.warn) as show:

        def observer(event: Event) -> None:
            steps.done.clear()
            show(event)
            if event.kind is EventKind.STEP and not steps.failed:
                assert steps.done.wait(_LONGEST_SHOW)
            if process.dead:
                raise ProcessDied

        def approver(cloud: Cloud, _process: Process) -> ApprovalPort:
            steps.recorder = Recorder(client, cloud.ledger, environment, "https://edge.test")
            gate = Gate(GithubRules(client), client.run, environment, prevent_self_review=True)
            return GateApproval(gate, cloud.clock)

        yield Repository(approver, observer)


def _run(number: int, runner: str, url: str) -> WorkflowRun:
    return replace(RUN, repository=_NAME, id=number, commit=_SHA, server=url, api=url, runner=runner)


def sweep(name: str) -> Report:
    """All calls to GitHub of a scene, with all blows."""
    os.environ[WRITE_PAUSE] = "0"
    logging.getLogger("github").setLevel(logging.CRITICAL)  # its client logs each retry
    with LocalGithub() as github, ThreadPoolExecutor(_AT_ONCE) as pool:
        github.add_repository(_NAME)
        for version in ("one", "two", "three"):
            github.commit(f"{version:0<40}", version, "hanako")
        github.commit(_SHA, "Add goals", "hanako")
        runs = _Runs(github)
        calls, label = _calls_of(runs, name), f"{name}, GitHub"
        cases = [
            Case(label, calls[: at + 1].count(call), call, blow)
            for at, call in enumerate(calls)
            for blow in _BLOWS
        ]
        report = Report(calls={label: len(calls)})
        problems = pool.map(lambda case: _problem(runs, name, case), cases)
        for case, problem in zip(cases, problems, strict=True):
            report.add(case, problem)
        return report


def _calls_of(runs: _Runs, name: str) -> list[str]:
    scene, wire, process = SCENES[name](), Wire(), Process()
    with runs.connected(wire, process) as repository:
        scene.run(scene.cloud, process, repository)
    return wire.calls


def _problem(runs: _Runs, name: str, case: Case) -> str:
    # A cloud of its own: copies share the clock, and other cases at the same time move it.
    scene = SCENES[name]()
    blow = Blow(case.blow)
    wire, process = Wire(Strike(case.name, case.call, blow)), Process(blow=blow)
    with runs.connected(wire, process) as repository:
        problem = problem_with(scene, process, repository)
    return problem or ("" if wire.struck.is_set() else "it came to an end before it was struck")
