"""The oracle of the templates sees each fault CloudFormation or a service would refuse (INF-9)."""

from __future__ import annotations

import pytest

from tests.unit.templates.problems import problems

TOPIC = "  Topic: {Type: AWS::SNS::Topic}\n"


def _template(resources: str = TOPIC, before: str = "", after: str = "") -> str:
    return f"{before}Resources:\n{resources}{after}"


def _only(template: str) -> str:
    (problem,) = problems(template)
    return problem


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
        ("TopicName: !If [Day, !Ref Other, b]", "Topic names Other (Ref)"),
        ("TopicName: !Ref AWS::Regoin", "Topic names AWS::Regoin (Ref)"),
    ],
)
def test_a_name_leading_nowhere_is_found(properties: str, named: str) -> None:
    conditions = "Conditions:\n  Day: !Equals [!Ref AWS::Region, x]\n"
    topic = f"  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      {properties}\n"
    assert named in _only(_template(topic, before=conditions))


@pytest.mark.parametrize(
    "properties", ['!Sub "${AWS::Region}-${!Literal}"', '!Sub ["${A}", {A: b}]', "!Ref AWS::StackName"]
)
def test_a_text_without_a_template_name_is_right(properties: str) -> None:
    body = f"  T:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: {properties}\n"
    assert problems(_template(body)) == []


def test_an_attribute_of_a_parameter_is_found() -> None:
    template = _template(
        before="Parameters:\n  A: {Type: String}\n", after="Outputs:\n  T: {Value: !GetAtt A.Arn}\n"
    )
    assert "the output T names A (GetAtt)" in _only(template)


def test_a_parameter_with_a_default_is_found() -> None:
    parameters = "Parameters:\n  Free: {Type: String, Default: x}\n"
    assert _only(_template(before=parameters)) == "The parameter Free has a default."


def test_a_missing_dependency_is_found() -> None:
    dangling = "  A: {Type: AWS::SNS::Topic, DependsOn: [B, A2]}\n  A2: {Type: AWS::SNS::Topic}\n"
    assert _only(_template(dangling)) == "A depends on B, which is not there."


def test_a_circle_of_dependencies_is_found() -> None:
    circle = "  A: {Type: AWS::SNS::Topic, DependsOn: B}\n  B: {Type: AWS::SNS::Topic, DependsOn: A}\n"
    assert "need each other: " in _only(_template(circle))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (_template(TOPIC + TOPIC), "duplicate key"),
        ("Resources: [", "not valid YAML"),
        ("just text", "no resources"),
    ],
)
def test_a_text_without_a_template_is_found(body: str, problem: str) -> None:
    assert problem in _only(body)


@pytest.mark.parametrize(
    "template",
    [
        _template(before="Transform: AWS::LanguageExtensions\n"),
        _template("  T: {Type: AWS::SNS::Topic, Properties: {'Fn::Transform': {Name: AWS::Include}}}\n"),
    ],
)
def test_a_macro_is_found(template: str) -> None:
    assert "CAPABILITY_AUTO_EXPAND" in _only(template)


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
def test_a_value_refused_by_its_service_is_found(kind: str, properties: str, named: str) -> None:
    slot = "Parameters:\n  Slot: {Type: String, AllowedValues: [blue, green]}\n"
    resource = f"  One:\n    Type: AWS::{kind}\n    Properties:\n      {properties}\n"
    problem = _only(_template(resource, before=slot))
    assert problem.startswith("One's ")
    assert named in problem


def test_a_name_known_only_to_aws_is_right() -> None:
    resource = "  One:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketName: !Ref Any\n"
    assert problems(_template(resource, before="Parameters:\n  Any: {Type: String}\n")) == []


def test_a_dynamic_reference_is_found() -> None:
    """INF-4"""
    resource = '  T:\n    Type: AWS::SNS::Topic\n    Properties: {DisplayName: "{{resolve:ssm:x}}"}\n'
    assert "dynamic reference" in _only(_template(resource))
