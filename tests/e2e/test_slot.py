"""A slot with everything on the embedded AWS: created, at work, changed and deleted by change sets."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.aws.polling import polls
from kanmon.bundle.blobs import Blobs
from kanmon.bundle.build import build_bundle
from kanmon.clock import SYSTEM_CLOCK
from kanmon.model import Slot
from kanmon.naming import slot_rollback_alarm
from kanmon.stacks.cloudformation import DeployedStack, Stacks
from kanmon.stacks.spec import StackOutput, StackSpec
from kanmon.templates.stack_set import Bootstrapped, stacks_of
from tests.fakes.app import make_full_config, user_pool_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from embedded.aws import EmbeddedAws
    from kanmon.config.schema import Config

pytestmark = pytest.mark.emulator

CODE = """
import json, logging, os
import boto3

def api(event, context):
    message = {"text": event["text"], "release": os.environ["KANMON_RELEASE"]}
    boto3.client("sqs").send_message(QueueUrl=os.environ["MAIL_QUEUE_URL"], MessageBody=json.dumps(message))
    return boto3.client("stepfunctions").start_execution(
        stateMachineArn=os.environ["REPORT_STATE_MACHINE_ARN"], input=json.dumps({"amount": event["amount"]})
    )["executionArn"]

def charge(event, context):
    print(json.dumps({"level": "INFO", "message": "charged", "amount": event["amount"]}), flush=True)
    return {"charged": event["amount"] * 2}

def notify(event, context):
    for record in event.get("Records", []):
        print(json.dumps({"level": "ERROR", "message": json.loads(record["body"])["text"]}), flush=True)
    return {"batchItemFailures": []}
