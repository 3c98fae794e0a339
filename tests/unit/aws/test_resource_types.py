"""The permissions of CloudFormation's handlers, from its own schemas (ADP-2)."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from kanmon.aws.resource_types import handler_permissions
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.unit.templates.handlers import schema_text

TOPIC = "AWS::SNS::Topic"


def test_all_but_lists_count() -> None:
    """ADP-2"""
    client = boto3.client("cloudformation", region_name="eu-central-1")
    with Stubber(client) as stub:
        answer = {"Schema": schema_text(TOPIC)}
        stub.add_response("describe_type", answer, {"Type": "RESOURCE", "TypeName": TOPIC})
        found = handler_permissions(client, [TOPIC])
    assert {"sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes"} <= found


def test_a_type_without_known_rights_is_refused() -> None:
    """ADP-2: its stack would fail in the middle of the deploy."""
    client = boto3.client("cloudformation", region_name="eu-central-1")
    with Stubber(client) as stub:
        for _ in range(2):
            stub.add_response("describe_type", {"Schema": "{}"})
        assert handler_permissions(client, ["AWS::CloudFormation::WaitConditionHandle"]) == set()
        with pytest.raises(KanmonError, match="AWS::Pinpoint::App names no rights") as error:
            handler_permissions(client, ["AWS::Pinpoint::App"])
    assert error.value.code is Code.STACK_TEMPLATE_INVALID


def test_an_unknown_type_is_named() -> None:
    client = boto3.client("cloudformation", region_name="eu-central-1")
    with Stubber(client) as stub:
        stub.add_client_error("describe_type", "TypeNotFoundException")
        with pytest.raises(KanmonError) as error:
            handler_permissions(client, ["AWS::No::Type"])
    assert error.value.code is Code.STACK_TEMPLATE_INVALID
    assert "AWS::No::Type" in error.value.message
