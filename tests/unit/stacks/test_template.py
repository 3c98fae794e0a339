"""A template's resources are read without CloudFormation, and none of them is overlooked (TRU-1)."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from kanmon.naming import STACK_KINDS
from kanmon.stacks.template import condition_of, resources_of
from kanmon.templates.offline import render_offline
from tests.fakes.configs import matrix
from tests.fakes.document import read

BUCKET = "  Bucket:\n    Type: AWS::S3::Bucket\n"
ROLE = "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      Path: {}\n"


def _by_names(value: Any) -> Any:
    """A value with `Ref` for `!Ref`, as tests read it."""
    if isinstance(value, dict):
        return {str(key).removeprefix("!"): _by_names(one) for key, one in value.items()}
    return [_by_names(one) for one in value] if isinstance(value, list) else value


def test_the_resources_equal_the_parsed_yaml() -> None:
    """TRU-1: every template of a release of a config with everything in it."""
    rendered = render_offline(matrix()["everything on"])
    for kind in STACK_KINDS:
        body = rendered[kind][0]
        found, parsed = resources_of(body), read(body)["Resources"]
        assert found, kind
        assert {name: _by_names(one.content) for name, one in found.items()} == parsed, kind


@pytest.mark.parametrize(
    "body",
    [
        "",
        '{"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}',
        "Resources: {Bucket: {Type: AWS::S3::Bucket}}\n",
        "Parameters:\n  Bucket:\n    Type: AWS::S3::Bucket\n",
        f'Resources:\n{BUCKET}  "Owner":\n    Type: AWS::IAM::Role\n',
        f"Resources:\n{BUCKET}  Owner: {{Type: AWS::IAM::Role}}\n",
        f"Resources:\n{BUCKET}  ? Owner\n  : Type: AWS::IAM::Role\n",
        f"Resources:\n{BUCKET}   Owner:\n    Type: AWS::IAM::Role\n",
        f'Resources:\n{BUCKET}    "Type": AWS::IAM::Role\n',
        f"Resources:\n{BUCKET}    Type: AWS::IAM::Role\n",
        f"Resources:\n{BUCKET}{BUCKET}",
        f"Resources:\n{BUCKET}  Owner:\n    Properties:\n      Path: /\n",
        f"Resources:\n{BUCKET}Resources:\n{BUCKET.replace('Bucket:', 'Other:')}",
        f'Resources:\n{BUCKET}"Resources":\n{BUCKET}',
        f"Resources:\n{BUCKET}\tOwner:\n\t\tType: AWS::IAM::Role\n",
    ],
)
def test_a_foreign_form_is_not_read_in_part(body: str) -> None:
    """TRU-1: a resource in it would stay unseen."""
    assert resources_of(body) is None


@pytest.mark.parametrize(
    "path", ["[", "*a", "&a [*a, *a]", "!!python/object:x", "2026-13-45", "[" * 400, "{a: 1, a: 2}"]
)
def test_a_value_that_is_no_plain_yaml_stays_text(path: str) -> None:
    """TRU-6: somebody else may have written the deployed template."""
    found = resources_of(ROLE.format(path))
    assert found
    assert path in str(found["Role"].content)


def test_a_number_without_a_dot_brings_no_warning() -> None:
    found = resources_of(ROLE.format("1e6"))
    assert found
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found["Role"].content["Properties"] == {"Path": 1e6}


@pytest.mark.parametrize("more", ["# a comment\n", "Outputs:\n  Name:\n    Value: x\n", "\n", "  # x\n\n"])
def test_lines_beside_the_resources_are_none(more: str) -> None:
    found = resources_of(f"Description: x\nResources:\n  # A bucket.\n\n{BUCKET}{more}")
    assert found
    assert {name: one.type for name, one in found.items()} == {"Bucket": "AWS::S3::Bucket"}


def test_a_resource_names_its_parameters() -> None:
    found = resources_of(ROLE.format('!Sub "/${App}/${AWS::Region}/${Logs.Arn}"') + "      Name: !Ref Slot\n")
    assert found
    assert found["Role"].parameters == {"App", "Slot"}


OUTPUTS = """Resources:
  Topic:
    Type: AWS::SNS::Topic
    Condition: "Other"

Outputs:
  Arn:
    Value: !Ref Topic
    Condition: "Wanted"

  Name:
    Value: "a: b"
Rules:
  Later:
    Condition: "Other"
"""


@pytest.mark.parametrize(
    ("output", "condition"), [("Arn", "Wanted"), ("Name", ""), ("Later", ""), ("Topic", "")]
)
def test_the_condition_of_an_output_is_found(output: str, condition: str) -> None:
    """ADP-2"""
    assert condition_of(OUTPUTS, output) == condition


@pytest.mark.parametrize("body", ["", "Resources: {}", "\nOutputs:\n  - a list", "\nOutputs:\n  A: [\n"])
def test_another_template_has_no_condition(body: str) -> None:
    assert condition_of(body, "A") == ""
