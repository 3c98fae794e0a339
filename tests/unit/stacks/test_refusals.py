"""AWS's messages about an account have one fix each (AWS-1)."""

from __future__ import annotations

import pytest

from kanmon.stacks.refusals import fix_for

CLOUDFRONT = (
    "Distribution (AWS::CloudFront::Distribution) failed: Your account must be verified before you can add "
    "new CloudFront resources. To verify your account, please contact AWS Support."
)
PROVIDER = (
    "GithubProvider (AWS::IAM::OIDCProvider) failed: Provider with url "
    "https://token.actions.githubusercontent.com already exists."
)
MESSAGES = {
    "User not enabled for cost explorer access": "Enable Cost Explorer",
    CLOUDFRONT: "case `Account and billing`",
    "The maximum number of addresses has been reached.": "--service-code ec2",
    "Performing this operation would exceed the limit of 5 NAT gateways": "--service-code vpc",
    "Verify that you have permission to create service linked role.": "rds.amazonaws.com",
    "The role ARN does not have required permissions configured.": "Wait a minute",
    "The role defined for the function cannot be assumed by Lambda.": "Wait a minute",
    "not authorized, with an explicit deny in a service control policy": "organization",
    PROVIDER: "existing_provider: true",
    "TooManyCachePolicies": "--service-code cloudfront",
    "OptInRequired: The AWS Access Key Id needs a subscription for the service": "not active yet",
}


@pytest.mark.parametrize(("reason", "fix"), MESSAGES.items())
def test_a_message_about_the_account_has_its_fix(reason: str, fix: str) -> None:
    found = fix_for(reason)
    assert found
    assert fix in found


@pytest.mark.parametrize(
    "reason", ["", "The runtime parameter of python2.7 is not supported", "Resource exists"]
)
def test_other_reasons_keep_the_general_fix(reason: str) -> None:
    assert fix_for(reason) is None
