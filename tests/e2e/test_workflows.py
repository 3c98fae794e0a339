"""The workflow files themselves, executed: pushes, approvals, a bad release, a rollback, a cancelled run."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from tests.e2e.changes import break_live_only, visible_change
from tests.e2e.project import Project
from tests.e2e.repository import REVIEWER, Repository
from tests.embedded.github import LocalGithub
from tests.embedded.slack import LocalSlack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.embedded.actions import Execution
    from tests.embedded.aws import EmbeddedAws

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(900)]

HOSTILE = (
    'Add goals \'; touch pwned; echo "`touch pwned` $(touch pwned)" ${{ github.token }} '
    "<script>alert(1)</script> @team closes #1 ##[error]no ::error::no"
)
BODY = "\n\n::set-output name=digest::0\n##[set-env name=X]y\n::stop-commands::z\n"
REASON = "r4 hurts '; touch pwned; ${{ github.token }} ::error::no"
FILE = "it's $(touch pwned) ##[error]no ::error::no <script>.txt"
BRANCH = "a';touch${IFS}pwned;$(touch${IFS}pwned)`touch${IFS}pwned`;'::error::no".replace(":", "-")
TESTS = f"""\
import pathlib
from xml.sax.saxutils import quoteattr
pathlib.Path("results.xml").write_text(
    "<testsuite><testcase name=" + quoteattr({HOSTILE!r}) + " file=" + quoteattr({FILE!r}) + " line='1'>"
    "<failure message=" + quoteattr({BODY!r}) + "/></testcase></testsuite>")
pathlib.Path("lcov.info").write_text("SF:" + {FILE!r} + "\\nDA:1,1\\nDA:2,0\\nend_of_record\\n")
"""
ONE_STEP = """\
name: one-step
on: workflow_dispatch
permissions: {}
jobs:
  release:
    name: Release
    runs-on: ubuntu-24.04
    environment: {name: production, deployment: false}
    permissions: {actions: read, contents: write, deployments: write, id-token: write, pull-requests: read}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
        with:
          role-to-assume: ${{ vars.KANMON_DEPLOY_ROLE }}
          role-session-name: one-step
          aws-region: ap-northeast-1
      - id: release
        uses: kanmon-dev/kanmon@0000000000000000000000000000000000000000
        with: {lift-freeze: mended}
      - run: echo "$RELEASE is $RESULT, attempt $ATTEMPT"
        env:
          RELEASE: ${{ steps.release.outputs.release }}
          RESULT: ${{ steps.release.outputs.result }}
          ATTEMPT: ${{ steps.release.outputs.attempt }}
"""
DEPLOY, ROLLBACK = "deploy-production.yml", "rollback-production.yml"


@dataclass
class Told:
    """What happened, run by run, and who was live after each."""

    repository: Repository
    runs: dict[str, Execution] = field(default_factory=dict)
    live: dict[str, tuple[str, str]] = field(default_factory=dict)

    def ended(self, name: str, execution: Execution) -> None:
        """Wait for a run's end and note what it left."""
        self.runs[name] = execution
        execution.wait()
        self.live[name] = self.repository.project.live()


