"""The team's own stacks in a release: order, values, guard, rollback (ADP-2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.own_stacks import read_stacks
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Result
from tests.fakes.app import make_config
from tests.fakes.runs import failure_of, release, roll_back

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.release.walk import Outcome
    from tests.fakes.cloud import Cloud

TABLE = """
Parameters:
  Key: {Type: String}
  Kept: {Type: String, Default: one}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
%s
Outputs:
  TableName: {Value: !Ref Table}
"""
TOPIC = """
Parameters:
  Table: {Type: String}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: %s}
Outputs:
  TopicArn: {Value: !Ref Topic}
"""
MORE = """
  Second:
    Type: AWS::SQS::Queue
"""


STACKS = {
    "alerts": {"template": "topic.yml", "parameters": {"Table": "${orders.TableName}"}},
    "orders": {"template": "table.yml", "parameters": {"Key": "${foundation.KeyArn}"}, "stateful": True},
}
ALONE: dict[str, Any] = {"hooks": [], "database": None}
FUNCTION = {
    "handler": "shop.api",
    "artifact": "build/api",
    "environment": {"TOPIC": "${alerts.TopicArn}", "KEY": "${foundation.KeyArn}"},
}


@dataclass(frozen=True)
class App:
    """An app with two stacks of its own, in a folder."""

    folder: Path

    def release(
        self, cloud: Cloud, version: str, *, more: str = "", topic: str = "{}", **changes: Any
    ) -> Outcome:
        """Release it. The table's stack has more resources then."""
        (self.folder / "table.yml").write_text(TABLE % more)
        (self.folder / "topic.yml").write_text(TOPIC % topic)
        own: dict[str, Any] = {
            "functions": {"api": FUNCTION},
            "hooks": [],
            "database": None,
            "stacks": STACKS,
        }
        config = make_config(**own | changes)
        return release(cloud, version, config=config, stacks=read_stacks(config, self.folder))


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path)


def test_stacks_come_in_the_order_of_their_references(cloud: Cloud, app: App) -> None:
    """ADP-2: the table, the topic with its name, then the slot with the topic's ARN."""
    assert app.release(cloud, "one").result is Result.STABLE
    made = list(cloud.stacks.stacks)
    order = [made.index(f"shop-test-{kind}") for kind in ("foundation", "orders", "alerts", "slot-blue")]
    assert order == sorted(order)
    slot = cloud.stacks.stacks["shop-test-slot-blue"]
    assert slot.parameters["TopicArnOfAlerts"] == "shop-test-alerts/TopicArn"


def test_an_output_with_a_false_condition_is_named(cloud: Cloud, app: App) -> None:
    """ADP-2, CD-4: another plan would not help."""
    (app.folder / "table.yml").write_text(TABLE.replace("!Ref Table}", "!Ref Table, Condition: Wanted}") % "")
    (app.folder / "topic.yml").write_text(TOPIC % "{}")
    cloud.stacks.untrue.add("Wanted")
    config = make_config(functions={"api": FUNCTION}, hooks=[], database=None, stacks=STACKS)
    outcome = release(cloud, "one", config=config, stacks=read_stacks(config, app.folder))
    failure = failure_of(outcome)
    assert failure.code is Code.PLAN_STALE
    assert "shop-test-orders has no output TableName: its condition Wanted is false" in failure.message
    assert "`stacks.orders`" in failure.fix
    assert "`${orders.TableName}`" in failure.fix


def test_a_change_is_undone_with_the_release(cloud: Cloud, app: App) -> None:
    """ADP-2, CD-10: where data would be lost, the stack stays, and the operation names it."""
    app.release(cloud, "one")
    topic, table = cloud.stacks.body("shop-test-alerts"), cloud.stacks.body("shop-test-orders")
    assert app.release(cloud, "two", more=MORE, topic="{Tags: []}").result is Result.STABLE
    assert cloud.stacks.body("shop-test-alerts") != topic
    outcome = roll_back(cloud)
    assert outcome.result is Result.ROLLED_BACK
    assert cloud.stacks.body("shop-test-alerts") == topic
    assert cloud.stacks.body("shop-test-orders") != table
    assert outcome.operation
    assert [one.stack for one in outcome.operation.kept] == ["shop-test-orders"]


@pytest.mark.parametrize("topic", ["{}", "{Tags: []}"])
def test_a_restored_stack_gives_its_new_outputs_to_others(
    cloud: Cloud, app: App, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    """ADP-2, CD-10: the topic's stack is restored before the table's, or was not changed at all."""
    own: dict[str, Any] = STACKS
    stacks: dict[str, Any] = {"stacks": {name: one | {"stateful": False} for name, one in own.items()}}
    another = "\n  Second:\n    Type: AWS::SNS::Topic\n"
    app.release(cloud, "one", **stacks)
    assert app.release(cloud, "two", more=another, topic=topic, **stacks).result is Result.STABLE
    outputs = cloud.stacks._outputs

    def renamed(name: str, body: str, parameters: dict[str, str]) -> dict[str, str]:
        found = outputs(name, body, parameters)
        return {key: f"{value}-2" for key, value in found.items()} if name.endswith("-orders") else found

    monkeypatch.setattr(cloud.stacks, "_outputs", renamed)
    outcome = roll_back(cloud)
    assert outcome.operation
    assert outcome.operation.kept == ()
    restored = cloud.stacks.stacks
    assert restored["shop-test-orders"].outputs == {"TableName": "shop-test-orders/TableName-2"}
    assert restored["shop-test-alerts"].parameters["Table"] == "shop-test-orders/TableName-2"


def test_a_new_stack_of_a_failed_release_stays(cloud: Cloud, app: App) -> None:
    """ADP-2: the release before had none, so nobody knows what may go with it."""
    release(
        cloud,
        "one",
        config=make_config(functions={"api": FUNCTION | {"environment": {}}}, hooks=[], database=None),
    )
    assert app.release(cloud, "two").result is Result.STABLE
    outcome = roll_back(cloud)
    assert outcome.operation
    assert {one.stack for one in outcome.operation.kept} == {"shop-test-alerts", "shop-test-orders"}


def test_data_is_never_taken_away(cloud: Cloud, app: App) -> None:
    """ADP-2: of a stack with data, every resource is guarded."""
    app.release(cloud, "one", more=MORE)
    with pytest.raises(KanmonError) as error:
        app.release(cloud, "two")
    assert error.value.code is Code.PLAN_DESTROYS
    assert "Second (AWS::SQS::Queue)" in error.value.message
    assert app.release(cloud, "two", allow_destroy=["Second"]).result is Result.STABLE


def test_a_stack_with_data_is_protected(cloud: Cloud, app: App) -> None:
    """ADP-2"""
    app.release(cloud, "one")
    assert "shop-test-orders" in cloud.stacks.policies
    assert "shop-test-alerts" not in cloud.stacks.policies
