"""The observability stack on the embedded AWS: made, changed, heard by Slack, and taken away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from embedded.slack import TOKEN, LocalSlack
from kanmon.bundle.blobs import Blobs
from kanmon.config.thresholds import Thresholds
from kanmon.naming import alarm_topic, app_rollback_alarm
from kanmon.stacks.cloudformation import Stacks
from kanmon.templates.observability import observability_template
from kanmon.templates.stack_set import notifier_of
from tests.fakes.app import make_config
from tests.unit.notify.alarm_events import ALARM, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.fixture
def config(project: Project) -> Config:
    """An app with its database's log and its Slack secret."""
    made = make_config(
        environment=project.name, notifications={"channels": {"slack": f"shop-{project.name}-slack"}}
    )
    group = f"/aws/rds/cluster/{made.prefix}-database/postgresql"
    project.client("logs").create_log_group(logGroupName=group)
    return made


def _apply(project: Project, config: Config) -> dict[str, str]:
    stacks, name = Stacks(project.client("cloudformation")), f"{config.prefix}-observability"
    bucket = _bucket(project)
    blobs = Blobs(project.client("s3"), bucket, config.environment)
    existing = stacks.find(name)
    given = (
        existing.parameters
        if existing
        else {
            "KeyArn": project.client("kms").create_key()["KeyMetadata"]["Arn"],
            "Distribution": "E1",
            "DatabaseCluster": f"{config.prefix}-database",
            "ArtifactBucket": bucket,
        }
    )
    # The template is too long for a call, so it goes through the bucket.
    notifier = blobs.key(blobs.put(notifier_of(config)))
    url = blobs.url(blobs.put(observability_template(config, notifier).encode()))
    change_set = stacks.create_change_set(name, url, given, {"app": "shop"}, existing=existing)
    assert change_set is not None
    return stacks.execute(change_set, lambda _: None).outputs


def _bucket(project: Project) -> str:
    names = (bucket["Name"] for bucket in project.client("s3").list_buckets()["Buckets"])
    return next(str(name) for name in names if name.startswith("mandala-kanmon-"))


def test_an_alarm_reaches_slack(project: Project, config: Config, slack: LocalSlack) -> None:
    """MON-2: alarm, topic, function, message; for its end, too, but not for its first state."""
    project.client("secretsmanager").create_secret(
        Name=config.notifications.channels["slack"], SecretString=slack.webhook
    )
    outputs = _apply(project, config)
    assert outputs["Topic"].endswith(f":{alarm_topic(config.prefix)}")
    alarms = project.client("cloudwatch")
    name = f"{config.prefix}-api-p95"
    for state in ("OK", "ALARM", "OK"):
        alarms.set_alarm_state(AlarmName=name, StateValue=state, StateReason="measured")
        if state == "ALARM":
            slack.wait(1)
    alarm, end = slack.wait(2)
    assert alarm.text == f"🚨 {name}: ALARM"
    assert end.text == f"✅ {name}: OK"
    meaning = alarm.content["blocks"][1]["text"]["text"]
    assert meaning.startswith("One request in twenty takes longer than 2 s")
    assert f"dashboard/{config.prefix}|Dashboard>" in json.dumps(alarm.content["blocks"][-1])


def test_a_refusal_by_slack_fails_the_function(project: Project, config: Config, slack: LocalSlack) -> None:
    """MON-2: so Lambda tries again, and keeps it; a short failure is waited out. A bot works, too."""
    secrets = project.client("secretsmanager")
    secret = {"token": TOKEN, "channel": "C1", "api": slack.api}
    secrets.create_secret(Name=config.notifications.channels["slack"], SecretString=json.dumps(secret))
    _apply(project, config)
    slack.fail(429)
    assert "FunctionError" not in _invoke(project, config)
    assert [got.channel for got in slack.messages] == ["C1"]
    wrong = json.dumps({**secret, "token": "xoxb-wrong"})
    secrets.put_secret_value(SecretId=config.notifications.channels["slack"], SecretString=wrong)
    failed = _invoke(project, config)
    assert failed["FunctionError"]
    assert "not_authed" in failed["Payload"].read().decode()


def _invoke(project: Project, config: Config) -> Any:
    called = json.dumps(event(ALARM)).encode()
    return project.client("lambda").invoke(FunctionName=f"{config.prefix}-notifier", Payload=called)


def test_it_is_made_changed_and_taken_away(project: Project, config: Config, slack: LocalSlack) -> None:
    """MON-1, MON-2, MON-4"""
    project.client("secretsmanager").create_secret(
        Name=config.notifications.channels["slack"], SecretString=slack.webhook
    )
    _apply(project, config)
    cloudwatch = project.client("cloudwatch")
    body = json.loads(cloudwatch.get_dashboard(DashboardName=config.prefix)["DashboardBody"])
    assert "${" not in json.dumps(body)
    (rollback,) = cloudwatch.describe_alarms(
        AlarmNames=[app_rollback_alarm(config.prefix)], AlarmTypes=["CompositeAlarm"]
    )["CompositeAlarms"]
    assert f'ALARM("{config.prefix}-api-errors")' in rollback["AlarmRule"]
    _switched(cloudwatch, config)
    # A message that is still on its way finds its rights gone with the stack.
    slack.wait(2)
    _apply(project, config.model_copy(update={"thresholds": Thresholds(database_connections=7)}))
    (changed,) = cloudwatch.describe_alarms(AlarmNames=[f"{config.prefix}-database-connections"])[
        "MetricAlarms"
    ]
    assert changed["Threshold"] == 7
    _delete(project.client("cloudformation"), f"{config.prefix}-observability")
    left = cloudwatch.describe_alarms(
        AlarmNamePrefix=config.prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    assert left["MetricAlarms"] + left["CompositeAlarms"] == []


def _switched(cloudwatch: Any, config: Config) -> None:
    """The rollback alarm has the state of its children."""
    for state in ("ALARM", "OK"):
        name = f"{config.prefix}-database-errors"
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="measured")
        alarms = cloudwatch.describe_alarms(
            AlarmNames=[app_rollback_alarm(config.prefix)], AlarmTypes=["CompositeAlarm"]
        )
        assert alarms["CompositeAlarms"][0]["StateValue"] == state


def _delete(cloudformation: Any, name: str) -> None:
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
