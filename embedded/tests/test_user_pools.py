"""What Cognito refuses of a user pool, in stacks (INF-4)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import WaiterError

from . import stacks

if TYPE_CHECKING:
    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator
PLAN = {"Name": "plan", "AttributeDataType": "String", "Mutable": True}
NAME = {"Name": "given_name", "Required": True, "Mutable": True}


def template(*attributes: dict[str, Any], domain: str = "users-test", **properties: Any) -> dict[str, Any]:
    pool = {"Ref": "Pool"}
    return {
        "Resources": {
            "Pool": {
                "Type": "AWS::Cognito::UserPool",
                "Properties": {"Schema": list(attributes), **properties},
            },
            "Domain": {
                "Type": "AWS::Cognito::UserPoolDomain",
                "Properties": {"UserPoolId": pool, "Domain": domain},
            },
        },
        "Outputs": {"Pool": {"Value": pool}},
    }


def test_an_attribute_comes_and_never_changes(aws: EmbeddedAws) -> None:
    cloudformation = aws.client("cloudformation")
    made = stacks.deploy(cloudformation, "users-test", template(PLAN, NAME), "CREATE")
    more = template(PLAN, NAME, {"Name": "more", "AttributeDataType": "Number"})
    assert stacks.deploy(cloudformation, "users-test", more, "UPDATE") == made
    schema = aws.client("cognito-idp").describe_user_pool(UserPoolId=made["Pool"])["UserPool"]
    assert "custom:more" in {one["Name"] for one in schema["SchemaAttributes"]}
    text = {"EmailMessage": "no code", "EmailSubject": "Hi"}
    for refused, reason in (
        (template(PLAN | {"Mutable": False}, NAME), "cannot be modified or deleted"),
        (template(NAME), "cannot be modified or deleted"),
        (template(*more["Resources"]["Pool"]["Properties"]["Schema"], NAME | {"Name": "locale"}), "Required"),
        (template(*more["Resources"]["Pool"]["Properties"]["Schema"], domain="other-test"), "already"),
        (
            template(*more["Resources"]["Pool"]["Properties"]["Schema"], VerificationMessageTemplate=text),
            "placeholders",
        ),
    ):
        with pytest.raises(WaiterError):
            stacks.deploy(cloudformation, "users-test", refused, "UPDATE")
        assert any(reason in one for one in stacks.reasons(cloudformation, "users-test")), reason
    stacks.delete(cloudformation, "users-test")


_TRIGGER = """
called = []

def handler(event, context):
    called.append(event["triggerSource"])
    if event["userName"] and "refused" in event["request"]["userAttributes"].get("email", ""):
        raise ValueError("not invited")
    if event["triggerSource"].startswith("TokenGeneration"):
        claims = {"claimsToAddOrOverride": {"called": " ".join(called)}}
        event["response"]["claimsAndScopeOverrideDetails"] = {"idTokenGeneration": claims}
    if event["triggerSource"] == "PreSignUp_SignUp":
        event["response"]["autoConfirmUser"] = True
    return event
"""
_PASSWORD = "Canary-password-1"


def test_a_pool_calls_its_triggers(aws: EmbeddedAws) -> None:
    """AWS-4: with the right of the function's policy; a failing one ends the request."""
    cloudformation, pools = aws.client("cloudformation"), aws.client("cognito-idp")
    made = stacks.deploy(cloudformation, "triggers-test", _with_triggers(), "CREATE")
    client = {"ClientId": made["Client"]}

    def sign_up(name: str) -> Any:
        address = [{"Name": "email", "Value": name}]
        return pools.sign_up(**client, Username=name, Password=_PASSWORD, UserAttributes=address)

    with pytest.raises(pools.exceptions.UnexpectedLambdaException, match="AccessDenied"):
        sign_up("kim@example.com")
    stacks.deploy(cloudformation, "triggers-test", _with_triggers(permitted=True), "UPDATE")
    assert sign_up("kim@example.com")["UserConfirmed"]

    def log_in() -> list[str]:
        answer = pools.initiate_auth(
            **client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "kim@example.com", "PASSWORD": _PASSWORD},
        )
        content = answer["AuthenticationResult"]["IdToken"].split(".")[1]
        called: str = json.loads(base64.urlsafe_b64decode(content + "==="))["called"]
        return called.split()

    assert log_in()[:2] == ["PreSignUp_SignUp", "PostConfirmation_ConfirmSignUp"]
    # The warm function remembers the login before.
    assert {"PreAuthentication_Authentication", "PostAuthentication_Authentication"} <= {*log_in()}
    with pytest.raises(pools.exceptions.UserLambdaValidationException, match="not invited"):
        sign_up("refused@example.com")
    stacks.delete(cloudformation, "triggers-test")


def _with_triggers(*, permitted: bool = False) -> dict[str, Any]:
    function = {"Fn::GetAtt": ["Function", "Arn"]}
    called = dict.fromkeys(
        ("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication"), function
    )
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    resources: dict[str, Any] = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "triggered",
                "Runtime": "python3.12",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": _TRIGGER},
            },
        },
        "Pool": {
            "Type": "AWS::Cognito::UserPool",
            "Properties": {
                "UsernameAttributes": ["email"],
                "LambdaConfig": called
                | {"PreTokenGenerationConfig": {"LambdaVersion": "V2_0", "LambdaArn": function}},
            },
        },
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {"UserPoolId": {"Ref": "Pool"}, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]},
        },
    }
    if permitted:
        resources["Permission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "cognito-idp.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": ["Pool", "Arn"]},
            },
        }
    return {"Resources": resources, "Outputs": {"Client": {"Value": {"Ref": "Client"}}}}
