"""Connects the commands with the run's repository on GitHub."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.cli.wiring import app_url
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.runner import Level
from kanmon.github.workflow_run import current_run
from kanmon.language import phrase
from kanmon.report.feed import feed
from kanmon.report.step import current_step
from kanmon.report.terminal import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.approval.gate import Gate
    from kanmon.cli.context import Context
    from kanmon.clock import Clock
    from kanmon.config.schema import Config
    from kanmon.github.client import Client
    from kanmon.release.events import Event, Observer
    from kanmon.release.ports import ApprovalPort, Services
    from kanmon.report.record import Recorder


def github_client() -> Client:
    """The API of the run's repository. Raises GITHUB_MISSING outside of a workflow."""
    # PyGithub takes a third of the start-up time, and a terminal doesn't need it.
    from kanmon.github.client import Client

    run = current_run()
    if run is None:
        raise KanmonError(Code.GITHUB_MISSING, phrase("This is not a workflow run."))
    return Client(run, os.environ.get("GITHUB_TOKEN", ""))


def github_gate(config: Config) -> Gate:
    """The gate of this run. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.approval.gate import Gate
    from kanmon.github.environments import GithubRules

    client = github_client()
    rules = config.approval
    return Gate(
        GithubRules(client), client.run, config.environment, rules.prevent_self_review, rules.reviewers
    )


def gate_approval(config: Config, clock: Clock) -> ApprovalPort:
    """Approval by GitHub's reviewers. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.approval.gate import GateApproval

    return GateApproval(github_gate(config), clock)


def recorder(config: Config, services: Services) -> Recorder:
    """The recorder of this environment on GitHub. Raises GITHUB_MISSING outside of a workflow."""
    from kanmon.report.record import Recorder

    return Recorder(github_client(), services.ledger, config.environment, app_url(config, services))


@contextmanager
def with_deployment(context: Context) -> Iterator[Observer]:
    """Yield an observer. It shows the progress; with a workflow's token, on GitHub's deployment as well."""
    config, services, step = context.config, context.services, current_step()
    observer: Observer = Progress(context.console, services.clock.now(), context.verbose)
    if step is None:
        yield observer
        return
    observer = step.observer(observer)
    if not os.environ.get("GITHUB_TOKEN"):
        yield observer
        return

    def show(number: int) -> None:
        recorder(config, services).show(number)

    with feed(show, lambda error: step.error(error, Level.WARNING)) as feed_observer:

        def both(event: Event) -> None:
            observer(event)
            feed_observer(event)

        yield both
