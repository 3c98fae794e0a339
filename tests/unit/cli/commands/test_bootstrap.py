"""`kanmon bootstrap`: makes the app's own stack, and prints the variables for GitHub (INF-10)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cli import account as account_module
from kanmon.cli.commands import bootstrap as bootstrap_module
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.stacks.cloudformation import DeployedStack
from tests.fakes.account import FakeAccount
from tests.fakes.configs import GITHUB
from tests.fakes.objects import StoredObject
from tests.fakes.stacks import FakeStacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.stack_events import StackEvent
    from tests.unit.cli.commands.conftest import App

STACK = "shop-bootstrap"
ROLE = "arn:aws:iam::123456789012:role/other-api-logs"


@dataclass
class _Stacks(FakeStacks):
    """Keeps each template, and can fail."""

    problem: str = ""
    """The reason for a failure of the next change."""
    refused: str = ""
    """A type that this account can't have."""
    applied: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Each template as it was given: a body or a URL."""

    def create_change_set(self, name: str, template: str, *rest: Any, **named: Any) -> ChangeSet | None:
        self.sources.append(template)
        return super().create_change_set(name, template, *rest, **named)

    def withdraw(self, change_set: ChangeSet) -> None:
        del self.change_sets[change_set.id]

    def execute(
        self, change_set: ChangeSet, on_event: Callable[[StackEvent], None], stop: Event | None = None
    ) -> DeployedStack:
        self.applied.append(self.change_sets[change_set.id].body)
        if self.problem or (self.refused and self.refused in self.applied[-1]):
            raise KanmonError(Code.STACK_FAILED, self.problem or self.refused, where=change_set.stack)
        return super().execute(change_set, on_event, stop)


@dataclass
class _Gateway:
    """The account's role for API Gateway's logs."""

    role: str = ""

    def get_account(self) -> dict[str, str]:
        return {"cloudwatchRoleArn": self.role} if self.role else {}


@pytest.fixture
def gateway() -> _Gateway:
    return _Gateway()


@pytest.fixture
def stacks(app: App, gateway: _Gateway, monkeypatch: pytest.MonkeyPatch) -> _Stacks:
    """The account's CloudFormation."""
    made = _Stacks(app.cloud.s3, app.cloud.gateway, "artifacts")

    def account(config: Any, _: object) -> FakeAccount:
        one = FakeAccount(app.cloud, config, [])
        one.aws.cloudformation, one.aws.apigateway, one.aws.s3 = None, gateway, app.cloud.s3
        return one

    monkeypatch.setattr(account_module, "Account", account)
    monkeypatch.setattr(bootstrap_module, "Stacks", lambda _: made)
    return made


def test_the_stack_and_its_resources_are_shown(app: App, stacks: _Stacks) -> None:
    """INF-10"""
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    assert stacks.executed == [STACK]
    printed = app.printed()
    assert "+ ArtifactBucket AWS::S3::Bucket\n" in printed
    assert f"{STACK} is ready; bundles and the ledger lie in artifacts." in printed


@pytest.mark.usefixtures("stacks")
def test_a_second_time_there_is_nothing_to_change(app: App) -> None:
    """INF-10"""
    app.run("bootstrap", "--yes")
    app.printed()
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    assert app.printed() == f"{STACK} is there already; there is nothing to change.\n"


def test_a_failed_creation_can_be_repeated(app: App, stacks: _Stacks) -> None:
    """AWS-1"""
    stacks.failing.add(STACK)
    assert app.run("bootstrap", "--yes") is ExitStatus.FAILED
    stacks.failing.clear()
    assert app.run("bootstrap", "--yes") is ExitStatus.OK


@pytest.mark.usefixtures("stacks")
def test_the_variables_for_github_are_printed(app: App) -> None:
    """SEC-1"""
    app.configure(github=GITHUB)
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    lines = app.printed().splitlines()
    assert lines[-4:] == [
        "Variables of octo/shop on GitHub (Settings, Actions, Variables):",
        "  KANMON_PLAN_ROLE = arn:plan",
        "  KANMON_DEPLOY_ROLE = arn:deploy",
        "  AWS_REGION = ap-northeast-1",
    ]


@pytest.mark.usefixtures("stacks")
def test_a_repository_without_its_ids_is_warned_about(app: App) -> None:
    """SEC-1"""
    app.configure(github={"repository": "octo/shop", "environments": ["test"]})
    app.run("bootstrap", "--yes")
    assert "Add `repository_id` and `owner_id` under `github`" in app.printed()


