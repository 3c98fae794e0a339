"""What Cognito refuses of a user pool, in stacks (INF-4)."""

from __future__ import annotations

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
