"""The team's own templates: read, checked, written in Kanmon's form (ADP-2)."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.own_stacks import read_stacks
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.statements import permission_changes
from kanmon.stacks.template import resources_of
from tests.fakes.app import make_config
from tests.fakes.linted import findings

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.bundle.manifest import StackTemplate

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: Bestellungen über alles
Metadata: {Author: team}
Parameters:
  Name: {Type: String}
  Size: {Type: Number, Default: 0755}
Conditions:
  Big: !Not [!Equals [!Ref Size, "3"]]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Ref Name
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
  Topic:
    Type: AWS::SNS::Topic
    Condition: Big
    Properties:
      DisplayName: !Join ["-", [a, !Select [0, !Split ["-", !Ref Name]]]]
  Reader:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: scheduler.amazonaws.com}, Action: "sts:AssumeRole"}]
      Policies:
        - PolicyName: read
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - Effect: Allow
                Action: [dynamodb:GetItem]
                Resource: !GetAtt Table.Arn
Outputs:
  TableArn: {Value: !GetAtt Table.Arn}
  Again: {Value: !Base64 {"Fn::Sub": "${Name}"}}
"""


def _read(folder: Path, text: str = TEMPLATE, **stack: Any) -> StackTemplate:
    (folder / "orders.yml").write_text(text, "utf-8")
    given = {"template": "orders.yml", "parameters": {"Name": "x"}, "capabilities": ["CAPABILITY_IAM"]}
    config = make_config(stacks={"orders": given | stack})
    return read_stacks(config, folder)["orders"]


def _refused(folder: Path, text: str, **stack: Any) -> str:
    with pytest.raises(KanmonError) as error:
        _read(folder, text, **stack)
    assert error.value.code is Code.STACK_TEMPLATE_INVALID
    assert error.value.where == "stacks.orders.template: orders.yml"
    return error.value.message


def test_it_has_the_form_of_kanmons_own(tmp_path: Path) -> None:
    """ADP-2, TRU-1: a plan reads each resource and each permission."""
    made = _read(tmp_path)
    assert made.body.isascii()
    resources = resources_of(made.body)
    assert resources
    assert [(name, one.type) for name, one in resources.items()] == [
        ("Table", "AWS::DynamoDB::Table"),
        ("Topic", "AWS::SNS::Topic"),
        ("Reader", "AWS::IAM::Role"),
    ]
    assert made.parameters == ("Name", "Size")
    assert made.defaults == {"Size": "493"}
    assert made.outputs == ("Again", "TableArn")
    assert made.types == ("AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::SNS::Topic")
    lines = permission_changes("", made.body)["Reader"]
    assert "+ Allow: dynamodb:GetItem" in lines
    assert "+   Resource: ${Table.Arn}" in lines


def test_cloudformation_takes_the_written_template(tmp_path: Path) -> None:
    assert findings(_read(tmp_path).body) == []


def test_every_role_gets_the_boundary(tmp_path: Path) -> None:
    """ADP-2, SEC-2: by parameters, so that the bundle is the same in every environment."""
    made = _read(tmp_path)
    assert made.roles
    role = (resources_of(made.body) or {})["Reader"].content["Properties"]
    assert role["Path"] == {"!Ref": "KanmonRolePath"}
    assert {"!Ref": "KanmonBoundary"} in role["PermissionsBoundary"]["!If"]


