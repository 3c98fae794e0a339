"""The gate refuses whatever it can't prove, each time with its own error (CD-3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from kanmon.approval.gate import Gate, GateApproval
from kanmon.errors import Code, KanmonError
from kanmon.github import WorkflowRun
from kanmon.github.environments import Environment, Review
from kanmon.github.runs import Job

RUN = WorkflowRun(
    repository="acme/mandala",
    id=7,
    attempt=1,
    actor="alice",
    triggering_actor="alice",
    commit="c" * 40,
    ref="refs/heads/main",
    event="push",
    server="https://github.com",
    api="https://api.github.com",
    runner="runner-1",
    event_file="",
)
RULES = Environment(
    name="production",
    reviewers=("bob",),
    prevents_self_review=True,
    protected_branches=False,
    patterns=("main",),
    url="https://github.com/acme/mandala/settings/environments",
)
BOB = Review(by="bob", approved=True, comment="")


@dataclass
class Github:
    """What GitHub knows of one run."""

    rules: Environment | None = RULES
    said: list[Review] = field(default_factory=lambda: [BOB])
    attempts: dict[int, list[Job]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)

    def environment(self, name: str) -> Environment | None:
        return self.rules if self.rules and self.rules.name == name else None

    def branch_is_protected(self, name: str) -> bool:
        return name in self.protected

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        assert (run, environment_name) == (RUN.id, "production")
        return self.said

    def jobs(self, run: int, attempt: int) -> list[Job]:
        assert run == RUN.id
        return self.attempts.get(attempt, [])


def gate(github: Github, run: WorkflowRun = RUN, *, prevent_self_review: bool = False) -> Gate:
    return Gate(github, run, "production", prevent_self_review)


def refused(github: Github, run: WorkflowRun = RUN, *, prevent_self_review: bool = False) -> Code:
    with pytest.raises(KanmonError) as caught:
        gate(github, run, prevent_self_review=prevent_self_review).approval()
    return caught.value.code


def running(number: int, runner: str = "runner-1") -> Job:
    return Job(id=number, name="Release / Deploy", status="in_progress", runner=runner)


def ended(number: int, runner: str = "runner-1") -> Job:
    return replace(running(number, runner), status="completed")


class Plan:
    digest = "d" * 64
    release = "r42"


def test_the_reviewer_is_recorded_with_the_digest_of_what_was_approved() -> None:
    approval = GateApproval(gate(Github())).approve(Plan())
    assert (approval.by, approval.digest) == ("bob", Plan.digest)
    assert "actions/runs/7/attempts/1" in approval.how


def test_a_missing_environment_is_refused() -> None:
    assert refused(Github(rules=None)) is Code.ENVIRONMENT_MISSING


def test_an_environment_without_reviewers_is_refused() -> None:
    assert refused(Github(rules=replace(RULES, reviewers=()))) is Code.REVIEWERS_MISSING


def test_an_environment_open_to_all_branches_is_refused() -> None:
    assert refused(Github(rules=replace(RULES, patterns=None))) is Code.BRANCHES_OPEN


@pytest.mark.parametrize(
    "ref", ["refs/heads/feature", "refs/heads/main/x", "refs/tags/main", "refs/pull/3/merge"]
)
def test_a_ref_that_the_rule_does_not_name_is_refused(ref: str) -> None:
    assert refused(Github(), replace(RUN, ref=ref)) is Code.BRANCH_REFUSED


def test_protected_branches_are_those_with_protection() -> None:
    rules = replace(RULES, protected_branches=True, patterns=None)
    assert refused(Github(rules=rules)) is Code.BRANCH_REFUSED
    assert gate(Github(rules=rules, protected={"main"})).approval() == BOB
    assert refused(Github(rules=rules), replace(RUN, ref="refs/tags/v1")) is Code.BRANCH_REFUSED


@pytest.mark.parametrize(
    ("pattern", "ref", "admitted"),
    [
        ("releases/*", "refs/heads/releases/1", True),
        ("releases/*", "refs/heads/releases/1/2", False),
        ("releases/**/*", "refs/heads/releases/1/2", True),
        ("main", "refs/heads/mainx", False),
        ("v[0-9]", "refs/heads/v1", True),
        ("tags/v*", "refs/tags/v1", True),
        ("v*", "refs/tags/v1", False),
        ("a.c", "refs/heads/abc", False),
    ],
)
def test_patterns_mean_what_github_means(pattern: str, ref: str, *, admitted: bool) -> None:
    assert replace(RULES, patterns=(pattern,)).admits(ref) is admitted


def test_self_review_must_be_prevented_where_the_config_asks_for_it() -> None:
    open_rules = Github(rules=replace(RULES, prevents_self_review=False))
    assert refused(open_rules, prevent_self_review=True) is Code.SELF_REVIEW_ALLOWED
    assert gate(open_rules).approval() == BOB


@pytest.mark.parametrize("said", [[], [Review(by="bob", approved=False, comment="no")]])
def test_a_run_that_nobody_approved_is_refused_as_when_an_administrator_went_past(said: list[Review]) -> None:
    assert refused(Github(said=said)) is Code.RUN_NOT_APPROVED


@pytest.mark.parametrize("actors", [("bob", "alice"), ("alice", "BOB")])
def test_the_actor_can_not_approve_where_that_is_asked(actors: tuple[str, str]) -> None:
    run = replace(RUN, actor=actors[0], triggering_actor=actors[1])
    assert refused(Github(), run, prevent_self_review=True) is Code.APPROVED_BY_ACTOR
    assert gate(Github(), run).approval() == BOB


def test_an_approval_of_an_earlier_attempt_does_not_count() -> None:
    again = replace(RUN, attempt=2)
    github = Github(attempts={1: [ended(1)], 2: [running(2)]})
    assert refused(github, again) is Code.APPROVAL_TOO_OLD
    github.said = [BOB, BOB]
    assert gate(github, again).approval() == BOB


def test_an_earlier_attempt_that_never_came_to_the_gate_used_no_approval() -> None:
    github = Github(attempts={1: [ended(1, runner="")], 2: [running(2)]})
    assert gate(github, replace(RUN, attempt=2)).approval() == BOB


def test_a_job_that_is_listed_again_by_the_next_attempt_counts_once() -> None:
    github = Github(attempts={1: [ended(1)], 2: [ended(1)], 3: [running(3)]}, said=[BOB, BOB])
    assert gate(github, replace(RUN, attempt=3)).approval() == BOB


def test_where_the_own_job_is_unknown_every_earlier_attempt_counts() -> None:
    github = Github(attempts={1: [], 2: [running(2, runner="another")]})
    assert refused(github, replace(RUN, attempt=2)) is Code.APPROVAL_TOO_OLD
