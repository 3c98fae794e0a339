"""Every call to AWS fits botocore's own model of it (AWS-4)."""

from __future__ import annotations

import pytest

from tests.unit.aws.models import Called, calls, problem_of


@pytest.mark.parametrize("call", [*calls()], ids=lambda call: f"{call.place} {call.operation}")
def test_a_call_has_known_and_all_needed_arguments(call: Called) -> None:
    assert problem_of(call) == ""


@pytest.mark.parametrize(
    ("operation", "arguments", "paginated", "problem"),
    [
        ("describe_stacks", {"Name"}, False, "cloudformation DescribeStacks knows no Name"),
        ("get_stage", {"restApiId"}, False, "apigateway GetStage needs stageName"),
        ("describe_change_set", {"ChangeSetName"}, True, ""),
        ("get_template", {"StackName"}, True, "cloudformation GetTemplate has no pages"),
        ("describe_everything", set(), False, "no such operation"),
    ],
)
def test_another_call_has_a_problem(
    operation: str, arguments: set[str], paginated: bool, problem: str
) -> None:
    call = Called("here", operation, frozenset(arguments), open=False, paginated=paginated)
    assert problem_of(call) == problem
