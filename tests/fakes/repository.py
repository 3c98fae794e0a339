"""A repository on the local GitHub, and the clients of a workflow run in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanmon.github.client import Client
from kanmon.github.workflow_run import WorkflowRun

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub

NAME = "acme/shop"


RUN = WorkflowRun(
    repository=NAME,
    id=1,
    attempt=1,
    actor="hanako",
    triggering_actor="hanako",
    commit="a" * 40,
    ref="refs/heads/main",
    event="push",
    server="https://github.test",
    api="https://api.github.test",
    runner="",
    event_file="",
)
"""A run for a push to main by hanako."""


def run_of(github: LocalGithub) -> WorkflowRun:
    """The run on the local GitHub."""
    return replace(RUN, server=github.url, api=github.url)


def client_of(github: LocalGithub, **permissions: str) -> Client:
    """A client with a token for these permissions, such as `pull_requests="write"`."""
    named = {name.replace("_", "-"): value for name, value in permissions.items()}
    return Client(run_of(github), github.token(named))