def test_json_gives_the_same(tmp_path: Path) -> None:
    """As `cdk synth` writes it."""
    yaml = (
        "Resources:\n"
        "  T: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Sub 'a-${AWS::Region}', A: !Ref B}}\n"
    )
    topic = {
        "Type": "AWS::SNS::Topic",
        "Properties": {"DisplayName": {"Fn::Sub": "a-${AWS::Region}"}, "A": {"Ref": "B"}},
    }
    plain: dict[str, Any] = {"parameters": {}, "capabilities": []}
    assert _read(tmp_path, yaml, **plain) == _read(tmp_path, json.dumps({"Resources": {"T": topic}}), **plain)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Transform: AWS::Serverless-2016-10-31\nResources: {A: {Type: AWS::SNS::Topic}}", "`Transform`"),
        ("Resources: {A: {Type: AWS::CloudFormation::Stack}}", "nested stack"),
        ("Resources: {A: {Type: Custom::Thing}}", "custom resource"),
        ("Resources: {A: {Type: AWS::CloudFormation::CustomResource}}", "custom resource"),
        ("Resources: {A: {Type: My::Org::Thing::MODULE}}", "after their plan"),
        ("Resources: {A: {Type: AWS::CloudFormation::Macro}}", "after their plan"),
        ("Resources: {A: {Type: AWS::IAM::User}}", "Use a role"),
        ("Resources: {A: {Type: AWS::IAM::OIDCProvider}}", "An administrator"),
        ("Resources: {'A-B': {Type: AWS::SNS::Topic}}", "logical id"),
        ("Resources: {A: {Properties: {}}}", "no `Type`"),
        ("Resources: {A: [1]}", "no `Type`"),
        ("Resources: {A: {Type: 'AWS::SNS::Topic\\n  X'}}", "no `Type`"),
        ("Resources: {A: {Type: AWS::SNS::Topic, Properties: [1]}}", "no mapping"),
        ("Resources: {}", "no `Resources`"),
        ("Parameters: [1]\nResources: {A: {Type: AWS::SNS::Topic}}", "`Parameters` is no mapping"),
        ("Mappings: [1]\nResources: {A: {Type: AWS::SNS::Topic}}", "`Mappings` is no mapping"),
        ("Outputs: {1: {Value: x}}\nResources: {A: {Type: AWS::SNS::Topic}}", "`Outputs` has `1`"),
        (
            "Parameters: {A-B: {Type: String}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            "`Parameters` has `A-B`",
        ),
        (
            "Parameters: {Size: {Type: String, Default: [1]}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            "default of the parameter Size",
        ),
        ("Resources: {A: {Type: AWS::SNS::Topic, Properties: {Fn::Transform: {Name: M}}}}", "Fn::Transform"),
        ("Resources: {A: {Type: AWS::SNS::Topic, Properties: {X: [!Transform {Name: M}]}}}", "Fn::Transform"),
        (
            "Mappings: {A: {Fn::Transform: {Name: M}}}\nResources: {A: {Type: AWS::SNS::Topic}}",
            "Fn::Transform",
        ),
        ("Stages: {}\nResources: {A: {Type: AWS::SNS::Topic}}", "no section"),
        ("{", "neither YAML nor JSON"),
        ("- a", "no `Resources`"),
        ("Resources: {A: &x {Type: AWS::SNS::Topic}, B: *x}", "alias"),
        ("[" * 5000, "neither YAML nor JSON"),
        (
            "Resources: {A: {Type: AWS::IAM::Role, Properties: {PermissionsBoundary: x}}}",
            "Kanmon gives each role its own",
        ),
    ],
)
def test_what_no_plan_could_show_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """ADP-2: by name, before anything changes."""
    assert words in _refused(tmp_path, text, parameters={})


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        ({"parameters": {}}, "The parameter Name has no default"),
        ({"parameters": {"Name": "x", "Nmae": "y"}}, "The template has no parameter Nmae"),
        ({"capabilities": []}, "`capabilities: [CAPABILITY_NAMED_IAM]`"),
    ],
)
def test_the_config_fits_the_template(tmp_path: Path, stack: dict[str, Any], words: str) -> None:
    """ADP-2"""
    assert words in _refused(tmp_path, TEMPLATE, **stack)


def test_a_secret_parameter_is_refused(tmp_path: Path) -> None:
    """SEC-3: its value would stand in the config."""
    text = "Parameters: {Name: {Type: String, NoEcho: true}}\nResources: {A: {Type: AWS::SNS::Topic}}"
    assert "NoEcho" in _refused(tmp_path, text)
    assert "Kanmon's own" in _refused(
        tmp_path, text.replace("NoEcho: true", "X: 1").replace("Name", "KanmonBoundary")
    )


def test_an_output_in_the_config_must_be_in_the_template(tmp_path: Path) -> None:
    """ADP-2"""
    (tmp_path / "orders.yml").write_text(TEMPLATE)
    function = {"handler": "a.b", "artifact": "build/api", "environment": {"TABLE": "${orders.TableARN}"}}
    stack = {"template": "orders.yml", "parameters": {"Name": "x"}, "capabilities": ["CAPABILITY_IAM"]}
    config = make_config(functions={"api": function}, hooks=[], database=None, stacks={"orders": stack})
    with pytest.raises(KanmonError) as error:
        read_stacks(config, tmp_path)
    assert "no such output. It has Again, TableArn." in error.value.message


def test_a_number_without_a_dot_brings_no_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = _read(tmp_path, TEMPLATE.replace("Default: 0755", "Default: 1e6"))
    assert found.defaults["Size"] == "1000000.0"


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    config = make_config(stacks={"orders": {"template": "none.yml"}})
    with pytest.raises(KanmonError) as error:
        read_stacks(config, tmp_path)
    assert error.value.code is Code.ARTIFACT_MISSING
