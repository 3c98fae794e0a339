"""Integrations of state machines have their permissions, or the build names what is missing (ADP-1)."""

from __future__ import annotations

from typing import Any

import pytest

from kanmon.bundle.integrations import impossible_waits, missing_permissions
from kanmon.config.state_machines import StateMachine


def _definition(resource: str) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": resource, "End": True}
    inner = {"StartAt": "Call", "States": {"Call": task}}
    return {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [inner], "End": True}}}


def _missing(resource: str, *actions: str, given: tuple[str, ...] = ()) -> list[str]:
    machine: dict[str, Any] = {"definition": "report.json"}
    if actions:
        machine["permissions"] = [{"actions": list(actions), "resources": ["*"]}]
    return list(missing_permissions(_definition(resource), StateMachine.model_validate(machine), given))


@pytest.mark.parametrize(
    ("resource", "actions"),
    [
        ("sns:publish", ["sns:Publish"]),
        ("sns:publish", ["sns:*"]),
        ("sqs:sendMessage.waitForTaskToken", ["sqs:SendMessage"]),
        ("dynamodb:putItem", ["dynamodb:*Item"]),
        ("bedrock:invokeModel", ["bedrock:InvokeModel"]),
        ("events:putEvents", ["events:PutEvents"]),
        ("states:startExecution", ["states:StartExecution"]),
        ("states:startExecution.sync:2", ["states:*", "events:*"]),
        ("ecs:runTask.sync", ["ecs:*", "events:PutTargets", "events:PutRule", "events:DescribeRule"]),
        ("apigateway:invoke", ["execute-api:Invoke"]),
        ("aws-sdk:s3:listObjectsV2", ["s3:ListBucket"]),
        ("aws-sdk:sfn:describeExecution", ["states:DescribeExecution"]),
        ("aws-sdk:bedrockruntime:converse", ["bedrock:InvokeModel"]),
        ("aws-sdk:newservice:doThings", ["sns:Publish"]),
    ],
)
def test_an_integration_needs_its_actions(resource: str, actions: list[str]) -> None:
    """ADP-1: the table of AWS's guide, with patterns and letter cases."""
    arn = f"arn:aws:states:::{resource}"
    assert _missing(arn, *actions) == []
    if "newservice" not in resource:
        (problem,) = _missing(arn, "polly:SynthesizeSpeech")
        assert "`States.Both.Branches[0].States.Call`" in problem


@pytest.mark.parametrize(
    "resource",
    ["${charge}", "arn:aws:lambda:eu-central-1:1:function:x", "arn:aws:states:eu-central-1:1:activity:human"],
)
def test_other_tasks_need_nothing_more(resource: str) -> None:
    assert _missing(resource) == []


def test_the_functions_of_the_app_may_be_invoked_already() -> None:
    invoke = "arn:aws:states:::lambda:invoke"
    assert _missing(invoke, given=("lambda:InvokeFunction",)) == []
    assert "lambda:InvokeFunction" in _missing(invoke)[0]


@pytest.mark.parametrize("pattern", [".sync", ".sync:2", ".waitForTaskToken"])
def test_an_express_state_machine_cannot_wait(pattern: str) -> None:
    """INF-7: Step Functions refuses it in the middle of the stack's update."""
    definition = _definition(f"arn:aws:states:::states:startExecution{pattern}")
    express, standard = (StateMachine(definition="report.json", type=one) for one in ("express", "standard"))
    (problem,) = impossible_waits(definition, express)
    assert f"`{pattern}`" in problem
    assert list(impossible_waits(definition, standard)) == []


def test_each_missing_action_is_named() -> None:
    (problem,) = _missing("arn:aws:states:::states:startExecution.sync", "states:StartExecution")
    for action in ("states:DescribeExecution", "states:StopExecution", "events:PutRule"):
        assert action in problem
