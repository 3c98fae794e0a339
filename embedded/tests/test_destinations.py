"""What Lambda and SNS send on: a queue for failed events, an address for alarms (AWS-4)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError

from . import stacks
from .callers import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator


@pytest.fixture
def client(aws: EmbeddedAws) -> Callable[[str], Any]:
    """Makes clients of an administrator."""
    return Caller.administrator(aws).client


def _template(role: str) -> dict[str, Any]:
    function = {
        "FunctionName": "failing",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": [role, "Arn"]},
        "Code": {"ZipFile": "def handler(*_): raise ValueError('no')"},
    }
    destination = {"OnFailure": {"Destination": {"Fn::GetAtt": ["Queue", "Arn"]}}}
    settings = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0}
    return {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "failed"}},
            "Sender": _role(["sqs:SendMessage"]),
            "Reader": _role(["sqs:ReceiveMessage"]),
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Settings": {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": settings | {"DestinationConfig": destination},
            },
        }
    }


def _role(actions: list[str]) -> dict[str, Any]:
    trust = [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    statement = {"Effect": "Allow", "Action": actions, "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}
    policy = {"PolicyName": "queue", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    document = {"Version": "2012-10-17", "Statement": trust}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": document, "Policies": [policy]},
    }


def test_a_destination_needs_the_right_to_send(client: Callable[[str], Any]) -> None:
    """AWS-4: then a failed event is there, with its error."""
    cloudformation, sqs = client("cloudformation"), client("sqs")
    with pytest.raises(WaiterError):
        stacks.deploy(cloudformation, "destinations", _template("Reader"), "CREATE")
    assert (
        "does not have permissions to call SendMessage" in stacks.reasons(cloudformation, "destinations")[-1]
    )
    stacks.delete(cloudformation, "destinations")
    stacks.deploy(cloudformation, "destinations", _template("Sender"), "CREATE")
    client("lambda").invoke(FunctionName="failing", InvocationType="Event", Payload=b'{"id": 7}')
    queue = sqs.get_queue_url(QueueName="failed")["QueueUrl"]
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["requestPayload"] == {"id": 7}
    stacks.delete(cloudformation, "destinations")


def test_an_address_waits_for_its_confirmation(client: Callable[[str], Any]) -> None:
    """AWS-4"""
    cloudformation, sns = client("cloudformation"), client("sns")
    subscription = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "team@example.com"}
    template = {
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "mailed"}},
            "Email": {"Type": "AWS::SNS::Subscription", "Properties": subscription},
        }
    }
    stacks.deploy(cloudformation, "mailed", template, "CREATE")
    [topic] = [one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith(":mailed")]
    [found] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (found["Endpoint"], found["SubscriptionArn"]) == ("team@example.com", "PendingConfirmation")
    stacks.delete(cloudformation, "mailed")


def test_a_reservation_beyond_the_quota_is_refused(client: Callable[[str], Any]) -> None:
    """AWS-4: of Lambda's own call, too."""
    functions = client("lambda")
    stacks.deploy(client("cloudformation"), "destinations", _template("Sender"), "CREATE")
    with pytest.raises(
        functions.exceptions.InvalidParameterValueException, match=r"minimum value of \[100\]"
    ):
        functions.put_function_concurrency(FunctionName="failing", ReservedConcurrentExecutions=901)
    functions.put_function_concurrency(FunctionName="failing", ReservedConcurrentExecutions=900)
    limit = functions.get_account_settings()["AccountLimit"]
    assert (limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]) == (1000, 100)
    stacks.delete(client("cloudformation"), "destinations")
