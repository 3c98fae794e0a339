"""The local GitHub as a server, with the methods for a workflow launcher and for tests."""

from __future__ import annotations

import secrets
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from .api import Api
from .contract import Contract
from .control import PATIENCE, Control
from .gates import Gates
from .identities import PATH, Identities, Identity
from .loopback import Loopback, Message, Reply
from .state import Commit, Fault, Pull, Repository, State, Token
from .trim import TRIMMED
from .workflows import Job, Run, RunAttempt, now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Self


class LocalGithub:
    """GitHub for one repository, on a free loopback port, from `start` to `stop`.

    `on_cancel` is called with a run's id, on a thread of its own, when somebody cancels the run.
    """

    def __init__(
        self, on_cancel: Callable[[int], None] | None = None, *, description: Path = TRIMMED
    ) -> None:
        self.state = State(on_cancel=on_cancel)
        self.requests: list[tuple[str, str, int]] = []
        self._loopback = Loopback(self._handle)
        self._api = Api(self.state, Contract(description), self.url)
        self._control = Control(self)
        self._identities = Identities(self.state)

    @property
    def url(self) -> str:
        """The value of GITHUB_API_URL and GITHUB_SERVER_URL."""
        return self._loopback.url

    @property
    def violations(self) -> list[str]:
        """Requests unknown to GitHub or not played here, and answers outside GitHub's description."""
        return self._api.violations

    @property
    def repository(self) -> Repository:
        """The first repository; all methods here use it."""
        return next(iter(self.state.repositories.values()))

    def start(self) -> Self:
        """Serve."""
        self._loopback.start()
        return self

    def stop(self) -> None:
        """End; a job still waiting for a reviewer is cancelled."""
        with self.state.changed:
            self.state.closed = True
            self.state.changed.notify_all()
        self._loopback.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def add_repository(self, name: str, private: bool = False) -> Repository:
        """A repository with one commit on `main`."""
        with self.state.changed:
            repository = Repository(self.state.new_id(), name, private)
            self.state.repositories[name.lower()] = repository
        self.commit(sha1(name.encode()).hexdigest(), "Begin", name.partition("/")[0])
        return repository

    def add_user(self, login: str) -> int:
        """A user; returns the id."""
        with self.state.changed:
            return self.state.user_id(login)

    def token(self, permissions: Mapping[str, str], actor: str = "github-actions[bot]") -> str:
        """A token for a job, or for a user, with permissions as a workflow file writes them."""
        secret = f"ghs_{secrets.token_hex(18)}"
        with self.state.changed:
            self.state.tokens[secret] = Token(actor, dict(permissions))
        return secret

    def identity(self, run: int, job: str, ref: str, workflow: str) -> dict[str, str]:
        """A job's variables to ask for its identity's tokens, as with `id-token: write`."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}{PATH}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self._identities.admit(Identity(run, job, ref, workflow)),
        }

    def protect(
        self,
        environment: str,
        reviewers: Sequence[str] = (),
        prevent_self_review: bool = False,
        branches: list[str] | str | None = None,
        apps: Sequence[str] = (),
    ) -> None:
        """Give an environment its rules; `branches` are patterns, "protected", or None for all.

        `apps` have a custom deployment protection rule each.
        """
        with self.state.changed:
            made = self.state.environment(self.repository, environment)
            made.reviewers, made.prevent_self_review = list(reviewers), prevent_self_review
            made.branches, made.apps, made.updated = branches, list(apps), now()

    def commit(
        self,
        sha: str,
        message: str,
        author: str,
        parents: Sequence[str] | None = None,
        branch: str | None = "main",
        workflows: str = "",
    ) -> Commit:
        """A commit upon the head of `branch`, its new head; without a branch none moves."""
        with self.state.changed:
            head = self.repository.branches.get(branch or "")
            above = list(parents) if parents is not None else [head] if head else []
            commit = Commit(sha, message, author, above, workflows)
            self.repository.commits[sha] = commit
            if branch:
                self.repository.branches[branch] = sha
            return commit

    def fail(
        self, method: str, path: str, status: int, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer such requests with an error. `path` is a pattern for the path below the repository's."""
        with self.state.changed:
            self.state.faults.append(Fault(method, path, status, message, headers or {}))

    def rename(self, name: str) -> None:
        """Give the repository another name. The former one leads there."""
        with self.state.changed:
            repository = self.repository
            former, repository.name = repository.name.lower(), name
            self.state.repositories[name.lower()] = self.state.repositories.pop(former)
            self.state.renamed[former] = name.lower()

    def delete_tag(self, tag: str) -> None:
        """Delete a tag. Its release becomes a draft.

        https://docs.github.com/en/repositories/releasing-projects-on-github/managing-releases-in-a-repository
        """
        with self.state.changed:
            del self.repository.tags[tag]
            for release in self.repository.releases.values():
                release.draft = release.draft or release.tag == tag

    def open_pull(
        self, number: int, title: str, author: str, head_sha: str, fork: bool = False, branch: str = ""
    ) -> Pull:
        """A pull request into `main` of an existing commit."""
        with self.state.changed:
            base = self.repository.branches[self.repository.default_branch]
            name = branch or f"pull-{number}"
            pull = Pull(self.state.new_id(), number, title, author, head_sha, name, base, fork)
            self.repository.pulls[number] = pull
            return pull

    def merge_pull(self, number: int, by: str) -> str:
        """Merge it; returns the merge commit."""
        with self.state.changed:
            pull = self.repository.pulls[number]
            parents = [self.repository.branches[self.repository.default_branch], pull.head_sha]
            pull.merge_sha = sha1(" ".join(parents).encode()).hexdigest()
            pull.merged, pull.merged_by, pull.base_sha = now(), by, parents[0]
            self.commit(pull.merge_sha, f"Merge pull request #{number}\n\n{pull.title}", by, parents)
            return pull.merge_sha

    def begin_run(
        self,
        workflow_file: str,
        event: str,
        actor: str,
        sha: str,
        branch: str,
        rerun_of: int | None = None,
    ) -> int:
        """A run, or a further run attempt (then only the actor counts); returns the run's id."""
        with self.state.changed:
            repository = self.repository
            if rerun_of is None:
                repository.workflows.setdefault(workflow_file, self.state.new_id())
                number = 1 + sum(run.workflow_file == workflow_file for run in repository.runs.values())
                run = Run(self.state.new_id(), workflow_file, event, actor, sha, branch, number)
                repository.runs[run.id] = run
            run = repository.runs[rerun_of or run.id]
            run.run_attempts.append(RunAttempt(len(run.run_attempts) + 1, actor))
            self.state.changed.notify_all()
            return run.id

    def begin_job(
        self,
        run: int,
        run_attempt: int,
        job: str,
        environment: str | None = None,
        runner: str = "",
        deployment: bool = True,
        group: str = "",
    ) -> Job:
        """A job begins, or waits for its concurrency group and at its environment.

        `deployment=False`: as the workflow file has it.
        """
        with self.state.changed:
            found = self._run(run)
            if found.latest.number != run_attempt:
                raise ValueError(
                    f"the run {run} is at its run attempt {found.latest.number}, not {run_attempt}"
                )
            return self._gates.begin(found, job, environment, runner, deployment=deployment, group=group)

    def wait_job(self, run: int, job: str, timeout: float = PATIENCE) -> str:
        """Block while a job waits; returns `approved`, `rejected` or `cancelled`, or `waiting` after all."""
        with self.state.changed:
            found = self._run(run).latest.job(job)
            assert found is not None, job
            self.state.changed.wait_for(lambda: found.gate != "waiting" or self.state.closed, timeout)
            return "cancelled" if self.state.closed and found.gate == "waiting" else found.gate

    def waiting_jobs(self, count: int = 1, timeout: float = 10.0) -> list[Job]:
        """Block until this many jobs wait for reviewers; returns these jobs."""

        def waiting() -> list[Job]:
            runs = self.repository.runs.values()
            return [job for run in runs for jobs in self._gates.waiting(run).values() for job in jobs]

        with self.state.changed:
            self.state.changed.wait_for(lambda: len(waiting()) >= count, timeout)
            return waiting()

    def review(self, run: int, environment: str, by: str, state: str = "approved", comment: str = "") -> None:
        """A reviewer's `approved` or `rejected`; raises RefusedError as the endpoint answers."""
        with self.state.changed:
            named = self.state.environment(self.repository, environment)
            self._gates.review(self._run(run), [named], by, state, comment)

    def cancel(self, run: int) -> None:
        """Cancel a run; raises RefusedError as the endpoint answers."""
        with self.state.changed:
            self._gates.cancel(self._run(run))

    def end_job(self, run: int, job: str, conclusion: str) -> None:
        """A job ended."""
        with self.state.changed:
            self._gates.end_job(self._run(run), job, conclusion)

    def end_run(self, run: int, conclusion: str) -> None:
        """The run ended; a cancelled one is `cancelled`, with any conclusion."""
        with self.state.changed:
            self._gates.end_run(self._run(run), conclusion)

    @property
    def _gates(self) -> Gates:
        return Gates(self.state, self.repository)

    def _run(self, number: int) -> Run:
        return self.repository.runs[number]

    def _handle(self, message: Message) -> Reply:
        side: Any = self._control if message.path.startswith("/_control/") else self._api
        side = self._identities if message.path == PATH else side
        reply: Reply = side.handle(message)
        self.requests.append((message.method, message.path, reply.status))
        return reply
