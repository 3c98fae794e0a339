"""An output that a stack lacks is named, and why it is missing (ADP-2, CD-4)."""

from __future__ import annotations

from kanmon.codes import Code
from kanmon.stacks.missing_outputs import missing_output
from kanmon.stacks.spec import StackOutput

NAME = StackOutput(stack="orders", key="TableName")
TEMPLATE = "Resources:\n  T:\n    Type: AWS::SNS::Topic\nOutputs:\n  TableName:\n    Value: !Ref T\n"


def test_an_output_without_a_condition_needs_another_plan() -> None:
    error = missing_output(NAME, "shop-test-orders", TEMPLATE, needed_by="shop-test-alerts")
    assert error.code is Code.PLAN_STALE
    assert error.where == "shop-test-alerts"
    assert error.message == "The stack shop-test-orders has no output TableName now, and the plan used it."
    assert error.fix == Code.PLAN_STALE.fix


def test_a_false_condition_needs_other_parameters() -> None:
    body = f"{TEMPLATE}    Condition: Wanted\n"
    error = missing_output(NAME, "shop-test-orders", body, needed_by="shop-test-alerts")
    assert error.message.endswith("its condition Wanted is false.")
    assert "parameters of `stacks.orders`" in error.fix
