"""Goes through the steps, and keeps what each found, so that another call goes on after the last one."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from demo.commands import Kanmon, Ran, typed
from embedded.process import Process
from kanmon.aws.clients import Aws
from kanmon.checks.probe import Edge
from kanmon.ledger.ledger import Ledger
from kanmon.ledger.store import S3Store
from kanmon.naming import (
    EDGE,
    Output,
    artifact_bucket,
    deploy_role,
    ledger_folder,
    plan_role,
    stack_name,
)
from kanmon.text import duration

from .findings import Findings
from .sample import ENVIRONMENT, NAME, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from .account import Account
    from .findings import State
    from .sample import Sample

PLAN_ROLE, DEPLOY_ROLE = plan_role(PREFIX), deploy_role(PREFIX)
_STOP_SECONDS = 900.0
"""For Kanmon to end well after Ctrl-C: it returns users to the stable release first."""
_PEOPLE = 3
"""One opens pages, one asks the API, one writes. Lambda may run ten functions at once in a new account."""


class StepError(RuntimeError):
    """A step could not do its work."""


@dataclass(frozen=True)
class Step:
    """One step. It can be repeated after any interruption."""

    name: str
    does: str
    run: Callable[[Verification, Findings], None]


@dataclass
class Verification:
    """The account, the app in its folder, and what is known so far."""

    console: Console
    folder: Path
    account: Account
    sample: Sample
    state: State
    program: Path
    embedded: bool
    """AWS is played on this machine: what it does not play is left open."""

    @property
    def state_file(self) -> Path:
        """Where the state is kept."""
        return self.folder / "state.json"

    def kanmon(self, *arguments: str, role: str = "", status: int | None = 0) -> Ran:
        """Run a command with the caller's rights, or with a role's. Raises StepError on another status."""
        self.console.print(f"\n[bold cyan]$ {typed(arguments)}[/]" + (f"  [dim]as {role}[/]" if role else ""))
        sys.stdout.flush()
        environment = self.account.as_role(role) if role else self.account.environment
        config = self.sample.app.folder / "kanmon.yml"
        ran = Kanmon(self.program, config, environment, stop_seconds=_STOP_SECONDS).run(*arguments)
        self.console.print(f"[dim]{duration(ran.seconds)}[/]")
        if status is not None and ran.status != status:
            raise StepError(f"`{typed(arguments)}` ended with status {ran.status} instead of {status}")
        return ran

    @cached_property
    def ledger(self) -> Ledger:
        """The app's ledger, with the caller's rights."""
        bucket = artifact_bucket(NAME, self.account.number, self.account.region)
        return Ledger(S3Store(Aws(self.account.region).ledger_s3(), bucket, ledger_folder(ENVIRONMENT)))

    @property
    def edge(self) -> Edge:
        """The app's address, as users reach it."""
        domain = self.account.outputs(stack_name(PREFIX, EDGE, ""))[Output.DOMAIN]
        return Edge(domain, self.account.environment.get("KANMON_EDGE_ENDPOINT_URL", ""))

    def viewer_log(self, step: str) -> Path:
        """Where the viewer of a step writes every request."""
        return self.folder / f"viewer-{step}.jsonl"

    @contextmanager
    def watched(self, step: str) -> Iterator[None]:
        """People use the app meanwhile. Raises EmbeddedProcessError when their process dies."""
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
        command = [sys.executable, "-m", "demo.viewer"]
        viewer = Process.start("viewer", command, environment, self.folder / "viewer.log")
        try:
            viewer.send({"url": self.edge.url, "log": str(self.viewer_log(step)), "people": _PEOPLE})
            viewer.wait_ready()
            yield
            viewer.check()
        finally:
            viewer.stop()


def go(run: Verification, steps: Sequence[Step]) -> None:
    """Run what is not done yet, and keep the state after each step."""
    for number, step in enumerate(steps, 1):
        if step.name in run.state.done:
            run.console.print(f"[dim]{number}/{len(steps)} {step.does}: done before[/]")
            continue
        run.console.rule(f"[bold]{number}/{len(steps)} · {step.does}", align="left")
        findings, began = Findings(), time.monotonic()
        step.run(run, findings)
        findings.seconds = round(time.monotonic() - began, 1)
        run.state.done[step.name] = findings
        run.state.write(run.state_file)
        for proof in findings.proofs:
            run.console.print(f"  {proof.outcome}: {proof.id} {proof.claim}. {proof.fact}", markup=False)
        run.console.print(f"  [dim]{duration(findings.seconds)}[/]")
