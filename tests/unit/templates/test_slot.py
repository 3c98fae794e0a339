"""The slot's clauses, one by one, in the rendered template: logs, functions, alarms, limits of size."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any, get_args

import pytest
from pydantic import ValidationError

from kanmon.config.functions import Runtime
from kanmon.model import Slot
from kanmon.naming import alarm_topic, slot_rollback_alarm
from kanmon.stacks.spec import StackOutput
from kanmon.templates.foundation import foundation_template
from kanmon.templates.slot import slot_template
from kanmon.templates.stack_set import Bootstrapped, stacks_of
from tests.fakes.app import (
    LAYER,
    make_bundle,
    make_config,
    make_definitions,
    make_full_config,
    make_tuned_config,
)
from tests.fakes.cloud import Cloud
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import EVERYTHING as BOOTSTRAP
from tests.unit.templates.iam import listed
from tests.unit.templates.parsed import Resource, of_kind, parse

if TYPE_CHECKING:
    from kanmon.config.schema import Config


_ALONE: dict[str, Any] = {
    "functions": {"api": {"handler": "shop.api", "artifact": "build/api"}},
    "hooks": [],
    "database": None,
}
HERE = "${AWS::Region}:${AWS::AccountId}"
GITHUB = {"repository": "octo/shop"}
EVERYTHING = make_full_config()
CONFIGS = {
    "alone": make_config(**_ALONE),
    "database": make_config(),
    "everything": EVERYTHING,
    "bounded": make_full_config(github=GITHUB),
}
TUNED = {"tuned": make_tuned_config(github=GITHUB)}
"""Without the defaults that the others have."""
# The day on which the runtimes are judged, and not today, so that a test doesn't turn red by itself.
# It moves on with cfn-lint, whose data it is compared with.
AS_OF = date(2026, 11, 25)


def render(config: Config) -> str:
    keys = dict.fromkeys(config.functions, "test/blobs/" + "a" * 64)
    definitions = {
        name: replace(definition, functions=tuple(sorted(set(definition.functions) & set(config.functions))))
        for name, definition in make_definitions(config).items()
    }
    return slot_template(config, keys, definitions)


def _of(kind: str, config: Config = EVERYTHING) -> dict[str, Resource]:
    return of_kind(render(config), kind)


def _statements(role: Resource) -> dict[str, Resource]:
    (policy,) = role["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def _many(count: int, **changes: Any) -> Config:
    function = {"handler": "shop.api", "artifact": "build/api", "database": True, "secrets": ["jwt", "slack"]}
    alone: dict[str, Any] = {
        "state_machines": {},
        "queues": {},
        "schedules": {},
        "hooks": [],
        "github": GITHUB,
    }
    alone["checks"] = [{"name": "page", "path": "/"}]
    return make_full_config(
        functions={f"function-{number:03}": function for number in range(count)},
        api={"routes": [{"path": "/api/{proxy+}", "function": "function-000"}]},
        **alone | changes,
    )


@pytest.mark.parametrize("name", CONFIGS | TUNED)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """Not even a hint."""
    assert findings(render((CONFIGS | TUNED)[name])) == []


@pytest.mark.parametrize("name", CONFIGS | TUNED)
def test_it_reads_as_one_text(name: str) -> None:
    body = render((CONFIGS | TUNED)[name])
    assert "\n\n\n" not in body
    assert not [line for line in body.splitlines() if line != line.rstrip()]
    assert body == render((CONFIGS | TUNED)[name].model_copy())


def test_one_encrypted_log_group_for_all_functions() -> None:
    """INF-5, MON-4, SEC-4"""
    (logs,) = (
        group
        for group in _of("Logs::LogGroup").values()
        if group["LogGroupName"]["Sub"].startswith("/aws/lambda/")
    )
    assert logs["LogGroupName"] == {"Sub": "/aws/lambda/shop-test-${Slot}"}
    assert logs["RetentionInDays"] == 30
    assert logs["KmsKeyId"] == {"Ref": "KeyArn"}
    for function in _of("Lambda::Function").values():
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": "Logs"}
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["LoggingConfig"]["ApplicationLogLevel"] == "INFO"


def test_logs_are_kept_for_the_configs_days() -> None:
    """MON-4"""
    groups = _of("Logs::LogGroup", make_full_config(logs={"days": 90})).values()
    assert {group["RetentionInDays"] for group in groups} == {90}
    with pytest.raises(ValidationError, match=r"logs\.days"):
        make_config(logs={"days": 31})


# As Lambda's runtimes write them in JSON; Python's, of an exception that nobody caught, is the second.
LINES: list[tuple[dict[str, Any], bool]] = [
    ({"level": "ERROR", "message": "no", "requestId": "1"}, True),
    ({"timestamp": "x", "level": "ERROR", "errorMessage": "no", "errorType": "KeyError"}, True),
    ({"level": "CRITICAL", "message": "no"}, True),
    ({"level": "FATAL", "message": "no"}, True),
    ({"level": "WARN", "message": "ERROR"}, False),
    ({"type": "platform.report", "record": {"status": "success"}}, False),
    ({"log_level": "ERROR", "errorType": "KeyError", "errorMessage": "'user'"}, True),
]


@pytest.mark.parametrize(("line", "counted"), LINES)
def test_errors_are_counted(line: dict[str, Any], counted: bool) -> None:
    """MON-4"""
    (made,) = _of("Logs::MetricFilter").values()
    assert made["LogGroupName"] == {"Ref": "Logs"}
    (metric,) = made["MetricTransformations"]
    assert metric["MetricNamespace"] == "Kanmon/shop-test"
    assert metric["MetricName"] == {"Sub": "${Slot}-errors"}
    terms = re.findall(r'\(\$\.(\w+) = "(\w+)"\)', made["FilterPattern"])
    assert any(line.get(name) == value for name, value in terms) is counted


def test_a_function_is_a_role_and_a_function() -> None:
    """INF-5, SEC-2: its own role writes to the slot's logs only; traced; no reserved concurrency."""
    for config in CONFIGS.values():
        functions, roles = _of("Lambda::Function", config), _of("IAM::Role", config)
        for name in functions:
            assert "ReservedConcurrentExecutions" not in functions[name]
            assert functions[name]["TracingConfig"] == {"Mode": "Active"}
            role = functions[name]["Role"]["GetAtt"].removesuffix(".Arn")
            assert role == name.removesuffix("Function") + "Role"
            statements = _statements(roles[role])
            assert statements["OwnLogs"]["Resource"] == {"GetAtt": "Logs.Arn"}
            assert not [
                one for one in statements.values() if one["Resource"] == "*" and one["Sid"] != "Traces"
            ]


