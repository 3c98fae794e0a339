"""Messages of AWS about an account: each means one thing to do, mostly in a new account."""

from __future__ import annotations

import re

_REPEAT = "Wait a minute, then run the command again."
_QUOTAS = "Ask for a higher quota, or delete what nobody uses. Then release again. Its name: "
_REFUSALS = {
    # https://docs.aws.amazon.com/cost-management/latest/userguide/ce-enable.html
    r"not enabled for cost explorer": (
        "Enable Cost Explorer: open `Billing and Cost Management` in the console, then `Cost Explorer`. It "
        "takes up to 24 hours. In a member account, ask the owner of the management account. Or remove "
        "`costs` from the config. Then run `kanmon bootstrap` again."
    ),
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    r"account must be verified before you can add": (
        "AWS has to verify a new account once. Open a case `Account and billing` at "
        "https://console.aws.amazon.com/support/home and add this message. Then release again."
    ),
    r"TooMany(CachePolicies|ResponseHeadersPolicies|Functions|Distributions)": (
        f"{_QUOTAS}`aws service-quotas list-service-quotas --service-code cloudfront --region us-east-1`."
    ),
    # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    r"maximum number of (VPCs|internet gateways) has been reached|exceed the limit of \d+ NAT gateways": (
        f"{_QUOTAS}`aws service-quotas list-service-quotas --service-code vpc`."
    ),
    r"maximum number of addresses has been reached": (
        f"{_QUOTAS}`aws service-quotas list-service-quotas --service-code ec2`."
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
    r"permission to create service linked role": (
        "As an administrator, run `aws iam create-service-linked-role --aws-service-name "
        "rds.amazonaws.com`. Then release again."
    ),
    # A new role is not everywhere at once.
    r"role ARN does not have required permissions configured": _REPEAT,
    r"cannot be assumed by (Lambda|API Gateway)": _REPEAT,
    r"explicit deny in a service control policy": (
        "Your organization forbids this. Ask its administrators to allow the named action in this account."
    ),
    r"OptInRequired|needs a subscription for the service": (
        "The account or the region is not active yet. Enable the region under `Account` in the console. AWS "
        "activates a new account within 24 hours. Then run the command again."
    ),
    # An account has one provider for each issuer.
    r"GithubProvider .*already exists": (
        "The account has an identity provider for GitHub already. Set `existing_provider: true` under "
        "`github` in the config, then run `kanmon bootstrap`."
    ),
}


def fix_for(message: str) -> str | None:
    """The thing to do about a failed resource; None for a failure that is not about the account."""
    found = (fix for pattern, fix in _REFUSALS.items() if re.search(pattern, message, re.IGNORECASE))
    return next(found, None)