@pytest.fixture(scope="module")
def told(aws: EmbeddedAws, built_app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The whole story, played once."""
    folder = tmp_path_factory.mktemp("workflows")
    project = Project.copy(built_app, folder / "app", "production", aws.environment)
    project.kanmon("bootstrap").check()
    with LocalGithub() as github, LocalSlack() as slack:
        repository = Repository.make(project, aws, github, slack, folder / "machine")
        told = Told(repository)
        try:
            for act in (_good, _bad, _mended, _by_hand, _refused, _cancelled, _killed, _whole, _pulled):
                act(told)
            yield told
        finally:
            repository.actions.stop()
    assert github.violations == []


def _good(told: Told) -> None:
    (told.repository.project.folder / "web/dist" / FILE).write_text("a page of its own\n")
    first = told.repository.push(HOSTILE + BODY)
    told.repository.review(first)
    told.ended("first", first)
    visible_change(told.repository.project, "two")
    second = told.repository.push("A new title")
    told.repository.review(second)
    told.ended("second", second)


def _bad(told: Told) -> None:
    break_live_only(told.repository.project)
    bad = told.repository.push("Answer otherwise on the live stage")
    told.repository.review(bad)
    told.ended("bad", bad)


def _mended(told: Told) -> None:
    told.repository.git("revert", "--no-edit", "HEAD")
    mended = told.repository.actions.dispatch(DEPLOY, "hanako", lift_freeze="the cause is mended")
    told.repository.review(mended)
    told.ended("mended", mended)


def _by_hand(told: Told) -> None:
    """A deploy waits for its approval when an emergency comes."""
    waiting = told.repository.push("Nobody approves this")
    told.repository.await_gate(waiting)
    back = told.repository.actions.dispatch(ROLLBACK, "jiro", reason=REASON, confirm="production")
    told.repository.review(back)
    told.ended("back", back)
    told.ended("waiting", waiting)
    wrong = told.repository.actions.dispatch(ROLLBACK, "jiro", reason="again", confirm="prod")
    told.ended("wrong", wrong)


def _refused(told: Told) -> None:
    repository = told.repository
    rejected = repository.actions.dispatch(ROLLBACK, "jiro", release="r1", reason="no", confirm="production")
    repository.review(rejected, "rejected")
    told.ended("rejected", rejected)
    repository.github.protect("production", [], branches=["main"])
    told.ended("unprotected", repository.push("Who would hold this back?"))
    repository.protect()


def _cancelled(told: Told) -> None:
    """Cancelled as it is live and watched."""
    repository = told.repository
    repository.project.edit_config(lambda text: text.replace("  bake: 0s", "  bake: 10m"))
    visible_change(repository.project, "watched")
    repository.commit("Watch it for long")
    cancelled = repository.actions.dispatch(DEPLOY, "hanako", lift_freeze="the incident is over")
    repository.review(cancelled)
    cancelled.await_line("(live): passed")
    repository.github.cancel(cancelled.run)
    told.ended("cancelled", cancelled)


def _killed(told: Told) -> None:
    """The step's process is gone without a word; the lease that it left runs out."""
    killed = told.repository.actions.dispatch(DEPLOY, "hanako", lift_freeze="try again")
    told.repository.review(killed)
    killed.await_line("(live): passed")
    for step in killed.step_processes():
        step.kill()
    told.repository.project.expire_lease()
    told.ended("killed", killed)


def _whole(told: Told) -> None:
    """The root action, in a job that is gated as all are."""
    repository = told.repository
    (repository.project.folder / ".github/workflows/one-step.yml").write_text(ONE_STEP)
    repository.project.edit_config(lambda text: text.replace("  bake: 10m", "  bake: 0s"))
    repository.commit("Release in one step")
    whole = repository.actions.dispatch("one-step.yml", "hanako")
    repository.review(whole)
    told.ended("whole", whole)


def _pulled(told: Told) -> None:
    """A stranger's pull request whose tests fail, twice."""
    repository = told.repository
    repository.git("switch", "--quiet", "--create", BRANCH)
    (repository.project.folder / "tests.py").write_text(TESTS)
    repository.commit(HOSTILE + BODY)
    head = repository.actions.head
    repository.github.commit(head, HOSTILE + BODY, "stranger", branch=None)
    repository.github.open_pull(7, HOSTILE, "stranger", head, branch=BRANCH)
    for name in ("pulled", "pulled again"):
        told.ended(name, repository.actions.pull_request(7))


def test_every_run_ends_as_it_should(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """CD-2, CD-9, CD-13: and nobody was left on half a release."""
    with capsys.disabled():
        sys.stdout.write(f"\n{timeline(told.runs)}\n")
    assert {name: (run.conclusion, told.live[name]) for name, run in told.runs.items()} == {
        "first": ("success", ("r1", "r1")),
        "second": ("success", ("r2", "r2")),
        "bad": ("failure", ("r2", "r2")),
        "mended": ("success", ("r4", "r4")),
        "back": ("success", ("r2", "r2")),
        "waiting": ("cancelled", ("r2", "r2")),
        "wrong": ("failure", ("r2", "r2")),
        "rejected": ("failure", ("r2", "r2")),
        "unprotected": ("failure", ("r2", "r2")),
        "cancelled": ("cancelled", ("r2", "r2")),
        "killed": ("failure", ("r2", "r2")),
        "whole": ("success", ("r8", "r8")),
        "pulled": ("failure", ("r8", "r8")),
        "pulled again": ("failure", ("r8", "r8")),
    }


def test_the_ledger_has_every_attempt_and_its_approval(told: Told) -> None:
    """CD-3, CD-11: what was approved is what ran, by whom, in which run."""
    attempts = told.repository.project.attempts()
    assert [(attempt["kind"], attempt["release"], attempt["result"]) for attempt in attempts] == [
        ("deploy", "r1", "stable"),
        ("deploy", "r2", "stable"),
        ("deploy", "r3", "rolled back"),
        ("deploy", "r4", "stable"),
        ("rollback", "r2", "rolled back"),
        ("deploy", "r6", "rolled back"),
        ("deploy", "r7", "rolled back"),
        ("deploy", "r8", "stable"),
    ]
    runs = ["first", "second", "bad", "mended", "back", "cancelled", "killed", "whole"]
    for attempt, name in zip(attempts, runs, strict=True):
        assert attempt["approval"]["by"] == REVIEWER
        assert f"/actions/runs/{told.runs[name].run}/" in attempt["approval"]["how"]
        if attempt["kind"] == "deploy" and name != "whole":
            assert f"`{attempt['approval']['digest']}`" in told.runs[name].summary
    assert attempts[4]["reason"] == REASON
    assert told.repository.project.head()["attempt"] is None


def test_github_shows_deployments_and_releases(told: Told) -> None:
    """CD-11"""
    repository = told.repository.github.repository
    shown = {one.task: [status.state for status in one.statuses] for one in repository.deployments.values()}
    assert {task: states[-1] for task, states in shown.items()} == {
        "deploy:1": "inactive",
        "deploy:2": "inactive",
        "deploy:3": "failure",
        "deploy:4": "inactive",
        "rollback:5": "inactive",
        "deploy:6": "failure",
        "deploy:7": "failure",
        "deploy:8": "success",
    }
    assert shown["deploy:1"].count("in_progress") > 1, "it is seen to move"
    assert {one.tag: one.name for one in repository.releases.values()} == {
        "production-r1": "production r1",
        "production-r2": "production r2",
        "production-r4": "production r4 (taken back)",
        "production-r8": "production r8",
    }
    notes = next(one.body or "" for one in repository.releases.values() if one.tag == "production-r1")
    assert "<script" not in MarkdownIt("commonmark").enable("table").render(notes)
    assert "Add goals" in notes


def test_slack_is_told_of_each_release_from_waiting_to_its_end(told: Told) -> None:
    """CD-12"""
    texts = [message.text for message in told.repository.slack.messages]
    heads = [text.split("production: ", 1)[-1] for text in texts]
    assert heads[:3] == ["r1 waits for approval", "r1 is being deployed", "r1 is live"]
    assert sum("was rolled back" in text for text in texts) >= 3
    bad = next(message for message in told.repository.slack.messages if "r3 was rolled back" in message.text)
    assert "The live stage" in json.dumps(bad.content) or "KNM-501" in json.dumps(bad.content)


def test_a_rollback_need_not_wait_for_a_deploy_that_waits(told: Told) -> None:
    """CD-9: both want the same concurrency group, which the deploy had taken before its approval."""
    [gated] = [job for job in told.runs["waiting"].jobs if job.environment]
    [job] = [job for job in told.runs["back"].jobs if job.environment]
    assert gated.group == job.group == "kanmon-production"
    assert (gated.conclusion, gated.started) == ("cancelled", None)
    assert told.runs["back"].said("cancelled what still waited: Nobody approves this")


def test_what_is_refused_is_refused_before_anybody_is_asked(told: Told) -> None:
    """CD-3, CD-9"""
    assert told.runs["wrong"].said("KNM-311")
    assert [job.name for job in told.runs["wrong"].jobs] == ["Preflight"]
    assert told.runs["unprotected"].said("KNM-322")
    assert [job.name for job in told.runs["unprotected"].jobs if job.name not in {"Test", "Build"}] == [
        "Plan"
    ]
    assert not told.runs["unprotected"].said("Plan for")


def test_what_a_reviewer_rejects_never_begins(told: Told) -> None:
    """CD-3: not even the steps that run whatever happens."""
    [_, job] = told.runs["rejected"].jobs
    assert (job.name, job.conclusion, job.started) == ("Roll back", "failure", None)
    assert not [
        line for line in told.runs["rejected"].lines if "Roll back" in line.job and "gate" not in line.job
    ]


def test_a_cancelled_step_takes_its_release_back_and_the_job_goes_on_to_say_so(told: Told) -> None:
    """CD-13: SIGINT reaches the step's first process alone."""
    run = told.runs["cancelled"]
    assert run.said("KNM-902")
    assert run.said("users are on r2 again")
    assert run.said("Every run came to its end; there is nothing to recover")
    assert run.said("attempt 6, deploy of r6: rolled back")


def test_the_same_job_undoes_what_a_killed_process_left(told: Told) -> None:
    """CD-13"""
    recovered = [
        line.text for line in told.runs["killed"].lines if line.step == "Finish or undo what did not end"
    ]
    assert any("the attempt 7 of hanako did not end" in text for text in recovered)
    assert any("users are on r2 again" in text for text in recovered)


def test_foreign_text_changes_nothing_but_the_text_that_shows_it(told: Told) -> None:
    """SEC-5: a commit message and a reason that are made to break out, through everything."""
    machine = told.repository.actions.machine.folder
    places = (told.repository.project.folder, machine, told.repository.actions.machine.runtime)
    assert not [found for place in places for found in place.rglob("pwned")]
    for run in told.runs.values():
        assert "<script" not in MarkdownIt("commonmark").enable("table").render(run.summary)
        commands = [message for message in run.messages if message.get("command") in {"error", "set-output"}]
        assert not [message for message in commands if message.get("msg", "").strip().endswith("::no")]
    digest = told.repository.project.attempts()[0]["approval"]["digest"]
    plan = json.loads(
        (machine / "artifacts" / str(told.runs["first"].run) / "plan-production/plan.json").read_text()
    )
    assert plan["digest"] == digest


def test_the_root_action_does_a_whole_release(told: Told) -> None:
    """CD-2: built, planned, deployed, recorded and told in one step."""
    assert told.runs["whole"].said("r8 is stable, attempt 8")
    assert told.repository.slack.messages[-1].text.endswith("r8 is live")


def test_a_pull_request_gets_one_comment(told: Told) -> None:
    """CD-1: of its tests and their coverage; its title, branch and files are a stranger's (SEC-5)."""
    [comment] = told.repository.github.repository.comments.values()
    shown = MarkdownIt("commonmark").enable("table").render(comment.body)
    assert "Tests failed" in shown
    assert "50.00 %" in shown
    assert "<script" not in shown
    assert comment.updated > comment.created
    assert {job.name: job.conclusion for job in told.runs["pulled again"].jobs} == {
        "Test": "failure",
        "Build": "success",
    }


def test_no_secret_is_anywhere(told: Told) -> None:
    """INF-4, SEC-5: tokens, keys, the webhook, the database's password, the trials' tokens."""
    repository = told.repository
    manager = repository.project.client("secretsmanager")
    values = []
    for one in manager.list_secrets()["SecretList"]:
        with suppress(manager.exceptions.ResourceNotFoundException):  # one that nobody gave a value yet
            values.append(manager.get_secret_value(SecretId=one["ARN"])["SecretString"])
    # Of other tests' apps there are other secrets here, too.
    held = [json.loads(value) for value in values if value.startswith("{")]
    passwords = [one["password"] for one in held if "password" in one]
    secrets = [
        *repository.github.state.tokens,
        repository.actions.machine.aws_secret,
        repository.slack.webhook.rpartition("/")[2],
        *passwords,
    ]
    assert passwords
    shown = [
        f"{message.get('msg')} {message.get('content')}"  # what a runner shows; it masks
        for run in told.runs.values()
        for message in run.messages
        if message.get("command") != "add-mask"
    ]
    shown += [json.dumps(message.content) for message in repository.slack.messages]
    shown += [str(thing) for thing in vars(repository.github.repository).values()]
    artifacts = repository.actions.machine.folder / "artifacts"
    shown += [file.read_bytes().decode(errors="replace") for file in artifacts.rglob("*") if file.is_file()]
    told_of = "\n".join(shown)
    assert [secret for secret in secrets if secret in told_of] == []
    assert re.findall(r"kanmon-preview=(?!\*\*\*)\w+|\br\d+-[0-9a-f]{32}\b", told_of) == []


def timeline(runs: dict[str, Execution]) -> str:
    """What was executed, run by run and job by job: how long each waited, and ran."""
    rows = [f"{'run':<12} {'conclusion':<11} {'job':<10} {'conclusion':<11} {'waited':>7} {'ran':>7}"]
    for name, run in runs.items():
        head = f"{name:<12} {run.conclusion:<11}"
        for job in run.jobs:
            ended = job.completed or job.created
            began = job.started or ended
            waited, ran = (began - job.created).total_seconds(), (ended - began).total_seconds()
            rows.append(f"{head} {job.name:<10} {job.conclusion:<11} {waited:6.1f}s {ran:6.1f}s")
            head = " " * len(head)
    return "\n".join(rows)