def test_a_function_has_these_defaults() -> None:
    """INF-5: a function for state machines only may take as long as Lambda allows."""
    functions = _of("Lambda::Function")
    assert {function["MemorySize"] for function in functions.values()} == {512}
    assert functions.pop("ChargeFunction")["Timeout"] == 900
    assert {function["Timeout"] for function in functions.values()} == {30}


def test_a_function_has_its_settings() -> None:
    """INF-5: layers, `/tmp`, reservation, traces and level of its log."""
    config = make_tuned_config()
    made = _of("Lambda::Function", config)["NotifyFunction"]
    assert made["Layers"] == [LAYER]
    assert made["EphemeralStorage"] == {"Size": 2048}
    assert made["ReservedConcurrentExecutions"] == 5
    assert made["TracingConfig"] == {"Mode": "PassThrough"}
    assert made["LoggingConfig"]["ApplicationLogLevel"] == "DEBUG"
    assert "Traces" not in _statements(_of("IAM::Role", config)["NotifyRole"])


def test_a_failed_event_goes_to_the_queue() -> None:
    """INF-5: the function may send it, as Lambda asks. A queue without a function has no source."""
    config = make_tuned_config()
    (made,) = _of("Lambda::EventInvokeConfig", config).values()
    assert made == {
        "FunctionName": {"Ref": "NotifyFunction"},
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 3600,
        "DestinationConfig": {"OnFailure": {"Destination": {"Ref": "FailedQueueArn"}}},
    }
    statements = _statements(_of("IAM::Role", config)["NotifyRole"])
    assert statements["Sends"]["Resource"] == [{"Ref": "FailedQueueArn"}]
    assert statements["MessagesKey"]["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert not [name for name in _of("Lambda::EventSourceMapping", config) if name.startswith("Failed")]


def test_one_setting_of_asynchronous_invocations_is_enough() -> None:
    """INF-5: without a setting, Lambda's defaults stay."""
    for name, value in (("maximum_retries", 0), ("maximum_event_age", 60)):
        function = {"handler": "shop.api", "artifact": "build/api", name: value}
        (made,) = _of(
            "Lambda::EventInvokeConfig", make_config(functions={"api": function}, hooks=[])
        ).values()
        assert len(made) == 3
    assert _of("Lambda::EventInvokeConfig") == {}


def test_a_queue_without_a_function_needs_no_switch() -> None:
    """INF-5"""
    config = make_config(queues={"failed": {}})
    assert "Triggers" not in parse(render(config))["Parameters"]
    specs = stacks_of(
        config, make_bundle(Cloud(), "one", config=config), "r1", Slot.BLUE, Bootstrapped("a", "b")
    )
    assert "Triggers" not in next(spec for spec in specs if spec.kind == "slot").parameters


def test_a_functions_own_timeout_counts() -> None:
    """INF-5"""
    mine = EVERYTHING.functions["charge"].model_copy(update={"timeout": 7})
    functions = EVERYTHING.functions | {"charge": mine}
    made = _of("Lambda::Function", EVERYTHING.model_copy(update={"functions": functions}))
    assert made["ChargeFunction"]["Timeout"] == 7


def test_aws_still_updates_every_runtime() -> None:
    """INF-5: all runtimes of the config exist, and none is deprecated."""
    known = json.loads((files("cfnlint.data.AdditionalSpecs") / "LmbdRuntimeLifecycle.json").read_text())
    present = {name for name, life in known.items() if date.fromisoformat(life["deprecated"]) > AS_OF}
    assert set(get_args(Runtime)) <= present
    assert "python3.12" in get_args(Runtime)
    for runtime in get_args(Runtime):
        config = make_config(
            functions={"api": {"handler": "a", "artifact": "b", "runtime": runtime}}, hooks=[]
        )
        (made,) = _of("Lambda::Function", config).values()
        assert made["Runtime"] == runtime
    with pytest.raises(ValidationError, match=r"functions.api.runtime"):
        make_config(functions={"api": {"handler": "a", "artifact": "b", "runtime": "python3.8"}}, hooks=[])


@pytest.mark.parametrize("count", [1, 5, 6, 23])
def test_every_functions_error_rate_is_watched(count: int) -> None:
    """MON-2: within AWS's limits, each by itself, all behind one rollback alarm."""
    config = _many(count)
    alarms = _of("CloudWatch::Alarm", config)
    assert list(alarms) == [f"Errors{number + 1}" for number in range((count + 4) // 5)]
    watched = []
    for number, alarm in enumerate(alarms.values(), 1):
        assert alarm["AlarmName"] == {"Sub": f"shop-test-${{Slot}}-errors-{number}"}
        assert alarm["EvaluationPeriods"] == 3
        assert alarm["DatapointsToAlarm"] == 2
        assert alarm["TreatMissingData"] == "notBreaching"
        assert not {"AlarmActions", "OKActions"} & set(alarm)
        metrics = [query for query in alarm["Metrics"] if "MetricStat" in query]
        expressions = [query for query in alarm["Metrics"] if "Expression" in query]
        assert len(metrics) <= 10
        assert len(expressions) <= 10
        assert {query["MetricStat"]["Period"] for query in metrics} == {60}
        assert [query["Id"] for query in alarm["Metrics"] if query["ReturnData"]] == ["failing"]
        for metric in metrics:
            (dimension,) = metric["MetricStat"]["Metric"]["Dimensions"]
            watched.append((dimension["Value"]["Ref"], metric["MetricStat"]["Metric"]["MetricName"]))
    functions = list(_of("Lambda::Function", config))
    assert sorted(watched) == sorted((name, of) for name in functions for of in ("Errors", "Invocations"))


# What each of two functions did in a minute (errors, invocations; None: nothing), and how many fail.
@pytest.mark.parametrize(
    ("did", "failing"),
    [
        ([(0, 1000), (1, 1)], 1),
        ([(50, 1000), (0, 10)], 0),
        ([(51, 1000), (6, 100)], 2),
        ([(None, None), (3, 3)], 1),
        ([(None, None), (None, None)], 0),
    ],
)
def test_a_busy_function_does_not_hide_a_failing_one(
    did: list[tuple[int | None, int | None]], failing: int
) -> None:
    """MON-2: above 5 % of one function's invocations, however many others have."""
    (alarm,) = _of("CloudWatch::Alarm", _many(2)).values()
    expressions = {query["Id"]: query["Expression"] for query in alarm["Metrics"] if "Expression" in query}
    values: dict[str, float] = {}
    for number, (errors, invocations) in enumerate(did, 1):
        # As CloudWatch: what is missing counts as 0, and a division by zero has no result.
        facts = {f"e{number}": errors or 0, f"i{number}": invocations or 0}
        rate = expressions[f"r{number}"]
        values[f"r{number}"] = eval(rate, facts) if facts[f"i{number}"] else 0
    assert eval(expressions["failing"], {}, values) == failing
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Threshold"] == 0


def test_the_threshold_is_the_configs() -> None:
    """MON-2"""
    config = make_config(thresholds={"function_error_percent": 2.5})
    (alarm,) = _of("CloudWatch::Alarm", config).values()
    assert alarm["Metrics"][-1]["Expression"] == "(r1 > 2.5) + (r2 > 2.5)"


def test_one_rollback_alarm_over_all_of_the_slots_alarms() -> None:
    """MON-2: found by its name. It publishes to the topic: on the first release, the topic comes later."""
    config = _many(23)
    (composite,) = _of("CloudWatch::CompositeAlarm", config).values()
    assert composite["AlarmName"]["Sub"].replace("${Slot}", "blue") == slot_rollback_alarm(
        "shop-test", "blue"
    )
    topic = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:" + alarm_topic("shop-test")
    assert composite["AlarmActions"] == [{"Sub": topic}]
    assert composite["OKActions"] == [{"Sub": topic}]
    children = re.findall(r'ALARM\("\$\{(\w+)\}"\)', composite["AlarmRule"]["Sub"])
    assert children == list(_of("CloudWatch::Alarm", config))
    assert composite["AlarmRule"]["Sub"].count(" OR ") == len(children) - 1
    (composite,) = _of("CloudWatch::CompositeAlarm").values()
    assert composite["AlarmRule"]["Sub"] == 'ALARM("${Errors1}") OR ALARM("${Failures1}")'


def test_two_hundred_functions_fit() -> None:
    """INF-5: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    config = _many(
        200,
        state_machines={"report": {"definition": "a"}, "quick": {"definition": "a"}},
        queues={f"queue-{number}": {"function": "function-001"} for number in range(10)},
        schedules={
            f"schedule-{number}": {"expression": "rate(1 day)", "function": "function-002"}
            for number in range(10)
        },
    )
    body = render(config)
    # Read by line, as parsing so much YAML takes long.
    size, resources = len(body.encode()), len(re.findall(r"^    Type: AWS::", body, re.MULTILINE))
    longest = f"{'a' * 32}-{'e' * 32}-green-errors-999"
    children = len(re.findall(r'^ +ALARM\("', body, re.MULTILINE))
    rule = children * len(f'ALARM("{longest}") OR ')
    sys.stdout.write(
        f"200 functions: {resources} of 500 resources, {size:,} of 1,000,000 bytes, "
        f"{children} of 100 alarms in {rule:,} of 10,240 characters\n"
    )
    assert resources <= 500
    assert size <= 1_000_000
    assert children <= 100
    assert rule <= 10_240


def test_state_machines_are_the_bundles_definitions() -> None:
    """INF-7, CD-6: logged and traced, encrypted, and both slots from one definition."""
    machines = _of("StepFunctions::StateMachine")
    report, quick = machines["ReportStateMachine"], machines["QuickStateMachine"]
    assert report["StateMachineName"] == {"Sub": "shop-test-${Slot}-report"}
    assert report["StateMachineType"] == "STANDARD"
    assert quick["StateMachineType"] == "EXPRESS"
    assert report["DefinitionS3Location"] == {
        "Bucket": {"Ref": "ArtifactBucket"},
        "Key": "test/blobs/" + "d" * 64,
    }
    assert report["DefinitionSubstitutions"] == {
        "charge": {"GetAtt": "ChargeFunction.Arn"},
        "notify": {"GetAtt": "NotifyFunction.Arn"},
    }
    assert "DefinitionSubstitutions" not in quick
    logs = _of("Logs::LogGroup")["StateMachineLogs"]
    assert logs["LogGroupName"] == {"Sub": "/aws/vendedlogs/states/shop-test-${Slot}"}
    assert logs["RetentionInDays"] == 30
    assert logs["KmsKeyId"] == {"Ref": "KeyArn"}
    for machine, level in ((report, "ERROR"), (quick, "ALL")):
        logging = machine["LoggingConfiguration"]
        (destination,) = logging["Destinations"]
        assert destination["CloudWatchLogsLogGroup"] == {"LogGroupArn": {"GetAtt": "StateMachineLogs.Arn"}}
        assert logging["Level"] == level
        assert logging["IncludeExecutionData"] is False
        assert machine["TracingConfiguration"] == {"Enabled": True}


def test_a_state_machine_may_invoke_its_own_functions_only() -> None:
    """INF-7, SEC-2"""
    roles = _of("IAM::Role")
    statements = _statements(roles["ReportExecution"])
    assert statements["Invoke"]["Resource"] == [
        {"GetAtt": "ChargeFunction.Arn"},
        {"GetAtt": "NotifyFunction.Arn"},
    ]
    assert set(statements) == {"Invoke", "Traces", "DeliverLogs"}
    assert set(_statements(roles["QuickExecution"])) == {"Traces", "DeliverLogs"}


# What each of two state machines did in a minute (succeeded, failed, timed out, aborted), and how many fail.
@pytest.mark.parametrize(
    ("did", "failing"),
    [
        ([(9, 1, 0, 0), (100, 0, 0, 0)], 0),
        ([(8, 1, 0, 0), (100, 0, 0, 0)], 1),
        ([(0, 0, 1, 0), (0, 0, 0, 1)], 2),
        ([(0, 0, 0, 0), (5, 0, 0, 0)], 0),
    ],
)
def test_a_state_machines_failures_are_watched(did: list[tuple[int, int, int, int]], failing: int) -> None:
    """MON-2: above 10 % of the executions that ended, and one that failed alone is seen, too."""
    alarm = _of("CloudWatch::Alarm")["Failures1"]
    assert len([query for query in alarm["Metrics"] if "MetricStat" in query]) == 8
    expressions = {query["Id"]: query["Expression"] for query in alarm["Metrics"] if "Expression" in query}
    values: dict[str, float] = {}
    for number, ended in enumerate(did, 1):
        facts = {f"{letter}{number}": count for letter, count in zip("sfta", ended, strict=True)}
        values[f"r{number}"] = eval(expressions[f"r{number}"], facts) if sum(ended) else 0
    assert eval(expressions["failing"], {}, values) == failing
    assert alarm["EvaluationPeriods"] == 5
    assert alarm["DatapointsToAlarm"] == 1


def test_functions_may_start_and_send_to_named_things_only() -> None:
    """SEC-2; also a state machine with a call of the function, without a circle of resources."""
    report = {
        "Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
        ":stateMachine:shop-test-${Slot}-report"
    }
    roles, functions = _of("IAM::Role"), _of("Lambda::Function")
    wanted = {"Plain": [{"Ref": "MailQueueArn"}], "Api": []}
    for name, queues in wanted.items():
        statements = _statements(roles[f"{name}Role"])
        variables = functions[f"{name}Function"]["Environment"]["Variables"]
        assert statements.get("Sends", {}).get("Resource", []) == queues
        assert ("Starts" in statements) is ("MessagesKey" in statements) is bool(queues)
        assert ("USER_POOL_ID" in variables) is ("REPORT_STATE_MACHINE_ARN" in variables) is bool(queues)
    for name in ("Plain", "Charge"):
        assert _statements(roles[f"{name}Role"])["Starts"]["Resource"] == [report]
    variables = functions["PlainFunction"]["Environment"]["Variables"]
    assert variables["REPORT_STATE_MACHINE_ARN"] == report
    assert variables["MAIL_QUEUE_URL"] == {"Ref": "MailQueueUrl"}
    assert variables["USER_POOL_ID"] == {"Ref": "UserPoolId"}
    assert variables["USER_POOL_CLIENT_ID"] == {"Ref": "UserPoolClientId"}


def test_a_queues_function_gets_its_messages() -> None:
    """SEC-2: it may take them from this queue only; failed messages come again by themselves."""
    sources, roles = _of("Lambda::EventSourceMapping"), _of("IAM::Role")
    assert sources["MailSource"]["EventSourceArn"] == {"Ref": "MailQueueArn"}
    assert sources["MailSource"]["FunctionName"] == {"Ref": "NotifyFunction"}
    assert sources["BulkSource"]["MaximumBatchingWindowInSeconds"] == 1
    for source in sources.values():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    statements = _statements(roles["NotifyRole"])
    assert statements["Receives"]["Resource"] == [{"Ref": "MailQueueArn"}]
    assert listed(statements["MessagesKey"]["Action"]) == ["kms:Decrypt"]


def test_the_user_pool_may_call_its_triggers_only() -> None:
    """SEC-2: this pool of this account, and no other function."""
    ((name, permission),) = _of("Lambda::Permission", TUNED["tuned"]).items()
    assert (name, permission) == (
        "ApiUserPool",
        {
            "FunctionName": {"Ref": "ApiFunction"},
            "Action": "lambda:InvokeFunction",
            "Principal": "cognito-idp.amazonaws.com",
            "SourceAccount": {"Ref": "AWS::AccountId"},
            "SourceArn": {"Sub": f"arn:${{AWS::Partition}}:cognito-idp:{HERE}:userpool/${{UserPoolId}}"},
        },
    )
    assert "UserPoolId" not in parse(render(make_config(user_pool={})))["Parameters"]


def test_schedules_may_start_named_things_only() -> None:
    """SEC-2"""
    schedules = _of("Scheduler::Schedule")
    nightly, tidy = schedules["NightlySchedule"], schedules["TidySchedule"]
    assert nightly["Name"] == {"Sub": "shop-test-${Slot}-nightly"}
    assert nightly["ScheduleExpression"] == "cron(0 18 ? * MON-FRI *)"
    assert nightly["ScheduleExpressionTimezone"] == "Asia/Tokyo"
    assert nightly["Target"]["Arn"] == {"Ref": "ReportStateMachine"}
    assert json.loads(nightly["Target"]["Input"]) == {"kind": "daily"}
    assert tidy["Target"]["Arn"] == {"GetAtt": "PlainFunction.Arn"}
    (policy,) = _of("IAM::Role")["Scheduler"]["Policies"]
    assert [(one["Action"], one["Resource"]) for one in policy["PolicyDocument"]["Statement"]] == [
        ("lambda:InvokeFunction", [{"GetAtt": "PlainFunction.Arn"}]),
        ("states:StartExecution", [{"Ref": "ReportStateMachine"}]),
    ]


def test_all_triggers_hang_on_one_parameter() -> None:
    """A release comes up idle: its schedules and queues are switched on when it is live."""
    parsed = parse(render(EVERYTHING))
    assert parsed["Parameters"]["Triggers"] == {"Type": "String", "AllowedValues": ["ENABLED", "DISABLED"]}
    assert parsed["Conditions"] == {"TriggersOn": {"Equals": [{"Ref": "Triggers"}, "ENABLED"]}}
    for schedule in _of("Scheduler::Schedule").values():
        assert schedule["State"] == {"Ref": "Triggers"}
    for source in _of("Lambda::EventSourceMapping").values():
        assert source["Enabled"] == {"If": ["TriggersOn", True, False]}


def test_both_slots_have_one_template() -> None:
    """CD-8: they differ in parameters only."""
    body = render(EVERYTHING)
    assert parse(body)["Parameters"]["Slot"]["AllowedValues"] == ["blue", "green"]
    assert "shop-test-blue" not in body
    assert "shop-test-green" not in body


def test_only_configured_things_are_there() -> None:
    parsed = parse(render(CONFIGS["alone"]))
    assert set(parsed["Parameters"]) == {"Slot", "Release", "Commit", "ArtifactBucket", "KeyArn"}
    assert "Conditions" not in parsed
    assert set(parsed["Resources"]) == {
        "Logs",
        "ErrorCount",
        "ApiRole",
        "ApiFunction",
        "Errors1",
        "RollbackAlarm",
    }


def test_a_release_comes_up_idle_with_all_its_parameters() -> None:
    """The set of stacks gives each parameter of the slot, and the foundation has it."""
    cloud = Cloud()
    for config in CONFIGS.values():
        manifest = make_bundle(cloud, "v1", config=config)
        (spec,) = (
            one
            for one in stacks_of(config, manifest, "r1", Slot.BLUE, Bootstrapped("artifacts", "arn:key"))
            if one.kind == "slot"
        )
        parsed = parse(spec.body)
        assert set(spec.parameters) == set(parsed["Parameters"])
        assert spec.parameters.get("Triggers", "DISABLED") == "DISABLED"
        given = {value.key for value in spec.parameters.values() if isinstance(value, StackOutput)}
        assert given <= set(parse(foundation_template(config))["Outputs"])


def test_the_boundary_allows_all_of_the_slots_roles() -> None:
    """SEC-1, SEC-2: every action, or it would be denied in AWS only."""
    boundary = BOOTSTRAP.of_type("AWS::IAM::ManagedPolicy")["TestBoundary"]["PolicyDocument"]["Statement"]
    allowed = {action for one in boundary for action in listed(one["Action"])}
    for name, role in _of("IAM::Role", CONFIGS["bounded"]).items():
        for policy in role["Policies"]:
            for one in policy["PolicyDocument"]["Statement"]:
                assert set(listed(one["Action"])) <= allowed, name


def test_the_teams_alarms_about_a_slot_are_in_the_slot() -> None:
    """MON-2: one that rolls back is behind the rollback alarm, which sends the messages."""
    config = make_tuned_config()
    alarms = {
        name: one for name, one in _of("CloudWatch::Alarm", config).items() if name.endswith("AppAlarm")
    }
    assert set(alarms) == {"SlowAppAlarm", "LateAppAlarm", "RefusedAppAlarm"}
    slow, late, refused = (alarms[f"{name}AppAlarm"] for name in ("Slow", "Late", "Refused"))
    assert slow["AlarmName"] == {"Sub": "shop-test-${Slot}-alarm-slow"}
    assert (slow["Namespace"], slow["MetricName"], slow["ExtendedStatistic"]) == (
        "AWS/Lambda",
        "Duration",
        "p95",
    )
    assert slow["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "ApiFunction"}}]
    assert late["Dimensions"] == [{"Name": "StateMachineArn", "Value": {"Ref": "ReportStateMachine"}}]
    assert late["Threshold"] == 60_000
    assert refused["AlarmDescription"].startswith("Payments fail.")
    assert [alarm.get("AlarmActions") is None for alarm in (slow, late, refused)] == [True, False, True]
    assert late["AlarmActions"] == late["OKActions"]
    (composite,) = _of("CloudWatch::CompositeAlarm", config).values()
    assert late["AlarmActions"] == composite["AlarmActions"]
    rule = composite["AlarmRule"]["Sub"]
    assert 'ALARM("${SlowAppAlarm}")' in rule
    assert 'ALARM("${RefusedAppAlarm}")' in rule
    assert "Late" not in rule


def test_entries_of_a_pattern_are_counted() -> None:
    """MON-4"""
    config = make_tuned_config()
    made = _of("Logs::MetricFilter", config)["RefusedAppPattern"]
    assert made["FilterPattern"] == '{ $.message = "payment refused" }'
    (metric,) = made["MetricTransformations"]
    alarm = _of("CloudWatch::Alarm", config)["RefusedAppAlarm"]
    assert metric["MetricName"] == alarm["MetricName"] == {"Sub": "${Slot}-alarm-refused"}
    assert metric["MetricNamespace"] == alarm["Namespace"] == "Kanmon/shop-test"
    assert alarm["Statistic"] == "Sum"
