"""The state of the local GitHub: plain records for tests to fill and to check.

Hold `State.changed` to read or change them from another thread; notify it after a change.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from .workflows import Environment, Run, now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

BOT = "github-actions[bot]"


@dataclass
class DeploymentStatus:
    """One status of a deployment."""

    id: int
    state: str
    by: str
    description: str = ""
    environment_url: str = ""
    log_url: str = ""
    created: datetime = field(default_factory=now)


@dataclass
class Deployment:
    """A deployment; its statuses are oldest first."""

    id: int
    sha: str
    ref: str
    environment: str
    by: str
    task: str = "deploy"
    payload: Any = field(default_factory=dict)
    description: str | None = None
    transient: bool = False
    production: bool = False
    statuses: list[DeploymentStatus] = field(default_factory=list)
    created: datetime = field(default_factory=now)

    @property
    def state(self) -> str | None:
        """The state of the last status."""
        return self.statuses[-1].state if self.statuses else None


@dataclass
class Release:
    """A GitHub Release."""

    id: int
    tag: str
    target: str
    name: str | None
    body: str | None
    by: str
    draft: bool = False
    prerelease: bool = False
    created: datetime = field(default_factory=now)
    published: datetime | None = None


@dataclass
class Comment:
    """A comment of a pull request's conversation."""

    id: int
    issue: int
    by: str
    body: str
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass
class Commit:
    """A commit; `parents` are its parents' ids."""

    sha: str
    message: str
    author: str
    parents: list[str] = field(default_factory=list)
    workflows: str = ""
    """Stands for the content of its `.github/workflows`; empty without such a folder."""
    created: datetime = field(default_factory=now)


@dataclass
class Pull:
    """A pull request into the default branch."""

    id: int
    number: int
    title: str
    author: str
    head_sha: str
    head_branch: str
    base_sha: str
    fork: bool = False
    merge_sha: str | None = None
    merged_by: str | None = None
    created: datetime = field(default_factory=now)
    merged: datetime | None = None


@dataclass
class Attestation:
    """A Sigstore bundle with the digests (`sha256:…`) of its subjects."""

    id: int
    subjects: list[str]
    bundle: dict[str, Any]
    by: str


@dataclass
class Repository:
    """A repository with everything in it. Environments are known by their names in lower case."""

    id: int
    name: str
    private: bool = False
    default_branch: str = "main"
    branches: dict[str, str] = field(default_factory=dict)
    protected_branches: set[str] = field(default_factory=set)
    archived: bool = False
    restricted_tags: str = ""
    """A ruleset lets nobody make tags like this, such as `production-*`."""
    immutable_tags: set[str] = field(default_factory=set)
    """Tags of immutable releases: never to be used again."""
    tags: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    workflows: dict[str, int] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    attestations: list[Attestation] = field(default_factory=list)
    created: datetime = field(default_factory=now)


@dataclass(frozen=True)
class Token:
    """The caller and its permissions, as a workflow file writes them: `{"contents": "write"}`."""

    actor: str
    permissions: Mapping[str, str]


@dataclass
class Fault:
    """An answer of GitHub's own trouble, or of its limits, in place of the real one."""

    method: str
    path: str
    """A pattern for the whole path below the repository's."""
    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class State:
    """Everything."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """The present name of a repository by a former one, both in lower case."""
    faults: list[Fault] = field(default_factory=list)
    users: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False
    approval_first: bool = False
    """A job takes its concurrency group after its approval. By default it takes the group before, and holds
    it while it waits for reviewers. GitHub doesn't document the order. A report has the default one, for the
    group of a workflow: https://github.com/vstorm-co/agenticos/issues/1832"""
    on_cancel: Callable[[int], None] | None = None
    _ids: Iterator[int] = field(default_factory=lambda: count(1001))

    def new_id(self) -> int:
        """A new number."""
        return next(self._ids)

    def user_id(self, login: str) -> int:
        """A user's number; an unknown user is added."""
        if login not in self.users:
            self.users[login] = self.new_id()
        return self.users[login]

    def environment(self, repository: Repository, name: str) -> Environment:
        """The environment; a missing one is created unprotected, as by a job with this environment."""
        found = repository.environments.get(name.lower())
        if found is None:
            found = repository.environments[name.lower()] = Environment(self.new_id(), name)
        return found
