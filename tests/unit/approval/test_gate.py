"""The gate refuses everything that it can't prove, each time with an error of its own (CD-3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from kanmon.approval.gate import Gate, GateApproval
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.environments import Environment, Review
from kanmon.github.runs import Job
from kanmon.github.workflow_run import WorkflowRun
from tests.fakes.clock import BEGIN, Clock

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
    patterns=("heads/main",),
    other_rules=(),
    url="https://github.com/acme/mandala/settings/environments",
)
BOB = Review(by="bob", approved=True)


@dataclass
class Github:
    """GitHub's facts about one run."""

    rules: Environment | None = RULES
    given: list[Review] = field(default_factory=lambda: [BOB])
    run_attempts: dict[int, list[Job]] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)

    def environment(self, name: str) -> Environment | None:
        return self.rules if self.rules and self.rules.name == name else None

    def branch_is_protected(self, name: str) -> bool:
        return name in self.protected

    def reviews(self, run: int, environment_name: str) -> list[Review]:
        assert run == RUN.id
        assert environment_name == "production"
        return self.given

    def jobs(self, run: int, attempt: int) -> list[Job]:
        assert run == RUN.id
        return self.run_attempts.get(attempt, [])


def _gate(github: Github, run: WorkflowRun = RUN, *, prevent_self_review: bool = False) -> Gate:
    return Gate(github, run, "production", prevent_self_review)


def _refused(github: Github, run: WorkflowRun = RUN, *, prevent_self_review: bool = False) -> Code:
    with pytest.raises(KanmonError) as caught:
        _gate(github, run, prevent_self_review=prevent_self_review).approvers()
    return caught.value.code


def _running(number: int, runner: str = "runner-1") -> Job:
    return Job(id=number, name="Release / Deploy", status="in_progress", skipped=False, runner=runner)


def _ended(number: int, runner: str = "runner-1") -> Job:
    return replace(_running(number, runner), status="completed")


class Plan:
    digest = "d" * 64
    release = "r42"


def test_the_reviewer_is_recorded_with_the_plans_digest() -> None:
    approval = GateApproval(_gate(Github()), Clock()).approve(Plan())
    assert approval.by == "bob"
    assert approval.digest == Plan.digest
    assert approval.at == BEGIN


def test_the_run_attempt_is_recorded_with_the_approval() -> None:
    assert "actions/runs/7/attempts/1" in GateApproval(_gate(Github()), Clock()).approve(Plan()).how


def test_a_missing_environment_is_refused() -> None:
    assert _refused(Github(rules=None)) is Code.ENVIRONMENT_MISSING


def test_an_environment_without_reviewers_is_refused() -> None:
    assert _refused(Github(rules=replace(RULES, reviewers=()))) is Code.REVIEWERS_MISSING


def test_a_config_may_need_no_reviewers() -> None:
    """ADP-5: staging before a reviewed production."""
    gate = replace(_gate(Github(rules=replace(RULES, reviewers=()), given=[])), needs_reviewers=False)
    assert gate.approvers() == ()
    assert GateApproval(gate, Clock()).approve(Plan()).by == "nobody (no reviewers)"


def test_reviewers_that_are_there_approve_though_none_is_needed() -> None:
    """TRU-4: an administrator's bypass is no approval."""
    gate = replace(_gate(Github(given=[])), needs_reviewers=False)
    with pytest.raises(KanmonError) as caught:
        gate.approvers()
    assert caught.value.code is Code.RUN_NOT_APPROVED


def test_without_reviewers_the_branch_rule_is_still_needed() -> None:
    open_rules = replace(RULES, reviewers=(), patterns=None)
    gate = replace(_gate(Github(rules=open_rules)), needs_reviewers=False)
    with pytest.raises(KanmonError) as caught:
        gate.approvers()
    assert caught.value.code is Code.BRANCHES_OPEN


def test_an_environment_open_to_all_branches_is_refused() -> None:
    assert _refused(Github(rules=replace(RULES, patterns=None))) is Code.BRANCHES_OPEN


@pytest.mark.parametrize("pattern", ["heads/*", "heads/*/*", "heads/**/*", "heads/[a-z]*", "tags/?*"])
def test_a_pattern_of_wildcards_is_refused(pattern: str) -> None:
    """Anybody who may push can make such a branch (TRU-4)."""
    rules = replace(RULES, patterns=("heads/main", pattern))
    assert _refused(Github(rules=rules)) is Code.BRANCHES_OPEN


def test_a_rule_of_an_app_is_refused_by_its_name() -> None:
    """GitHub fails the gated job of such an environment at once (TRU-4)."""
    rules = replace(RULES, other_rules=("change-board",))
    with pytest.raises(KanmonError, match="change-board") as caught:
        _gate(Github(rules=rules)).verify_rules()
    assert caught.value.code is Code.RULE_NOT_SUPPORTED