def test_a_long_template_comes_after_its_bucket(app: App, stacks: _Stacks) -> None:
    """INF-10: a template of this length must lie in a bucket."""
    app.configure(github=GITHUB)
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    bare, whole = stacks.applied
    assert "PlanRole" not in bare
    assert len(whole.encode()) > 51_200


def test_a_long_template_is_never_a_file_from_before(app: App, stacks: _Stacks) -> None:
    """TRU-1: somebody wrote another template under its name, as a blob and where it goes."""
    app.configure(github=GITHUB)
    app.run("bootstrap", "--yes")
    whole, objects = stacks.applied[-1], app.cloud.s3.objects("artifacts")
    sha256 = hashlib.sha256(whole.encode()).hexdigest()
    stacks.stacks.clear()
    for key in (f"test/blobs/{sha256}", f"bootstrap/{sha256}"):
        objects[key] = StoredObject(b"Resources: {Owner: {Type: AWS::IAM::Role}}")
    app.run("bootstrap", "--yes")
    assert stacks.applied[-1] == whole
    assert objects[f"bootstrap/{sha256}"].body == whole.encode()


def test_a_long_template_is_the_version_of_its_write(app: App, stacks: _Stacks) -> None:
    """TRU-1: no later write of the same key changes it."""
    app.configure(github=GITHUB)
    app.run("bootstrap", "--yes")
    (key,) = (key for key in app.cloud.s3.objects("artifacts") if key.startswith("bootstrap/"))
    version = app.cloud.s3.head_object(Bucket="artifacts", Key=key)["VersionId"]
    assert stacks.sources[-1].endswith(f"/artifacts/{key}?versionId={version}")


class _Terminal:
    """A terminal with an answer to each question."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.questions = list[str]()
        self.answers = answers
        monkeypatch.setattr(bootstrap_module, "asker", lambda _: self._ask)

    def _ask(self, question: str) -> str:
        self.questions.append(question)
        return self.answers[len(self.questions) - 1]


@pytest.mark.parametrize("answer", ["y", " Yes "])
def test_one_question_covers_both_phases(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """TRU-1: all that both make is shown first."""
    terminal = _Terminal(monkeypatch, answer)
    app.configure(github=GITHUB)
    assert app.run("bootstrap") is ExitStatus.OK
    assert len(stacks.applied) == 2
    assert len(terminal.questions) == 1
    printed = app.printed()
    assert {"+ ArtifactBucket AWS::S3::Bucket", "+ TestDeployRole AWS::IAM::Role  permissions"} <= set(
        printed.splitlines()
    )


@pytest.mark.parametrize("answer", ["", "n", "no", "yep"])
def test_without_a_yes_nothing_is_made(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """TRU-1"""
    _Terminal(monkeypatch, answer)
    assert "Nothing was changed" in app.refusal("bootstrap")
    assert stacks.stacks == {}
    assert app.untouched


def test_changed_permissions_are_shown_before_the_question(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-1: a refused change is withdrawn."""
    app.configure(github=GITHUB)
    app.run("bootstrap", "--yes")
    app.printed()
    applied = list(stacks.applied)
    _Terminal(monkeypatch, "n")
    app.configure(github=GITHUB | {"branch": "release"})
    assert app.run("bootstrap") is ExitStatus.REFUSED
    printed = app.printed()
    assert "~ StagingPlanRole AWS::IAM::Role  permissions\n" in printed
    assert "    + Allow: sts:AssumeRoleWithWebIdentity\n" in printed
    assert "refs/heads/release" in printed
    assert "    the same as StagingPlanRole, with test for staging\n" in printed
    assert stacks.applied == applied
    assert stacks.change_sets == {}


