"""`${…}` and permissions in the slot's template: parameters, expressions, statements (ADP-1, ADP-4)."""

from __future__ import annotations

from typing import Any

from kanmon.model import Slot
from kanmon.stacks.spec import StackOutput
from kanmon.templates.slot import slot_template
from kanmon.templates.stack_set import Bootstrapped, stacks_of
from kanmon.templates.state_machines import Definition
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.linted import findings
from tests.unit.templates.parsed import parse
from tests.unit.templates.test_slot import render

STATEMENT: dict[str, Any] = {
    "actions": ["ses:SendEmail", "ses:SendRaw*"],
    "resources": ["arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/shop.example", "*"],
    "conditions": {"StringEquals": {"ses:FromAddress": ["a@shop.example"]}},
}
FUNCTION: dict[str, Any] = {
    "handler": "shop.api",
    "artifact": "build/api",
    "environment": {
        "ORIGIN": "https://${edge.Domain}",
        "CLIENT": "${foundation.UserPoolClientId}",
        "PLAIN": "${!kept} and %s",
        "BOTH": "${kanmon.Prefix} ${!kept} ${AWS::Region}",
        "SELF": "${slot.ApiFunctionArn}",
        "MACHINE": "${slot.ReportStateMachineArn}",
    },
    "permissions": [STATEMENT],
}
CONFIG = make_config(
    functions={"api": FUNCTION},
    hooks=[],
    database=None,
    user_pool={},
    state_machines={"report": {"definition": "report.json", "permissions": [STATEMENT]}},
)


def _properties(logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = parse(render(CONFIG))["Resources"][logical_id]["Properties"]
    return found


def test_a_template_has_no_value_of_a_secret() -> None:
    """ADP-4, TRU-3: it has the reference, the right to read it, and what puts the value in."""
    environment = {
        "DATABASE_URL": "postgresql://${secrets.database.password}@${foundation.DatabaseHost}/shop?schema=x",
        "JWT_SECRET": "${secrets.jwt}",
    }
    own = {"handler": "shop.api", "artifact": "build/api", "environment": environment}
    functions = {
        "api": own | {"database": True, "secrets": ["jwt"]},
        "plain": {"handler": "a.b", "artifact": "x"},
    }
    config = make_config(functions=functions, hooks=[], secrets={"jwt": {}})
    text = render(config)
    resources = parse(text)["Resources"]
    variables = resources["ApiFunction"]["Properties"]["Environment"]["Variables"]
    url = "postgresql://${!secrets.database.password}@${DatabaseHost}/shop?schema=x"
    assert (variables["DATABASE_URL"], variables["JWT_SECRET"]) == ({"Sub": url}, "${secrets.jwt}")
    assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/var/task/.kanmon/start"
    assert variables.keys() >= {"DATABASE_SECRET_ARN", "JWT_SECRET_ARN"}
    plain = resources["PlainFunction"]["Properties"]["Environment"]["Variables"]
    assert "AWS_LAMBDA_EXEC_WRAPPER" not in plain
    assert findings(text) == []


def test_settings_have_the_values_of_stacks() -> None:
    """ADP-4"""
    own = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s:shop-test-${Slot}-%s"
    variables = _properties("ApiFunction")["Environment"]["Variables"]
    assert {key: variables[key] for key in FUNCTION["environment"]} == {
        "ORIGIN": {"Sub": "https://${DomainOfEdge}"},
        "CLIENT": {"Sub": "${UserPoolClientId}"},
        "PLAIN": "${kept} and %s",
        "BOTH": {"Sub": "shop-test ${!kept} ${AWS::Region}"},
        "SELF": {"Sub": own % ("lambda", "function", "api")},
        "MACHINE": {"Sub": own % ("states", "stateMachine", "report")},
    }


def test_the_slot_takes_the_outputs_from_their_stacks() -> None:
    """ADP-4"""
    specs = stacks_of(
        CONFIG, make_bundle(Cloud(), "one", config=CONFIG), "r1", Slot.BLUE, Bootstrapped("bucket", "key")
    )
    (slot,) = (spec for spec in specs if spec.kind == "slot")
    assert slot.parameters["DomainOfEdge"] == StackOutput(stack="edge", key="Domain")
    assert slot.parameters["UserPoolClientId"] == StackOutput(stack="foundation", key="UserPoolClientId")


def test_roles_have_the_permissions_of_the_config() -> None:
    """ADP-1"""
    for role in ("ApiRole", "ReportExecution"):
        (policy,) = _properties(role)["Policies"]
        (own,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "Config1")
        assert own["Action"] == STATEMENT["actions"]
        assert own["Resource"] == [{"Sub": STATEMENT["resources"][0]}, "*"]
        assert own["Condition"] == STATEMENT["conditions"]


def test_a_definition_gets_the_values_of_stacks() -> None:
    """ADP-4: Step Functions' handler replaces each `${key}` as plain text, so any key is possible."""
    names = ("AWS::Region", "edge.Domain", "foundation.UserPoolId")
    definition = Definition("test/blobs/a", functions=("api",), values=names)
    body = slot_template(CONFIG, {"api": "test/blobs/a"}, {"report": definition})
    parsed = parse(body)
    assert parsed["Resources"]["ReportStateMachine"]["Properties"]["DefinitionSubstitutions"] == {
        "api": {"GetAtt": "ApiFunction.Arn"},
        "AWS::Region": {"Sub": "${AWS::Region}"},
        "edge.Domain": {"Sub": "${DomainOfEdge}"},
        "foundation.UserPoolId": {"Sub": "${UserPoolId}"},
    }
    assert {"DomainOfEdge", "UserPoolId"} <= parsed["Parameters"].keys()
    assert findings(body) == []


def test_cfn_lint_finds_nothing() -> None:
    assert findings(render(CONFIG)) == []
