"""Puts GitHub behind what the commands need of it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.cli.wiring import app_url
from kanmon.errors import Code, KanmonError
from kanmon.github import current_run
from kanmon.github.runner import Level
from kanmon.report.feed import feed
from kanmon.report.workflow import current_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.approval.gate import Gate
    from kanmon.config import Config
    from kanmon.github.client import Client
    from kanmon.github.runs import QueuedRun
    from kanmon.record import Deployments, Recorder
    from kanmon.release.events import Event, Observer
    from kanmon.release.ports import ApprovalPort, World


def github_gate(config: Config) -> Gate:
    """The gate of this run. Raises GITHUB_MISSING outside of a workflow."""
    # PyGithub takes its time to import, and only a workflow needs it.
    from kanmon.approval.gate import Gate, GithubFacts

    client = github_client()
    return Gate(GithubFacts(client), client.run, config.environment, config.approval.prevent_self_review)


def gate_approval(config: Config) -> ApprovalPort:
    """Approval by GitHub's reviewers. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.approval.gate import GateApproval

    return GateApproval(github_gate(config))


def make_way(workflow: str) -> list[QueuedRun]:
    """Cancel the runs of a workflow that have not come to their gated job; those that were cancelled."""
    from kanmon.github.runs import cancel, queued_runs

    client = github_client()
    return [run for run in queued_runs(client, workflow) if cancel(client, run.id)]


def github_client() -> Client:
    """The API of the run's repository. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.github.client import Client

    run = current_run()
    if run is None:
        raise KanmonError(Code.GITHUB_MISSING, "This is not a workflow run.")
    return Client(run, os.environ.get("GITHUB_TOKEN", ""))


def recorder(config: Config, world: World) -> Recorder:
    """What makes GitHub say what the ledger says. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.record import Recorder
    from kanmon.report.notes import release_notes

    client = github_client()
    return Recorder(client, world.ledger, _deployments(client, config, world), release_notes)


@contextmanager
def shown(observer: Observer, config: Config, world: World) -> Iterator[Observer]:
    """The observer; in a workflow whose token may, the environment's deployment follows too."""
    step = current_step()
    if step is None:
        yield observer
        return
    observer = step.observer(observer)
    if not os.environ.get("GITHUB_TOKEN"):
        yield observer
        return

    def show(number: int) -> None:
        attempt = world.ledger.attempt(number)
        release = world.ledger.release(attempt.release) if attempt else None
        if attempt and release:
            _deployments(github_client(), config, world).tell(attempt, release.commit)

    with feed(show, lambda error: step.error(error, Level.WARNING)) as follow:

        def both(event: Event) -> None:
            observer(event)
            follow(event)

        yield both


def _deployments(client: Client, config: Config, world: World) -> Deployments:
    from kanmon.record import Deployments

    return Deployments(client.repository, config.environment, app_url(config, world))
