"""The workflow files themselves, executed: pushes, approvals, a bad release, a rollback, a cancelled run."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import pytest
from markdown_it import MarkdownIt

from embedded.github.server import LocalGithub
from embedded.slack import LocalSlack
from tests.e2e.changes import break_live_only, visible_change
from tests.e2e.project import Project
from tests.e2e.repository import REVIEWER, Repository
from tests.unit.appcommand.attacker import ATTACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedded.actions.execution import Execution
    from embedded.aws import EmbeddedAws

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

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
  build:
    name: Build
    runs-on: ubuntu-24.04
    permissions: {contents: read}
    outputs: {digest: "${{ steps.build.outputs.digest }}"}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - id: build
        uses: kanmon-dev/kanmon/actions/build@0000000000000000000000000000000000000000
      - uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
        with: {name: bundle, path: build/bundle, include-hidden-files: true}
  release:
    name: Release
    needs: build
    runs-on: ubuntu-24.04
    environment: {name: production, deployment: false}
    permissions: {actions: read, contents: write, deployments: write, id-token: write, pull-requests: read}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
        with: {name: bundle, path: "${{ runner.temp }}/bundle"}
      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
        with:
          role-to-assume: ${{ vars.KANMON_DEPLOY_ROLE }}
          role-session-name: one-step
          aws-region: ap-northeast-1
      - id: release
        uses: kanmon-dev/kanmon@0000000000000000000000000000000000000000
        with:
          bundle: ${{ runner.temp }}/bundle
          bundle-digest: ${{ needs.build.outputs.digest }}
          lift-freeze: fixed
      - run: echo "$RELEASE is $RESULT, operation $OPERATION"
        env:
          RELEASE: ${{ steps.release.outputs.release }}
          RESULT: ${{ steps.release.outputs.result }}
          OPERATION: ${{ steps.release.outputs.operation }}
"""
RUNNER_FILES = "$RUNNER_TEMP/../act/workflow"
DEPLOY, ROLLBACK = "deploy-production.yml", "rollback-production.yml"


@dataclass
class Story:
    """The runs, and the live release after each."""

    repository: Repository
    runs: dict[str, Execution] = field(default_factory=dict)
    live: dict[str, tuple[str, str]] = field(default_factory=dict)

    def ended(self, name: str, execution: Execution) -> None:
        """Wait for a run's end; keep it, and the live release after it."""
        self.runs[name] = execution
        execution.wait()
        self.live[name] = self.repository.project.live()


