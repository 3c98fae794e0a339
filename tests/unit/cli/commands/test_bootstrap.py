"""`kanmon bootstrap`: makes the app's own stack, and prints the variables for GitHub (INF-10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cli import account as account_module
from kanmon.cli.commands import bootstrap as bootstrap_module
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from tests.fakes.account import FakeAccount
from tests.fakes.configs import GITHUB
from tests.fakes.stacks import FakeStacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.cloudformation import DeployedStack, StackEvent
    from tests.unit.cli.commands.conftest import App

STACK = "shop-bootstrap"
ROLE = "arn:aws:iam::123456789012:role/other-api-logs"


@dataclass
class _Stacks(FakeStacks):
    """Keeps each template, and can fail."""

    problem: str = ""
    """The reason for a failure of the next change."""
    applied: list[str] = field(default_factory=list)

    def execute(
        self, change_set: ChangeSet, on_event: Callable[[StackEvent], None], stop: Event | None = None
    ) -> DeployedStack:
        self.applied.append(self.change_sets[change_set.id].body)
        if self.problem:
            raise KanmonError(Code.STACK_FAILED, self.problem, where=change_set.stack)
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
        one.aws.cloudformation, one.aws.apigateway = None, gateway
        return one

    monkeypatch.setattr(account_module, "Account", account)
    monkeypatch.setattr(bootstrap_module, "Stacks", lambda _: made)
    return made


def test_the_stack_and_its_resources_are_shown(app: App, stacks: _Stacks) -> None:
    """INF-10"""
    assert app.run("bootstrap") is ExitStatus.OK
    assert stacks.executed == [STACK]
    printed = app.printed()
    assert "+ ArtifactBucket (AWS::S3::Bucket)" in printed
    assert f"{STACK} is ready; bundles and the ledger lie in artifacts." in printed


@pytest.mark.usefixtures("stacks")
def test_a_second_time_there_is_nothing_to_change(app: App) -> None:
    """INF-10"""
    app.run("bootstrap")
    app.printed()
    assert app.run("bootstrap") is ExitStatus.OK
    assert app.printed() == f"{STACK} is there already; there is nothing to change.\n"


@pytest.mark.usefixtures("stacks")
def test_the_variables_for_github_are_printed(app: App) -> None:
    """SEC-1"""
    app.configure(github=GITHUB)
    assert app.run("bootstrap") is ExitStatus.OK
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
    app.run("bootstrap")
    assert "Add `repository_id` and `owner_id` under `github`" in app.printed()


def test_a_long_template_comes_after_its_bucket(app: App, stacks: _Stacks) -> None:
    """INF-10: a template of this length must lie in a bucket."""
    app.configure(github=GITHUB | {"environments": ["test", *(f"stage-{n}" for n in range(30))]})
    assert app.run("bootstrap") is ExitStatus.OK
    bare, whole = stacks.applied
    assert "PlanRole" not in bare
    assert len(whole.encode()) > 51_200


def test_a_foreign_role_for_api_logs_stays(app: App, stacks: _Stacks, gateway: _Gateway) -> None:
    """INF-6: an account has one in a region."""
    gateway.role = ROLE
    app.run("bootstrap")
    assert "ApiLogsRole" not in stacks.applied[0]


def test_a_missing_role_for_api_logs_is_made(app: App, stacks: _Stacks) -> None:
    """INF-6"""
    app.run("bootstrap")
    assert "ApiLogsRole" in stacks.applied[0]


def test_a_second_identity_provider_has_its_fix(app: App, stacks: _Stacks) -> None:
    """SEC-1: an account has only one for GitHub."""
    app.configure(github=GITHUB)
    stacks.problem = "GithubProvider (AWS::IAM::OIDCProvider) failed: it already exists."
    assert app.run("bootstrap") is ExitStatus.FAILED
    assert "Set `existing_provider: true` under `github`" in app.capture.readouterr().err


def test_another_failure_stays_as_it_is(app: App, stacks: _Stacks) -> None:
    stacks.problem = "Budget (AWS::Budgets::Budget) failed: no."
    assert app.run("bootstrap") is ExitStatus.FAILED
    assert "failed: no." in app.capture.readouterr().err
