"""`kanmon bootstrap` on an account: made, changed, left alone, and its output (SEC-1, MON-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator

_CONFIG = """
app: harbour
environment: production
functions: {api: {handler: a.b, artifact: build/api}}
api: {routes: [{path: /api/x, function: api}]}
web: {directory: web/dist}
checks: [{name: page, path: /}]
"""
_GITHUB = "github: {repository: octo/harbour, repository_id: 456, owner_id: 123}\n"
_SEVERAL = _GITHUB.replace("}", ", environments: [staging, production]}")


@pytest.fixture
def harbour(aws: EmbeddedAws, tmp_path: Path) -> Project:
    """An app of its own: there is only a config."""
    (tmp_path / "kanmon.yml").write_text(_CONFIG, "utf-8")
    return Project(tmp_path, dict(aws.environment))


@pytest.fixture
def _no_provider(harbour: Project) -> None:
    """An account without a provider for GitHub."""
    iam = harbour.client("iam")
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])


def _stack(project: Project) -> dict[str, Any]:
    stacks = project.client("cloudformation").describe_stacks(StackName="harbour-bootstrap")["Stacks"]
    found: dict[str, Any] = stacks[0]
    return found


@pytest.fixture
def _no_api_logs(harbour: Project) -> None:
    """An account without a role for API Gateway's logs."""
    harbour.client("apigateway").update_account(
        patchOperations=[{"op": "remove", "path": "/cloudwatchRoleArn"}]
    )


def _roles(project: Project) -> set[str]:
    roles = project.client("iam").list_roles()["Roles"]
    return {role["RoleName"] for role in roles if role["RoleName"].startswith("harbour-")}


@pytest.mark.usefixtures("_no_provider", "_no_api_logs")
def test_it_is_made_changed_and_then_left_alone(harbour: Project) -> None:
    output = harbour.kanmon("bootstrap", "--yes").check().output
    assert "+ ArtifactBucket AWS::S3::Bucket" in output
    assert "harbour-bootstrap is ready" in output
    assert "KANMON_" not in output
    assert _roles(harbour) == {"harbour-api-logs"}

    # One environment, then several: that template is too long to be sent as it is.
    harbour.edit_config(lambda text: text + _GITHUB + "costs: {monthly_usd: 50}\n")
    output = harbour.kanmon("bootstrap", "--yes").check().output
    assert "+ ProductionDeployRole AWS::IAM::Role" in output
    assert "+ Budget AWS::Budgets::Budget" in output
    account = harbour.client("sts").get_caller_identity()["Account"]
    assert f"KANMON_PLAN_ROLE = arn:aws:iam::{account}:role/harbour-production-plan\n" in output
    assert f"KANMON_DEPLOY_ROLE = arn:aws:iam::{account}:role/harbour-production-deploy\n" in output
    assert "AWS_REGION = ap-northeast-1\n" in output
    assert "cost-allocation tag" in output

    harbour.edit_config(lambda text: text.replace(_GITHUB, _SEVERAL))
    assert "+ StagingDeployRole" in harbour.kanmon("bootstrap", "--yes").check().output
    kinds = ("plan", "deploy", "cloudformation")
    assert _roles(harbour) - {"harbour-api-logs"} == {
        f"harbour-{name}-{kind}" for name in ("production", "staging") for kind in kinds
    }
    gateway = harbour.client("apigateway").get_account()
    assert gateway["cloudwatchRoleArn"] == f"arn:aws:iam::{account}:role/harbour-api-logs"

    before = _stack(harbour)
    output = harbour.kanmon("bootstrap", "--yes").check().output
    assert "nothing to change" in output
    assert "KANMON_DEPLOY_ROLE = " in output
    assert _stack(harbour)["LastUpdatedTime"] == before["LastUpdatedTime"]


