"""The team's own stack on the embedded AWS: made by its rights, used by a function, undone with a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

_TEMPLATE = """\
Parameters:
  Name: {Type: String}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Sub "${Name}-orders"
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: !Sub "${Name}-orders", DisplayName: one}
Outputs:
  TableName: {Value: !Ref Table}
  TableArn: {Value: !GetAtt Table.Arn}
"""
_HANDLER = """\
import json, os, boto3

def handle(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["ORDERS"])
    table.put_item(Item={"id": "1", "release": os.environ["KANMON_RELEASE"]})
    kept = table.get_item(Key={"id": "1"})["Item"]["release"]
    headers = {"content-type": "application/json", "x-kanmon-release": os.environ["KANMON_RELEASE"]}
    return {"statusCode": 200, "headers": headers, "body": json.dumps({"kept": kept})}
"""
_CONFIG = """\
app: mandala
environment: %s
region: ap-northeast-1
functions:
  orders:
    handler: orders.handle
    artifact: build/orders
    environment: {ORDERS: "${orders.TableName}"}
    permissions: [{actions: [dynamodb:PutItem, dynamodb:GetItem], resources: ["${orders.TableArn}"]}]
api: {routes: [{path: /api/orders, function: orders}]}
stacks:
  orders: {template: orders.yml, parameters: {Name: "${kanmon.Prefix}"}, stateful: true}
boundary:
  allow:
    - actions: [dynamodb:*Item]
      resources: ["arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${kanmon.Prefix}-*"]
checks: [{name: orders, path: /api/orders, expect: {json: {kept: %s}}, failures: 1}]
traffic: {strategy: all-at-once}
github: {repository: acme/mandala, repository_id: 456, owner_id: 123, existing_provider: true}
"""


def _write(project: Project, kept: str = "r1") -> None:
    (project.folder / "kanmon.yml").write_text(_CONFIG % (project.name, kept))


def test_a_stack_of_the_teams_own_is_a_part_of_the_release(project: Project) -> None:
    """ADP-1, ADP-2: through plan, boundary and roles; a failed release takes its change back."""
    name = project.name
    (project.folder / "build/orders").mkdir(parents=True)
    (project.folder / "build/orders/orders.py").write_text(_HANDLER)
    (project.folder / "orders.yml").write_text(_TEMPLATE)
    _write(project)
    project.kanmon("bootstrap", "--yes").check()
    project.edit(
        "orders.yml",
        "Outputs:",
        "  Bus: {Type: AWS::Events::EventBus, Properties: {Name: !Sub '${Name}-bus'}}\nOutputs:",
    )
    refused = project.release()
    assert refused.status != 0
    assert "no rights for AWS::Events::EventBus in orders" in refused.error
    project.kanmon("bootstrap", "--yes").check()
    released = project.release().check()
    assert "orders" in released.output
    sns = project.client("sns")

    def shown() -> str:
        topics = (one["TopicArn"] for one in sns.list_topics()["Topics"])
        [topic] = [one for one in topics if one.endswith(f"{name}-orders")]
        return str(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"])

    assert shown() == "one"
    project.edit("orders.yml", "DisplayName: one", "DisplayName: two")
    _write(project, kept="never")
    failed = project.release()
    assert failed.status != 0
    assert shown() == "one"
    table = project.client("dynamodb")
    assert "Item" in table.get_item(TableName=f"mandala-{name}-orders", Key={"id": {"S": "1"}})
