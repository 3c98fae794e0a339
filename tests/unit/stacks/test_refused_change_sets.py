"""A change set that CloudFormation refuses is no failure of AWS (ADP-2, AWS-1)."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.refused_change_sets import refused, wrong_templates
from tests.fakes.objects import refusal

WRONG = [
    "Template format error: Unresolved resource dependencies [Tabel] in the Resources block of the template",
    "Template format error: Unrecognized resource types: [AWS::SNS::Topics]",
    "Template format error: Every Outputs member must contain a Value object",
    "Template validation error: Template error: resource Table does not support attribute type Anr",
    "Template error: instance of Fn::GetAtt references undefined resource Tabel",
    "Invalid template resource property 'Propertys'",
    "Circular dependency between resources: [Table, Topic]",
    "Properties validation failed for resource Table with message: #/KeySchema: expected type: JSONArray",
    "Encountered unsupported property BilingMode",
    "Value of property Tags must be of type List",
    "Parameters: [Key] must have values",
    "Parameter 'Stage' must be one of AllowedValues",
]
OTHERS = [
    "Stack:arn:aws:cloudformation:eu-west-1:1:stack/template-error is in ROLLBACK_COMPLETE state",
    "Role arn:aws:iam::111122223333:role/shop is invalid or cannot be assumed",
    "S3 error: Access Denied",
    "Stack [shop-test-parameters] does not exist",
]
"""About something else, with the same code."""


@pytest.mark.parametrize("reason", WRONG)
def test_a_wrong_template_is_to_correct(reason: str) -> None:
    """No state of AWS's services matters."""
    with pytest.raises(KanmonError) as caught, wrong_templates("shop-test-orders"):
        raise refusal("ValidationError", "CreateChangeSet", reason)
    assert caught.value.code is Code.CHANGE_SET_FAILED
    assert caught.value.where == "shop-test-orders"
    assert reason in caught.value.message
    assert caught.value.fix.startswith("Correct the template of this stack")
    assert refused("shop-test-orders", reason).fix == caught.value.fix


@pytest.mark.parametrize(
    ("code", "reason"),
    [*(("ValidationError", reason) for reason in OTHERS), ("Throttling", "Template error: Rate exceeded")],
)
def test_another_answer_is_no_wrong_template(code: str, reason: str) -> None:
    with pytest.raises(ClientError), wrong_templates("shop-test-orders"):
        raise refusal(code, "CreateChangeSet", reason)


def test_a_reason_of_the_account_counts_more() -> None:
    """AWS-1"""
    fix = refused("shop", "Template error: Rate exceeded (Service: Ssm, Status Code: 429)").fix
    assert "wait a minute" in fix
