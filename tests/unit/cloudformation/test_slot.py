"""The slot's clauses, one by one, on what is rendered: logs, functions, alarms, and what has to fit."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any, get_args

import pytest
from cfnlint import ManualArgs, lint  # type: ignore[import-untyped]
from pydantic import ValidationError

from kanmon.cloudformation import slot_gate, slot_template
from kanmon.config.compute import Runtime
from tests.fakes.app import make_config, make_full_config
from tests.unit.cloudformation.test_templates import parse

if TYPE_CHECKING:
    from kanmon.cloudformation import Template
    from kanmon.config import Config

Resource = dict[str, Any]

_ALONE: dict[str, Any] = {
    "functions": {"api": {"handler": "shop.api", "artifact": "build/api"}},
    "hooks": [],
    "database": None,
}
GITHUB = {"repository": "octo/shop"}
EVERYTHING = make_full_config()
CONFIGS = {
    "alone": make_config(**_ALONE),
    "database": make_config(),
    "everything": EVERYTHING,
    "bounded": make_full_config(github=GITHUB),
}
# The day on which the runtimes are judged, and not today, so that a test doesn't turn red by itself.
# It moves on with cfn-lint, whose data it is compared with.
AS_OF = date(2026, 11, 25)


def render(config: Config) -> Template:
    return slot_template(config, dict.fromkeys(config.functions, "blobs/" + "a" * 64))


def _of(kind: str, config: Config = EVERYTHING) -> dict[str, Resource]:
    """The properties of the resources of one type, by logical id."""
    resources = parse(render(config))["Resources"]
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == f"AWS::{kind}"
    }


def _statements(role: Resource) -> dict[str, Resource]:
    (policy,) = role["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def _many(count: int) -> Config:
    return make_full_config(
        functions={
            f"function-{number:03}": {
                "handler": "shop.api", "artifact": "build/api", "database": True, "secrets": ["jwt", "slack"],
            }
            for number in range(count)
        },
        api={"routes": [{"path": "/api/{proxy+}", "function": "function-000"}]},
        hooks=[],
        github=GITHUB,
    )  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """Not even what it only informs of."""
    settings = ManualArgs(regions=["ap-northeast-1"], include_checks=["I"])
    found = lint(render(CONFIGS[name]).body, config=settings)
    assert [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in found] == []


@pytest.mark.parametrize("name", CONFIGS)
def test_it_reads_as_one_text(name: str) -> None:
    body = render(CONFIGS[name]).body
    assert "\n\n\n" not in body
    assert not [line for line in body.splitlines() if line != line.rstrip()]
    assert body == render(CONFIGS[name].model_copy()).body


def test_one_encrypted_log_group_for_all_functions() -> None:
    """INF-5, MON-4, SEC-4"""
    (logs,) = (
        group
        for group in _of("Logs::LogGroup").values()
        if group["LogGroupName"]["Sub"].startswith("/aws/lambda/")
    )
    assert logs["LogGroupName"] == {"Sub": "/aws/lambda/shop-test-${Slot}"}
    assert (logs["RetentionInDays"], logs["KmsKeyId"]) == (30, {"Ref": "KeyArn"})
    for function in _of("Lambda::Function").values():
        assert function["LoggingConfig"]["LogGroup"] == {"Ref": "Logs"}
        assert function["LoggingConfig"]["LogFormat"] == "JSON"
        assert function["LoggingConfig"]["ApplicationLogLevel"] == "INFO"


def test_logs_are_kept_as_long_as_the_config_says() -> None:
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
]


@pytest.mark.parametrize(("line", "counted"), LINES)
def test_errors_are_counted(line: dict[str, Any], counted: bool) -> None:
    """MON-4"""
    (made,) = _of("Logs::MetricFilter").values()
    assert made["LogGroupName"] == {"Ref": "Logs"}
    (metric,) = made["MetricTransformations"]
    assert (metric["MetricNamespace"], metric["MetricName"]) == (
        "Kanmon/shop-test",
        {"Sub": "${Slot}-errors"},
    )
    values = re.findall(r'\(\$\.level = "(\w+)"\)', made["FilterPattern"])
    assert (line.get("level") in values) is counted


def test_a_function_is_a_role_and_a_function() -> None:
    """INF-5, SEC-2: its own role, which writes to the slot's logs only; traced; no reserved concurrency."""
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


def test_what_a_function_has_by_default() -> None:
    """INF-5"""
    (function,) = _of("Lambda::Function", CONFIGS["alone"]).values()
    assert (function["MemorySize"], function["Timeout"]) == (512, 30)


def test_runtimes_are_those_that_aws_mends() -> None:
    """INF-5: all that the config takes exist, and none is deprecated."""
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
    """MON-2: within AWS's limits, each by itself, all behind one gate."""
    config = _many(count)
    alarms = _of("CloudWatch::Alarm", config)
    assert list(alarms) == [f"Errors{number + 1}" for number in range((count + 4) // 5)]
    watched = []
    for number, alarm in enumerate(alarms.values(), 1):
        assert alarm["AlarmName"] == {"Sub": f"shop-test-${{Slot}}-errors-{number}"}
        assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3, 2)
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
def test_a_busy_function_does_not_hide_one_that_fails(
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
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_the_threshold_is_the_configs() -> None:
    """MON-2"""
    config = make_config(thresholds={"function_error_percent": 2.5})
    (alarm,) = _of("CloudWatch::Alarm", config).values()
    assert alarm["Metrics"][-1]["Expression"] == "(r1 > 2.5) + (r2 > 2.5)"


def test_one_gate_over_all_of_the_slots_alarms() -> None:
    """MON-2: it tells nobody, and is found by its name."""
    config = _many(23)
    (gate,) = _of("CloudWatch::CompositeAlarm", config).values()
    assert gate["AlarmName"]["Sub"].replace("${Slot}", "blue") == slot_gate("shop-test", "blue")
    assert set(gate) == {"AlarmName", "AlarmDescription", "AlarmRule"}
    children = re.findall(r'ALARM\("\$\{(\w+)\}"\)', gate["AlarmRule"]["Sub"])
    assert children == list(_of("CloudWatch::Alarm", config))
    assert gate["AlarmRule"]["Sub"].count(" OR ") == len(children) - 1


def test_two_hundred_functions_fit() -> None:
    """INF-5: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
    config = _many(200)
    template = render(config)
    parsed = parse(template)
    size, resources = len(template.body.encode()), len(parsed["Resources"])
    (gate,) = _of("CloudWatch::CompositeAlarm", config).values()
    longest = f"{'a' * 32}-{'e' * 32}-green-errors-999"
    rule = re.sub(r"\$\{\w+\}", longest, gate["AlarmRule"]["Sub"])
    sys.stdout.write(
        f"200 functions: {resources} of 500 resources, {size:,} of 1,000,000 bytes, "
        f"{rule.count('ALARM')} of 100 alarms in {len(rule):,} of 10,240 characters\n"
    )
    assert resources <= 500
    assert size <= 1_000_000
    assert rule.count("ALARM") <= 100
    assert len(rule) <= 10_240
    assert len(parsed["Parameters"]) <= 200