def test_all_permissions_are_shown_before_the_first_stack(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-1: roles, policies, keys and buckets; on a narrow terminal, and once for all environments."""
    terminal = _Terminal(monkeypatch, "d", "n")
    app.configure(github=GITHUB)
    assert app.run("bootstrap") is ExitStatus.REFUSED
    lines = app.printed().partition("lines of permissions first.\n")[2].splitlines()
    for line in (
        "    + Allow Execute: cloudformation:ExecuteChangeSet",
        "    + Deny WriteOnce: s3:PutObject",
        "    + Allow Account: kms:*",
        "    + MaxSessionDuration: 7200",
        "    + PublicAccessBlockConfiguration: BlockPublicAcls = true; BlockPublicPolicy",
        "    the same as StagingDeployRole, with test for staging",
    ):
        assert lines.count(line) == 1
    assert stacks.applied == []
    assert terminal.questions[1] == "Apply this with your own rights? [y/N] "
    assert len(lines) < 700
    assert not [line for line in lines if len(line) > 79 and len(line.split()) > 2]


def test_a_long_stack_is_shown_in_short_first(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-1: each resource, what it is for, who may assume it and the services of its statements."""
    terminal = _Terminal(monkeypatch, "y")
    app.configure(github=GITHUB)
    assert app.run("bootstrap") is ExitStatus.OK
    assert terminal.questions == ["Apply this with your own rights? [y/N/d] "]
    assert stacks.applied
    printed = app.printed()
    for lines in (
        "+ ArtifactBucketPolicy AWS::S3::BucketPolicy  permissions\n    denies s3:*\n",
        "+ StagingPlanRole AWS::IAM::Role  permissions\n",
        "    shop-staging: plans releases, from the main branch\n",
        "    may be assumed by repo:octo/shop:ref:refs/heads/main,\n",
        "    has the policies ${StagingStacksPolicy}\n",
        "    shop-staging: executes approved change sets\n    allows cloudformation\n",
        "    may be assumed by Service = cloudformation.amazonaws.com\n",
        "    the same as StagingDeployRole, with test for staging\n",
    ):
        assert printed.count(lines) == 1
    assert "cloudformation:ExecuteChangeSet" not in printed
    shown, rest = printed.split("Answer d to read all ")
    assert len(shown.splitlines()) < 100
    assert int(rest.split()[0]) > 250


def test_a_script_has_every_permission_in_its_log(app: App, stacks: _Stacks) -> None:
    """TRU-1: nobody can ask for them there."""
    app.configure(github=GITHUB)
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    assert stacks.applied
    assert "    + Allow Execute: cloudformation:ExecuteChangeSet\n" in app.printed()


def test_a_changed_property_is_shown_before_the_question(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-1: somebody gave a role more than its statements say."""
    app.configure(github=GITHUB)
    app.run("bootstrap", "--yes")
    app.printed()
    stacks.bodies[STACK] = stacks.bodies[STACK].replace("MaxSessionDuration: 7200", "MaxSessionDuration: 900")
    _Terminal(monkeypatch, "n")
    assert app.run("bootstrap") is ExitStatus.REFUSED
    printed = app.printed()
    assert "    - MaxSessionDuration: 900\n    + MaxSessionDuration: 7200\n" in printed


def test_an_unreadable_deployed_template_is_said(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-1: somebody changed the stack by other means."""
    app.run("bootstrap", "--yes")
    app.printed()
    stacks.bodies[STACK] = '{"Resources": {}}'
    _Terminal(monkeypatch, "n")
    assert app.run("bootstrap") is ExitStatus.REFUSED
    printed = app.printed()
    assert "permissions that go are not shown" in printed
    assert "    + Deny RefusePlainHttp: s3:*\n" in printed


def test_a_script_without_yes_is_refused_before_anything(app: App, stacks: _Stacks) -> None:
    """TRU-1: there is nobody to see the changes."""
    refusal = app.refusal("bootstrap")
    assert refusal.startswith("KNM-311 There is no terminal for the question, and no --yes. ")
    assert "In a script, add `--yes`: nobody sees the changes first then." in refusal
    assert stacks.change_sets == {}
    assert app.untouched


@pytest.mark.usefixtures("stacks")
def test_without_changes_a_script_needs_no_yes(app: App) -> None:
    """INF-10"""
    app.run("bootstrap", "--yes")
    assert app.run("bootstrap") is ExitStatus.OK


def test_a_foreign_role_for_api_logs_stays(app: App, stacks: _Stacks, gateway: _Gateway) -> None:
    """INF-6: an account has one in a region."""
    gateway.role = ROLE
    app.run("bootstrap", "--yes")
    assert "ApiLogsRole" not in stacks.applied[0]


def test_a_missing_role_for_api_logs_is_made(app: App, stacks: _Stacks) -> None:
    """INF-6"""
    app.run("bootstrap", "--yes")
    assert "ApiLogsRole" in stacks.applied[0]


def test_refused_costs_leave_the_roles(app: App, stacks: _Stacks) -> None:
    """AWS-1: many new accounts have no Cost Explorer yet."""
    app.configure(github=GITHUB, costs={})
    stacks.refused = "AWS::CE::AnomalyMonitor"
    assert app.run("bootstrap", "--yes") is ExitStatus.FAILED
    present = stacks.bodies[STACK]
    assert "PlanRole" in present
    assert "AWS::CE::" not in present
    stacks.refused = ""
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    assert "AWS::CE::AnomalyMonitor" in stacks.bodies[STACK]


def test_refused_costs_leave_the_other_changes_of_a_later_run(app: App, stacks: _Stacks) -> None:
    """AWS-1: CloudFormation undoes the whole update that a refused resource belongs to."""
    app.configure(github=GITHUB)
    app.run("bootstrap", "--yes")
    stacks.refused = "AWS::CE::AnomalyMonitor"
    app.configure(github=GITHUB | {"branch": "release"}, costs={})
    for _ in range(2):
        assert app.run("bootstrap", "--yes") is ExitStatus.FAILED
        assert "refs/heads/release" in stacks.bodies[STACK]
        assert "AWS::CE::" not in stacks.bodies[STACK]


def test_refused_new_costs_leave_the_present_ones(app: App, stacks: _Stacks) -> None:
    """MON-5: nothing removes the budget on the way to another one."""
    app.configure(github=GITHUB, costs={"monthly_usd": 250})
    app.run("bootstrap", "--yes")
    stacks.applied.clear()
    stacks.refused = "Amount: 300"
    app.configure(github=GITHUB | {"branch": "release"}, costs={"monthly_usd": 300})
    assert app.run("bootstrap", "--yes") is ExitStatus.FAILED
    assert "refs/heads/release" in stacks.bodies[STACK]
    assert all("AWS::CE::AnomalyMonitor" in body for body in stacks.applied)
    assert "Amount: 250" in stacks.bodies[STACK]


@pytest.mark.parametrize("costs", [{}, {"monthly_usd": 300, "email": "team@example.com"}, None])
def test_one_change_alone_takes_one_update(app: App, stacks: _Stacks, costs: dict[str, Any] | None) -> None:
    """MON-5: the other settings and the same costs, or the costs alone."""
    app.configure(github=GITHUB, costs={})
    app.run("bootstrap", "--yes")
    stacks.applied.clear()
    branch = {"branch": "release"} if costs == {} else {}
    app.configure(github=GITHUB | branch, **({"costs": costs} if costs is not None else {}))
    assert app.run("bootstrap", "--yes") is ExitStatus.OK
    assert len(stacks.applied) == 1


@pytest.mark.parametrize(("answer", "applied"), [("y", 2), ("n", 0)])
def test_one_question_covers_costs_and_the_other_changes(
    app: App, stacks: _Stacks, monkeypatch: pytest.MonkeyPatch, answer: str, applied: int
) -> None:
    """TRU-1: all is shown first, and no change set is left."""
    app.configure(github=GITHUB)
    app.run("bootstrap", "--yes")
    stacks.applied.clear()
    app.printed()
    terminal = _Terminal(monkeypatch, answer)
    app.configure(github=GITHUB | {"branch": "release"}, costs={})
    app.run("bootstrap")
    assert len(terminal.questions) == 1
    assert len(stacks.applied) == applied
    assert stacks.change_sets == {}
    printed = app.printed()
    assert "+ Budget AWS::Budgets::Budget\n" in printed
    assert "~ StagingPlanRole AWS::IAM::Role  permissions\n" in printed


def test_another_apps_name_within_reach_is_refused(app: App, stacks: _Stacks) -> None:
    """SEC-1: before anything changes."""
    known = {"Environments": '{"one": null}'}
    other = DeployedStack("shop-test-bootstrap", "arn:other", "CREATE_COMPLETE", {}, known)
    stacks.stacks[other.name] = other
    assert app.run("bootstrap") is ExitStatus.REFUSED
    assert "shop-test and shop-test-" in app.capture.readouterr().err
    assert stacks.applied == []


def test_another_failure_stays_as_it_is(app: App, stacks: _Stacks) -> None:
    stacks.problem = "Budget (AWS::Budgets::Budget) failed: no."
    assert app.run("bootstrap", "--yes") is ExitStatus.FAILED
    assert "failed: no." in app.capture.readouterr().err