@pytest.mark.usefixtures("_no_provider")
def test_a_second_identity_provider_is_refused_with_its_fix(harbour: Project) -> None:
    harbour.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )
    harbour.edit_config(lambda text: text.replace("app: harbour", "app: mole") + _GITHUB)
    assert "existing_provider: true" in harbour.kanmon("bootstrap", "--yes").check(1).error


@pytest.mark.usefixtures("_no_api_logs")
def test_an_existing_role_for_api_logs_stays(harbour: Project) -> None:
    """INF-6: an account has one in a region, and other APIs may write by it."""
    foreign = "arn:aws:iam::111122223333:role/somebody-else"
    gateway = harbour.client("apigateway")
    gateway.update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": foreign}]
    )
    harbour.edit_config(lambda text: text.replace("app: harbour", "app: pier"))
    assert "ApiAccount" not in harbour.kanmon("bootstrap", "--yes").check().output
    assert gateway.get_account()["cloudwatchRoleArn"] == foreign
    assert "nothing to change" in harbour.kanmon("bootstrap", "--yes").check().output


def test_everything_at_once_in_a_new_account(harbour: Project) -> None:
    """The bucket comes first when the template is too long to be sent without one."""
    several = _SEVERAL.replace("harbour", "quay") + "costs: {}\n"
    several = several.replace("owner_id: 123", "owner_id: 123, existing_provider: true")
    harbour.edit_config(lambda text: text.replace("app: harbour", "app: quay") + several)
    output = harbour.kanmon("bootstrap", "--yes").check().output
    assert "role/quay-production-deploy" in output


_TUNED = """
queues: {failed: {}}
alarms:
  late: {function: api, metric: Duration, statistic: p95, threshold: 900, rollback: true}
  refused: {log_pattern: refused, threshold: 5}
  busy: {database: true, metric: CPUUtilization, statistic: Average, threshold: 90, rollback: true}
  waiting: {queue: failed, metric: ApproximateNumberOfMessagesVisible, statistic: Maximum, threshold: 0}
notifications: {emails: [team@example.com]}
"""
_FUNCTION = """\
    layers: ["arn:aws:lambda:ap-northeast-1:444455556666:layer:fonts:3"]
    ephemeral_storage: 1024
    reserved_concurrency: 3
    dead_letters: failed
    maximum_retries: 0
    tracing: false
    log_level: debug
"""


def _tuned(text: str) -> str:
    """The app with every setting that it leaves out."""
    text = text.replace("    timeout: 300\n", f"    timeout: 300\n{_FUNCTION}")
    logs = "  logs: {min_duration_statement: 1s, connections: true, days: 14}\n"
    text = text.replace("  name: mandala\n", f"  name: mandala\n{logs}")
    return text.replace("trail: {}", "trail: {cloudwatch_logs: {}}") + _TUNED


def test_a_release_is_made_through_the_service_role(project: Project) -> None:
    """SEC-1, AWS-1, INF-5, MON-2: with every setting; the roles lie where the service role may make them."""
    project.edit_config(_tuned)
    assert "TrailLogs AWS::Logs::LogGroup" in project.kanmon("bootstrap", "--yes").check().output
    (trail,) = project.client("cloudtrail").describe_trails(trailNameList=[f"mandala-{project.name}"])[
        "trailList"
    ]
    assert f":log-group:cloudtrail/mandala-{project.name}" in trail["CloudWatchLogsLogGroupArn"]
    project.release().check()
    assert "team@example.com gets no alarms" in " ".join(project.kanmon("status").check().output.split())
    made = project.client("lambda").get_function(FunctionName=f"mandala-{project.name}-blue-migrate")
    assert made["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert [one["Arn"][-7:] for one in made["Configuration"]["Layers"]] == ["fonts:3"]
    project.edit_config(lambda text: text.replace("reserved_concurrency: 3", "reserved_concurrency: 500"))
    project.kanmon("build").check()
    assert "KNM-241" in project.kanmon("plan").check(2).error
    roles = project.client("iam").list_roles()["Roles"]
    assert len([role for role in roles if role["Path"] == f"/mandala/{project.name}/"]) == 3