"""
REPORT = {
    "StartAt": "Charge",
    "States": {"Charge": {"Type": "Task", "Resource": "${charge}", "End": True}},
}
FUNCTIONS = {
    "api": {"handler": "shop.api", "artifact": "build/api", "starts": ["report"], "sends": ["mail"],
            "user_pool": True, "secrets": ["jwt"]},
    "charge": {"handler": "shop.charge", "artifact": "build/api", "dead_letters": "failed",
               "maximum_retries": 0, "ephemeral_storage": 1024, "reserved_concurrency": 2},
    "notify": {"handler": "shop.notify", "artifact": "build/api"},
}  # fmt: skip


def _project(folder: Path) -> Path:
    files = {
        "build/api/shop.py": CODE,
        "web/dist/index.html": "<title>shop</title>",
        "state-machines/report.json": json.dumps(REPORT),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@dataclass
class Release:
    """A release of the app, one stack of it after the other."""

    aws: EmbeddedAws
    config: Config
    specs: dict[str, StackSpec]
    blobs: Blobs
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def apply(self, kind: str, **changes: str) -> DeployedStack:
        """Create or update a stack as the release has it, with some parameters changed."""
        stacks, spec = Stacks(self.client("cloudformation")), self.specs[kind]
        given = {
            key: self.outputs[value.stack][value.key] if isinstance(value, StackOutput) else value
            for key, value in spec.parameters.items()
        }
        body = self.blobs.url(self.blobs.put(spec.body.encode()))
        existing = stacks.find(spec.name)
        change_set = stacks.create_change_set(
            spec.name, body, given | changes, {"app": "shop"}, existing=existing
        )
        assert change_set is not None
        made = stacks.execute(change_set, lambda _: None)
        self.outputs[kind] = made.outputs
        return made


@pytest.fixture
def release(aws: EmbeddedAws, tmp_path: Path) -> Release:
    config = make_full_config(
        environment="slots",
        user_pool=user_pool_of("slots"),
        functions=FUNCTIONS,
        hooks=[],
        database=None,
        network={},
        trail=None,
        state_machines={"report": {"definition": "state-machines/report.json"}},
        queues={"mail": {"function": "notify"}, "failed": {}},
        checks=[{"name": "page", "path": "/"}],
        alarms={
            "refused": {"log_pattern": '{ $.level = "ERROR" }', "threshold": 0, "rollback": True},
            "slow": {"function": "charge", "metric": "Duration", "statistic": "p95", "threshold": 900},
        },
        schedules={
            "nightly": {
                "expression": "cron(0 18 ? * * *)",
                "timezone": "Asia/Tokyo",
                "state_machine": "report",
            },
            # Due since a second ago: it runs as soon as it is switched on.
            "tidy": {
                "expression": f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
                "function": "charge",
                "payload": {"amount": 7},
            },
        },
    )
    project = _project(tmp_path)
    bundle = build_bundle(
        config, project, tmp_path / "bundle", commit="c" * 40, on_command=print, on_line=print
    )
    s3 = aws.client("s3")
    s3.create_bucket(
        Bucket="slots-artifacts", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    blobs = Blobs(s3, "slots-artifacts", config.environment)
    blobs.upload_bundle(bundle)
    specs = stacks_of(config, bundle.manifest, "r1", Slot.BLUE, Bootstrapped("slots-artifacts", key))
    return Release(aws, config, {spec.kind: spec for spec in specs}, blobs)


def _await(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    for _ in polls(SYSTEM_CLOCK):
        if found := look():
            return found
        assert time.monotonic() < end, "it never came"
    return None


def test_a_full_slot_is_created_works_changes_and_is_deleted(release: Release) -> None:
    """INF-5, INF-7, MON-4, SEC-2"""
    release.apply("foundation")
    release.apply("slot")
    _see_logs(release)
    _see_rollback_alarm(release)
    _see_triggers(release, "DISABLED")
    answer = release.client("lambda").invoke(
        FunctionName="shop-slots-blue-api", Payload=json.dumps({"text": "hello", "amount": 21})
    )
    execution = json.loads(answer["Payload"].read())
    _see_execution(release, execution)
    queue = release.outputs["foundation"]["MailQueueUrl"]
    waiting = release.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert waiting["ApproximateNumberOfMessages"] == "1"
    # The state machine's step was done, and nothing by a trigger.
    assert [(line["message"], line.get("amount")) for line in _logged(release)] == [("charged", 21)]
    _see_dead_letter(release)
    release.apply("slot", Triggers="ENABLED")
    _see_triggers(release, "ENABLED")
    _await_lines(release, message="hello", level="ERROR")
    _await_lines(release, message="charged", amount=7)
    release.apply("slot", Triggers="DISABLED")
    _see_triggers(release, "DISABLED")
    _see_deletion(release)


def _see_logs(release: Release) -> None:
    logs = release.client("logs")
    groups = {
        group["logGroupName"]: group
        for prefix in ("/aws/lambda/shop-slots", "/aws/vendedlogs/states/shop-slots")
        for group in logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    }
    assert set(groups) == {"/aws/lambda/shop-slots-blue", "/aws/vendedlogs/states/shop-slots-blue"}
    for group in groups.values():
        assert group["retentionInDays"] == 30
        assert group["kmsKeyId"] == release.outputs["foundation"]["KeyArn"]
    counted = logs.describe_metric_filters(logGroupName="/aws/lambda/shop-slots-blue")["metricFilters"]
    metrics = [one["metricTransformations"][0] for one in counted]
    assert {one["metricNamespace"] for one in metrics} == {"Kanmon/shop-slots"}
    assert {one["metricName"] for one in metrics} == {"blue-errors", "blue-alarm-refused"}


def _see_rollback_alarm(release: Release) -> None:
    cloudwatch = release.client("cloudwatch")
    rollback = slot_rollback_alarm("shop-slots", "blue")

    def state() -> str:
        described = cloudwatch.describe_alarms(AlarmNames=[rollback], AlarmTypes=["CompositeAlarm"])
        return str(described["CompositeAlarms"][0]["StateValue"])

    for alarm in ("shop-slots-blue-errors-1", "shop-slots-blue-failures-1", "shop-slots-blue-alarm-refused"):
        for value in ("OK", "ALARM", "OK"):
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=value, StateReason="tried")
            assert state() == value


def _see_triggers(release: Release, wanted: str) -> None:
    scheduler, functions = release.client("scheduler"), release.client("lambda")
    nightly = scheduler.get_schedule(Name="shop-slots-blue-nightly")
    tidy = scheduler.get_schedule(Name="shop-slots-blue-tidy")
    assert nightly["State"] == wanted
    assert tidy["State"] == wanted
    assert nightly["ScheduleExpressionTimezone"] == "Asia/Tokyo"
    (source,) = functions.list_event_source_mappings(FunctionName="shop-slots-blue-notify")[
        "EventSourceMappings"
    ]
    assert source["State"] == {"ENABLED": "Enabled", "DISABLED": "Disabled"}[wanted]


def _see_execution(release: Release, execution: str) -> None:
    machines = release.client("stepfunctions")

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = machines.describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    described = _await(ended)
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"]) == {"charged": 42}
    machine = machines.describe_state_machine(stateMachineArn=described["stateMachineArn"])
    assert machine["name"] == "shop-slots-blue-report"


def _see_dead_letter(release: Release) -> None:
    """A failed event comes with its error."""
    functions, sqs = release.client("lambda"), release.client("sqs")
    made = functions.get_function(FunctionName="shop-slots-blue-charge")
    assert made["Concurrency"] == {"ReservedConcurrentExecutions": 2}
    assert made["Configuration"]["EphemeralStorage"] == {"Size": 1024}
    functions.invoke(FunctionName="shop-slots-blue-charge", InvocationType="Event", Payload=b'{"wrong": 1}')
    queue = release.client("sqs").get_queue_url(QueueName="shop-slots-failed")["QueueUrl"]
    [message] = _await(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))
    record = json.loads(message["Body"])
    assert record["requestPayload"] == {"wrong": 1}
    assert "amount" in record["responsePayload"]["errorMessage"]


def _logged(release: Release) -> list[dict[str, Any]]:
    """The log of the slot's functions so far."""
    events = release.client("logs").filter_log_events(logGroupName="/aws/lambda/shop-slots-blue")["events"]
    lines = [event["message"].strip() for event in events]
    return [json.loads(line) for line in lines if line.startswith("{")]


def _await_lines(release: Release, **wanted: object) -> None:
    _await(lambda: [line for line in _logged(release) if wanted.items() <= line.items()])


def _see_deletion(release: Release) -> None:
    cloudformation = release.client("cloudformation")
    cloudformation.delete_stack(StackName="shop-slots-slot-blue")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="shop-slots-slot-blue", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    left = [
        *(one["FunctionName"] for one in release.client("lambda").list_functions()["Functions"]),
        *(one["name"] for one in release.client("stepfunctions").list_state_machines()["stateMachines"]),
        *(one["Name"] for one in release.client("scheduler").list_schedules()["Schedules"]),
    ]
    assert not [name for name in left if name.startswith("shop-slots-")]
    assert (
        release.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/shop-slots")["logGroups"]
        == []
    )
    # Other releases may need the rest; it is still there.
    queues = release.client("sqs").list_queues(QueueNamePrefix="shop-slots-")["QueueUrls"]
    assert len(queues) == 3
    pool = release.client("cognito-idp").describe_user_pool(
        UserPoolId=release.outputs["foundation"]["UserPoolId"]
    )["UserPool"]
    assert pool["DeletionProtection"] == "ACTIVE"