@pytest.fixture(scope="module")
def story(aws: EmbeddedAws, built_app: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The whole story, played once."""
    folder = tmp_path_factory.mktemp("workflows")
    project = Project.copy(built_app, folder / "app", "production", aws.environment)
    with LocalGithub() as github, LocalSlack() as slack:
        repository = Repository.make(project, aws, github, slack, folder / "machine")
        story = Story(repository)
        try:
            for act in (_good, _bad, _fixed, _by_hand, _refused, _cancelled, _killed, _whole, _pulled):
                act(story)
            yield story
        finally:
            repository.actions.stop()
    assert github.violations == []


def _good(story: Story) -> None:
    (story.repository.project.folder / "web/dist" / FILE).write_text("a page of its own\n")
    first = story.repository.push(HOSTILE + BODY)
    story.repository.review(first)
    story.ended("first", first)
    visible_change(story.repository.project, "two")
    second = story.repository.push("A new title")
    story.repository.review(second)
    story.ended("second", second)


def _bad(story: Story) -> None:
    break_live_only(story.repository.project)
    bad = story.repository.push("Answer otherwise on the live stage")
    story.repository.review(bad)
    story.ended("bad", bad)


def _fixed(story: Story) -> None:
    story.repository.git("revert", "--no-edit", "HEAD")
    fixed = story.repository.actions.dispatch(DEPLOY, "hanako", lift_freeze="the cause is fixed")
    story.repository.review(fixed)
    story.ended("fixed", fixed)


def _by_hand(story: Story) -> None:
    """A deploy waits for its approval when an emergency comes."""
    waiting = story.repository.push("Nobody approves this")
    story.repository.await_gate(waiting)
    back = story.repository.actions.dispatch(ROLLBACK, "jiro", reason=REASON, confirm="production")
    story.repository.review(back)
    story.ended("back", back)
    story.ended("waiting", waiting)
    wrong = story.repository.actions.dispatch(ROLLBACK, "jiro", reason="again", confirm="prod")
    story.ended("wrong", wrong)


def _refused(story: Story) -> None:
    repository = story.repository
    rejected = repository.actions.dispatch(ROLLBACK, "jiro", release="r1", reason="no", confirm="production")
    repository.review(rejected, "rejected")
    story.ended("rejected", rejected)
    repository.github.protect("production", [], branches=["main"])
    story.ended("unprotected", repository.push("Who would hold this back?"))
    repository.protect()


def _cancelled(story: Story) -> None:
    """Cancelled as it is live and watched."""
    repository = story.repository
    repository.project.edit_config(lambda text: text.replace("  bake: 0s", "  bake: 10m"))
    visible_change(repository.project, "watched")
    repository.commit("Watch it for long")
    cancelled = repository.actions.dispatch(DEPLOY, "hanako", lift_freeze="the incident is over")
    repository.review(cancelled)
    cancelled.await_line("(live): passed")
    repository.github.cancel(cancelled.run)
    story.ended("cancelled", cancelled)


def _killed(story: Story) -> None:
    """The step's process is killed; its lease runs out."""
    killed = story.repository.actions.dispatch(DEPLOY, "hanako", lift_freeze="try again")
    story.repository.review(killed)
    killed.await_line("(live): passed")
    for step in killed.step_processes():
        step.kill()
    story.repository.project.expire_lease()
    story.ended("killed", killed)


def _whole(story: Story) -> None:
    """The root action, in a gated job. The app's build and tests are hostile from here on."""
    repository = story.repository
    (repository.project.folder / ".github/workflows/one-step.yml").write_text(ONE_STEP)
    repository.project.edit_config(lambda text: text.replace("  bake: 10m", "  bake: 0s"))
    arm(repository)
    repository.commit("Release in one step")
    whole = repository.actions.dispatch("one-step.yml", "hanako")
    repository.review(whole)
    story.ended("whole", whole)


def arm(repository: Repository) -> None:
    """Make the app's build hostile. Here it is root, as with `sudo` on a hosted runner."""
    folder = repository.project.folder
    (folder / "attack.py").write_text(ATTACK)
    loot = repository.actions.machine.folder / "loot"
    loot.mkdir()
    command = f'python3 attack.py "{loot}/$GITHUB_RUN_ID-build" "{RUNNER_FILES}"'
    repository.project.edit_config(lambda text: f"{text}\nbuild: {{commands: ['{command}']}}\n")


def attack(repository: Repository, name: str) -> str:
    """The same for a program in Python."""
    loot = repository.actions.machine.folder / "loot"
    command = f'exec python3 attack.py "{loot}/$GITHUB_RUN_ID-{name}" "{RUNNER_FILES}"'
    return f"import subprocess\nsubprocess.run(['bash', '-c', {command!r}], check=True)\n"


def _pulled(story: Story) -> None:
    """A stranger's pull request with failing tests, twice."""
    repository = story.repository
    repository.git("switch", "--quiet", "--create", BRANCH)
    (repository.project.folder / "tests.py").write_text(TESTS + attack(repository, "test"))
    repository.commit(HOSTILE + BODY)
    head = repository.actions.head
    repository.github.commit(head, HOSTILE + BODY, "stranger", branch=None)
    repository.github.open_pull(7, HOSTILE, "stranger", head, branch=BRANCH)
    for name in ("pulled", "pulled again"):
        story.ended(name, repository.actions.pull_request(7))


def test_every_run_ends_as_it_should(story: Story, capsys: pytest.CaptureFixture[str]) -> None:
    """CD-2, CD-9, CD-13: and users were always on a whole release."""
    with capsys.disabled():
        sys.stdout.write(f"\n{timeline(story.runs)}\n")
    assert {name: (run.conclusion, story.live[name]) for name, run in story.runs.items()} == {
        "first": ("success", ("r1", "r1")),
        "second": ("success", ("r2", "r2")),
        "bad": ("failure", ("r2", "r2")),
        "fixed": ("success", ("r4", "r4")),
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


def test_the_ledger_has_every_operation_and_its_approval(story: Story) -> None:
    """CD-3, CD-11: the approved plan ran; approver and run are recorded."""
    operations = story.repository.project.operations()
    assert [(operation["kind"], operation["release"], operation["result"]) for operation in operations] == [
        ("deploy", "r1", "stable"),
        ("deploy", "r2", "stable"),
        ("deploy", "r3", "rolled back"),
        ("deploy", "r4", "stable"),
        ("rollback", "r2", "rolled back"),
        ("deploy", "r6", "rolled back"),
        ("deploy", "r7", "rolled back"),
        ("deploy", "r8", "stable"),
    ]
    runs = ["first", "second", "bad", "fixed", "back", "cancelled", "killed", "whole"]
    for operation, name in zip(operations, runs, strict=True):
        assert operation["approval"]["by"] == REVIEWER
        assert f"/actions/runs/{story.runs[name].run}/" in operation["approval"]["how"]
        if operation["kind"] == "deploy" and name != "whole":
            assert f"`{operation['approval']['digest']}`" in story.runs[name].summary
    assert operations[4]["reason"] == REASON
    assert story.repository.project.head()["operation"] is None


def test_github_shows_deployments_and_releases(story: Story) -> None:
    """CD-11"""
    repository = story.repository.github.repository
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
        "production-r4": "production r4 (rolled back)",
        "production-r8": "production r8",
    }
    notes = next(one.body or "" for one in repository.releases.values() if one.tag == "production-r1")
    assert "<script" not in MarkdownIt("commonmark").enable("table").render(notes)
    assert "Add goals" in notes


def test_slack_gets_each_release_from_waiting_to_its_end(story: Story) -> None:
    """CD-12"""
    texts = [message.text for message in story.repository.slack.messages]
    heads = [text.split("production: ", 1)[-1] for text in texts]
    assert heads[:3] == ["r1 waits for approval", "r1 is being deployed", "r1 is live"]
    assert sum("was rolled back" in text for text in texts) >= 3
    bad = next(message for message in story.repository.slack.messages if "r3 was rolled back" in message.text)
    assert "The live stage" in json.dumps(bad.content) or "KNM-501" in json.dumps(bad.content)


def test_a_rollback_does_not_wait_for_a_waiting_deploy(story: Story) -> None:
    """CD-9: both want the same concurrency group; the deploy took it before its approval."""
    [gated] = [job for job in story.runs["waiting"].jobs if job.environment]
    [job] = [job for job in story.runs["back"].jobs if job.environment]
    assert gated.group == job.group == "kanmon-production"
    assert gated.conclusion == "cancelled"
    assert gated.started is None
    assert story.runs["back"].printed("cancelled a waiting run: Nobody approves this")


def test_a_refusal_comes_before_anybody_is_asked(story: Story) -> None:
    """CD-3, CD-9"""
    assert story.runs["wrong"].printed("KNM-311")
    assert [job.name for job in story.runs["wrong"].jobs] == ["Preflight"]
    assert story.runs["unprotected"].printed("KNM-322")
    assert [
        job.name for job in story.runs["unprotected"].jobs if job.name not in {"Test", "Build", "Attest"}
    ] == ["Plan"]
    assert not story.runs["unprotected"].printed("Plan for")


def test_a_rejected_job_never_begins(story: Story) -> None:
    """CD-3: not even its `always()` steps run."""
    [_, job] = story.runs["rejected"].jobs
    assert job.name == "Roll back"
    assert job.conclusion == "failure"
    assert job.started is None
    assert not [
        line for line in story.runs["rejected"].lines if "Roll back" in line.job and "gate" not in line.job
    ]


def test_a_cancelled_step_rolls_back_and_the_job_records_it(story: Story) -> None:
    """CD-13: SIGINT reaches the step's first process alone."""
    run = story.runs["cancelled"]
    assert run.printed("KNM-902")
    assert run.printed("users are on r2 again")
    assert run.printed("The last operation has ended; there is nothing to recover")
    assert run.printed("operation 6, deploy of r6: rolled back")


def test_the_same_job_undoes_the_work_of_a_killed_process(story: Story) -> None:
    """CD-13"""
    recovered = [
        line.text for line in story.runs["killed"].lines if line.step == "Finish or undo what did not end"
    ]
    assert any("the operation 7 of hanako did not end" in text for text in recovered)
    assert any("users are on r2 again" in text for text in recovered)


def test_foreign_text_stays_text(story: Story) -> None:
    """SEC-5: a hostile commit message and a hostile reason, through everything."""
    machine = story.repository.actions.machine.folder
    places = (story.repository.project.folder, machine, story.repository.actions.machine.runtime)
    assert not [found for place in places for found in place.rglob("pwned")]
    for run in story.runs.values():
        assert "<script" not in MarkdownIt("commonmark").enable("table").render(run.summary)
        commands = [message for message in run.messages if message.get("command") in {"error", "set-output"}]
        assert not [message for message in commands if message.get("msg", "").strip().endswith("::no")]
    digest = story.repository.project.operations()[0]["approval"]["digest"]
    plan = json.loads(
        (machine / "artifacts" / str(story.runs["first"].run) / "plan-production/plan.json").read_text()
    )
    assert plan["digest"] == digest


def test_the_root_action_does_a_whole_release(story: Story) -> None:
    """CD-2: built, planned, deployed, recorded and announced in one step."""
    assert story.runs["whole"].printed("r8 is stable, operation 8")
    assert story.repository.slack.messages[-1].text.endswith("r8 is live")


def test_the_apps_commands_find_no_secret_and_leave_nothing(story: Story) -> None:
    """TRU-3: they read all that root can, of themselves, Kanmon, the runner and whoever started it."""
    repository = story.repository
    secrets = set(repository.github.state.tokens)
    assert secrets
    loot = {file.name: json.loads(file.read_text()) for file in _loot(repository)}
    runs = {name: story.runs[name].run for name in ("whole", "pulled", "pulled again")}
    assert set(loot) == {
        f"{runs['whole']}-build",
        *(f"{runs[name]}-{part}" for name in ("pulled", "pulled again") for part in ("build", "test")),
    }
    for found in loot.values():
        text = json.dumps(found["seen"])
        assert "INPUT_CONFIG" in text, "it did read Kanmon's own environment"
        assert "ACTIONS_ID_TOKEN_REQUEST" not in text
        assert [secret for secret in secrets if secret in text] == []
        assert found["written"], "it did find the runner's files"
        assert not psutil.pid_exists(found["daemon"])
    for name in runs:
        assert "evil" not in story.runs[name].summary
        assert "evil" not in json.dumps(story.runs[name].messages)


def _loot(repository: Repository) -> list[Path]:
    return sorted((repository.actions.machine.folder / "loot").iterdir())


def test_the_bundle_is_attested_by_a_job_without_the_app(story: Story) -> None:
    """TRU-3, SEC-5: and its plan's job verified that."""
    jobs = {job.name: job for job in story.runs["first"].jobs}
    assert jobs["Attest"].conclusion == "success"
    assert story.runs["first"].printed("Verification succeeded, as far as it is played here")
    ran = {line.step for line in story.runs["first"].lines if "Attest" in line.job}
    assert not any("Build" in step or "checkout" in step for step in ran)


def test_a_pull_request_gets_one_comment(story: Story) -> None:
    """CD-1: of its tests and their coverage; its title, branch and files are a stranger's (SEC-5)."""
    [comment] = story.repository.github.repository.comments.values()
    shown = MarkdownIt("commonmark").enable("table").render(comment.body)
    assert "Tests failed" in shown
    assert "50.00 %" in shown
    assert "<script" not in shown
    assert comment.updated > comment.created
    assert {job.name: job.conclusion for job in story.runs["pulled again"].jobs} == {
        "Test": "failure",
        "Build": "success",
        "Comment": "success",
    }


def test_no_secret_is_anywhere(story: Story) -> None:
    """INF-4, SEC-5: tokens, keys, the webhook, the database's password, the previews' tokens."""
    repository = story.repository
    manager = repository.project.client("secretsmanager")
    values = []
    for one in manager.list_secrets()["SecretList"]:
        with suppress(manager.exceptions.ResourceNotFoundException):  # it has no value yet
            values.append(manager.get_secret_value(SecretId=one["ARN"])["SecretString"])
    # Of other tests' apps there are other secrets here, too.
    held = [json.loads(value) for value in values if value.startswith("{")]
    passwords = [one["password"] for one in held if "password" in one]
    keys = {
        message["arg"]
        for run in story.runs.values()
        for message in run.messages
        if message.get("command") == "add-mask"
    }
    secrets = [
        *repository.github.state.tokens,
        *keys,
        repository.slack.webhook.rpartition("/")[2],
        *passwords,
    ]
    assert passwords
    assert keys, "the roles' secrets are masked"
    shown = [
        f"{message.get('msg')} {message.get('content')}"  # as a runner shows it; it masks
        for run in story.runs.values()
        for message in run.messages
        if message.get("command") != "add-mask"
    ]
    shown += [json.dumps(message.content) for message in repository.slack.messages]
    shown += [str(thing) for thing in vars(repository.github.repository).values()]
    artifacts = repository.actions.machine.folder / "artifacts"
    shown += [file.read_bytes().decode(errors="replace") for file in artifacts.rglob("*") if file.is_file()]
    everything = "\n".join(shown)
    assert [secret for secret in secrets if secret in everything] == []
    assert re.findall(r"kanmon-preview=(?!\*\*\*)\w+|\br\d+-[0-9a-f]{32}\b", everything) == []


def timeline(runs: dict[str, Execution]) -> str:
    """The executed runs, job by job: how long each waited, and ran."""
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
