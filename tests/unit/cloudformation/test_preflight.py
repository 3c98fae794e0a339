"""What AWS would refuse is refused before any change set is made (INF-9, CD-4)."""

from __future__ import annotations

import pytest

from kanmon.cloudformation import LIMITS, Template, preflight
from kanmon.errors import Code, KanmonError

TOPIC = "  Topic: {Type: AWS::SNS::Topic}\n"


def _template(resources: str = TOPIC, before: str = "", after: str = "") -> Template:
    return Template(f"{before}Resources:\n{resources}{after}")


def _refused(template: Template, *given: str, made_of: dict[str, int] | None = None) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        preflight("shop-test-slot-blue", template, given, made_of)
    assert caught.value.where == "shop-test-slot-blue"
    return caught.value


def test_what_is_right_is_measured() -> None:
    body = _template(before="Parameters:\n  A: {Type: String}\n", after="Outputs:\n  T: {Value: !Ref A}\n")
    found = preflight("x", body, ["A"])
    assert (found.size.resources, found.size.parameters, found.size.outputs) == (1, 1, 1)
    assert found.size.bytes == len(body.body)
    assert found.outputs == {"T"}


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ("TopicName: !Ref Other", "Topic names Other (Ref)"),
        ("TopicName: !GetAtt Other.Arn", "Topic names Other (GetAtt)"),
        ("TopicName: !GetAtt [Other, Arn]", "Topic names Other (GetAtt)"),
        ('TopicName: !Sub "${Other}-x"', "Topic names Other (Sub)"),
        ('TopicName: !Sub "${Other.Arn}-x"', "Topic names Other (Sub)"),
        ('TopicName: !Sub ["${A}", {A: !Ref Other}]', "Topic names Other (Ref)"),
        ('TopicName: !Join ["", [{"Fn::Sub": "${Other}"}]]', "Topic names Other (Sub)"),
        ("TopicName: !If [Other, a, b]", "Topic names Other (If)"),
        ("TopicName: !If [AtWork, !Ref Other, b]", "Topic names Other (Ref)"),
        ("TopicName: !Ref AWS::Regoin", "Topic names AWS::Regoin (Ref)"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused(properties: str, named: str) -> None:
    conditions = "Conditions:\n  AtWork: !Equals [!Ref AWS::Region, x]\n"
    topic = f"  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      {properties}\n"
    error = _refused(_template(topic, before=conditions))
    assert error.code is Code.TEMPLATE_WRONG
    assert named in error.message


@pytest.mark.parametrize(
    "properties", ['!Sub "${AWS::Region}-${!Literal}"', '!Sub ["${A}", {A: b}]', "!Ref AWS::StackName"]
)
def test_what_is_no_name_of_the_template_is_let_through(properties: str) -> None:
    body = f"  T:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: {properties}\n"
    preflight("x", _template(body), [])


def test_an_attribute_of_a_parameter_is_refused() -> None:
    template = _template(
        before="Parameters:\n  A: {Type: String}\n", after="Outputs:\n  T: {Value: !GetAtt A.Arn}\n"
    )
    assert "the output T names A (GetAtt)" in _refused(template, "A").message


def test_parameters_that_do_not_fit_are_refused() -> None:
    parameters = "Parameters:\n  Wanted: {Type: String}\n  Free: {Type: String, Default: x}\n"
    message = _refused(_template(before=parameters), "Other").message
    assert message == (
        "The parameter Other is given, but not declared. The parameter Wanted is declared, but not given."
    )


def test_dependencies_must_be_there_and_make_no_circle() -> None:
    dangling = "  A: {Type: AWS::SNS::Topic, DependsOn: [B, A2]}\n  A2: {Type: AWS::SNS::Topic}\n"
    assert _refused(_template(dangling)).message == "A depends on B, which is not there."
    circle = "  A: {Type: AWS::SNS::Topic, DependsOn: B}\n  B: {Type: AWS::SNS::Topic, DependsOn: A}\n"
    assert "need each other: " in _refused(_template(circle)).message


def test_a_key_twice_and_broken_yaml_are_refused() -> None:
    assert "duplicate key" in _refused(_template(TOPIC + TOPIC)).message
    assert "not valid YAML" in _refused(Template("Resources: [")).message
    assert "no resources" in _refused(Template("just text")).message


@pytest.mark.parametrize(
    "template",
    [
        _template(before="Transform: AWS::LanguageExtensions\n"),
        _template("  T: {Type: AWS::SNS::Topic, Properties: {'Fn::Transform': {Name: AWS::Include}}}\n"),
    ],
)
def test_a_macro_is_refused_as_its_capability_is_never_given(template: Template) -> None:
    assert "CAPABILITY_AUTO_EXPAND" in _refused(template).message


def test_too_many_resources_say_how_many_functions_that_are() -> None:
    resources = "".join(f"  T{n}: {{Type: AWS::SNS::Topic}}\n" for n in range(600))
    error = _refused(_template(resources), made_of={"functions": 200})
    assert error.code is Code.TEMPLATE_TOO_BIG
    assert error.message == (
        "It has 600 resources where CloudFormation takes 500. About 34 of its 200 functions are too many."
    )


def test_a_body_parameters_and_outputs_have_limits_too() -> None:
    long = _template(after=f"Metadata: {{A: {'x' * LIMITS.bytes}}}\n")
    assert "bytes where CloudFormation takes 1000000" in _refused(long).message
    outputs = "Outputs:\n" + "".join(f"  O{n}: {{Value: x}}\n" for n in range(201))
    assert "201 outputs" in _refused(_template(after=outputs)).message
    names = [f"P{n}" for n in range(201)]
    parameters = "Parameters:\n" + "".join(f"  {name}: {{Type: String}}\n" for name in names)
    assert "201 parameters" in _refused(_template(before=parameters), *names).message


@pytest.mark.parametrize(
    ("kind", "properties", "named"),
    [
        ("Lambda::Function", f'FunctionName: !Sub "{"a" * 60}-${{Slot}}"', "66 characters"),
        ("RDS::DBCluster", "DBClusterIdentifier: a--b", "a--b"),
        ("S3::Bucket", f'BucketName: !Sub "{"a" * 52}${{AWS::AccountId}}"', "64 characters"),
        ("Logs::LogGroup", "RetentionInDays: 42", "42"),
        ("XRay::SamplingRule", f"SamplingRule: {{RuleName: {'a' * 33}}}", "33 characters"),
    ],
)
def test_a_value_that_the_service_refuses_is_refused(kind: str, properties: str, named: str) -> None:
    slot = "Parameters:\n  Slot: {Type: String, AllowedValues: [blue, green]}\n"
    resource = f"  One:\n    Type: AWS::{kind}\n    Properties:\n      {properties}\n"
    error = _refused(_template(resource, before=slot), "Slot")
    assert "One's " in error.message
    assert named in error.message


def test_a_name_that_only_aws_knows_is_left_to_it() -> None:
    resource = "  One:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Ref Any\n"
    preflight("x", _template(resource, before="Parameters:\n  Any: {Type: String}\n"), ["Any"])


def test_a_dynamic_reference_is_refused() -> None:
    """INF-4"""
    resource = '  T:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: "{{resolve:ssm:x}}"}\n'
    assert "dynamic reference" in _refused(_template(resource)).message
