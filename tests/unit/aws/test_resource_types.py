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


def test_an_unknown_type_is_named() -> None:
    client = boto3.client("cloudformation", region_name="eu-central-1")
    with Stubber(client) as stub:
        stub.add_client_error("describe_type", "TypeNotFoundException")
        with pytest.raises(KanmonError) as error:
            handler_permissions(client, ["AWS::No::Type"])
    assert error.value.code is Code.STACK_TEMPLATE_INVALID
    assert "AWS::No::Type" in error.value.message