@pytest.mark.parametrize(
    "ref", ["refs/heads/feature", "refs/heads/main/x", "refs/tags/main", "refs/pull/3/merge"]
)
def test_a_ref_outside_the_rules_is_refused(ref: str) -> None:
    assert _refused(Github(), replace(RUN, ref=ref)) is Code.BRANCH_REFUSED


PROTECTED = replace(RULES, protected_branches=True, patterns=None)


def test_a_protected_branch_is_admitted() -> None:
    assert _gate(Github(rules=PROTECTED, protected={"main"})).approvers() == ("bob",)


def test_a_branch_without_protection_is_refused() -> None:
    assert _refused(Github(rules=PROTECTED)) is Code.BRANCH_REFUSED


def test_a_tag_is_no_protected_branch() -> None:
    run = replace(RUN, ref="refs/tags/v1")
    assert _refused(Github(rules=PROTECTED, protected={"v1"}), run) is Code.BRANCH_REFUSED


OPEN_RULES = replace(RULES, prevents_self_review=False)


def test_rules_must_prevent_self_review_if_the_config_does() -> None:
    assert _refused(Github(rules=OPEN_RULES), prevent_self_review=True) is Code.SELF_REVIEW_ALLOWED


def test_rules_may_allow_self_review_otherwise() -> None:
    assert _gate(Github(rules=OPEN_RULES)).approvers() == ("bob",)


@pytest.mark.parametrize("given", [[], [Review(by="bob", approved=False)]], ids=["no review", "rejected"])
def test_a_run_without_an_approval_is_refused(given: list[Review]) -> None:
    """As after an administrator's bypass."""
    assert _refused(Github(given=given)) is Code.RUN_NOT_APPROVED


ACTORS = pytest.mark.parametrize(
    "run",
    [
        replace(RUN, actor="bob", triggering_actor="alice"),
        replace(RUN, actor="alice", triggering_actor="BOB"),
    ],
    ids=["first run attempt", "this run attempt"],
)


@ACTORS
def test_an_actor_cannot_approve_if_the_config_forbids_it(run: WorkflowRun) -> None:
    assert _refused(Github(), run, prevent_self_review=True) is Code.APPROVED_BY_ACTOR


@ACTORS
def test_an_actor_can_approve_otherwise(run: WorkflowRun) -> None:
    assert _gate(Github(), run).approvers() == ("bob",)


SECOND = replace(RUN, attempt=2)


def test_an_approval_of_an_earlier_run_attempt_does_not_count() -> None:
    github = Github(run_attempts={1: [_ended(1)], 2: [_running(2)]})
    assert _refused(github, SECOND) is Code.APPROVAL_TOO_OLD


def test_a_second_approval_is_for_the_second_run_attempt() -> None:
    github = Github(run_attempts={1: [_ended(1)], 2: [_running(2)]}, given=[BOB, BOB])
    assert _gate(github, SECOND).approvers() == ("bob",)


def test_a_skipped_job_asked_no_reviewer() -> None:
    """As after a failed plan."""
    github = Github(run_attempts={1: [replace(_ended(1, runner=""), skipped=True)], 2: [_running(2)]})
    assert _gate(github, SECOND).approvers() == ("bob",)


def test_an_approval_before_a_cancelled_wait_is_not_reused() -> None:
    """The first attempt was approved and cancelled in the queue; the second is an administrator's (TRU-4)."""
    github = Github(run_attempts={1: [_ended(1, runner="")], 2: [_running(2)]})
    assert _refused(github, SECOND) is Code.APPROVAL_TOO_OLD


def test_all_possible_approvers_of_a_run_attempt_are_recorded() -> None:
    """GitHub shows no attempt of a review, so the first one may be an earlier attempt's (TRU-4)."""
    given = [BOB, Review(by="carol", approved=True), BOB]
    github = Github(run_attempts={1: [_ended(1)], 2: [_running(2)]}, given=given)
    assert GateApproval(_gate(github, SECOND), Clock()).approve(Plan()).by == "bob or carol"


def test_a_job_listed_again_by_a_run_attempt_counts_once() -> None:
    github = Github(run_attempts={1: [_ended(1)], 2: [_ended(1)], 3: [_running(3)]}, given=[BOB, BOB])
    assert _gate(github, replace(RUN, attempt=3)).approvers() == ("bob",)


def test_without_its_own_job_each_run_attempt_counts() -> None:
    github = Github(run_attempts={1: [], 2: [_running(2, runner="another")]})
    assert _refused(github, SECOND) is Code.APPROVAL_TOO_OLD
