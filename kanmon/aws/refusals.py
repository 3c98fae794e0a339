"""AWS's messages about an account: each means one thing to do, mostly in a new account.

They reach Kanmon as the reason of a stack's event or of a change set, and as the answer of a call.
`docs/github-access.md` has the same tables, made from these rows.
"""

from __future__ import annotations

import re

from kanmon.aws.later_refusals import LATER
from kanmon.aws.refusal import Refusal, codes
from kanmon.language import deferred, phrase, sentences

CONCURRENCY = deferred(
    "The account runs too few functions at once: a new account has a quota of ten for all its functions. "
    "Read it with `aws lambda get-account-settings --query AccountLimit.ConcurrentExecutions`. Ask for "
    "1,000: `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
    "--desired-value 1000`."
)
"""What to do about functions that Lambda does not run, as too many run at once.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""

BEFOREHAND = (
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    Refusal(
        "an organization",
        "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: lambda:CreateFunction with "
        "an explicit deny in a service control policy",
        r"(explicit deny in a|because no) (service|resource) control policy",
        deferred(
            "Your organization forbids this. Ask its administrators to allow the named action in this "
            "account."
        ),
        "at once",
    ),
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    Refusal(
        "`web` or `api`",
        "Your account must be verified before you can add new CloudFront resources.",
        r"account must be verified before you can add",
        deferred(
            "Let AWS verify the account for CloudFront. Open a case `Account and billing` at "
            "https://console.aws.amazon.com/support/home and add AWS's message."
        ),
        "hours to days",
    ),
    # https://docs.aws.amazon.com/cost-management/latest/userguide/ce-enable.html
    Refusal(
        "`costs`",
        "User not enabled for cost explorer access",
        r"not enabled for cost explorer|linked account doesn'?t have access to cost explorer|"
        r"to enable budgets for your account, ask the",
        deferred(
            "Enable Cost Explorer: open `Billing and Cost Management` in the console, then `Cost Explorer`. "
            "In a member account, ask the owner of the management account. Or remove `costs` from the "
            "config."
        ),
        "up to 24 hours",
    ),
    Refusal(
        "`functions`",
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [10].",
        r"UnreservedConcurrentExecution below its minimum|"
        + codes("(ConcurrentInvocation|FunctionInvocationRate|ConcurrentSnapshotCreate)LimitExceeded")
        # These two reasons are no matter of the account's concurrency.
        + r"|(Invoke( with |\): )TooManyRequestsException|\(TooManyRequestsException\) when calling the "
        r"Invoke)\b(?!.*(CallerRateLimitExceeded|ReservedFunction))",
        CONCURRENCY,
        "hours",
    ),
    # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
    Refusal(
        "`database`",
        "The maximum number of VPCs has been reached.",
        r"maximum number of (VPCs|internet gateways|subnets|route tables|security groups|VPC endpoints|"
        r"network interfaces)\b[^.]* has been reached|exceed the limit of \d+ NAT gateways|"
        r"limit for network interfaces has been reached|"
        + codes(
            "(Vpc|VpcEndpoint|InternetGateway|NatGateway|Subnet|RouteTable|SecurityGroup|NetworkInterface)"
            "LimitExceeded|ENILimitReached(Exception)?"
        ),
        deferred("A new account has five VPCs, internet gateways and NAT gateways. {quotas}"),
        "hours",
        service="vpc",
    ),
    Refusal(
        "`database`",
        "The maximum number of addresses has been reached.",
        r"maximum number of addresses has been reached|" + codes("AddressLimitExceeded"),
        deferred("A new account has five elastic addresses. {quotas}"),
        "hours",
        service="ec2",
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
    Refusal(
        "`database`",
        "Unable to create the resource. Verify that you have permission to create service linked role. "
        "Otherwise wait and try again later",
        r"Verify that you have permission to create service.linked role|aws-service-role/rds\.|"
        r"AWS::RDS::.*service.linked role",
        deferred(
            "RDS makes its service-linked role with the first cluster. In an account with restrictions, run "
            "`aws iam create-service-linked-role --aws-service-name rds.amazonaws.com` as an administrator."
        ),
        "at once",
    ),
    # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
    Refusal(
        "`database`",
        "FreeTierRestrictionError: This instance size isn't available with free plan accounts.",
        r"available (with|to|for) free (plan|tier) (accounts|customers)|free tier accounts must use|"
        + codes("FreeTierRestrictionError"),
        deferred(
            "The account is on AWS's free plan. Upgrade it: "
            "`aws freetier upgrade-account-plan --account-plan-type PAID`."
        ),
        "at once",
    ),
    # https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    Refusal(
        "an opt-in region",
        "InvalidClientTokenId: The security token included in the request is invalid.",
        r"security token included in the request is invalid|STS is not activated in this region|"
        r"not able to validate the provided access credentials|"
        + codes("InvalidClientTokenId|UnrecognizedClientException|AuthFailure|RegionDisabledException"),
        deferred(
            "Is the region enabled? `aws account list-regions --region us-east-1` shows it. An administrator "
            "enables it under `Account` in the console, or with `aws account enable-region --region-name "
            "REGION`. If it is enabled, the credentials are wrong: sign in with `aws sso login`; in a "
            "workflow, use `aws-actions/configure-aws-credentials`."
        ),
        "minutes to hours",
    ),
    # https://repost.aws/knowledge-center/error-access-service
    Refusal(
        "a new account",
        "OptInRequired: The AWS Access Key Id needs a subscription for the service",
        r"needs a subscription for the service|not subscribed to this service|"
        r"not signed up for the \S+ service|accessing resources in this region is being validated|"
        r"account is pending (activation|verification)|"
        + codes("OptInRequired|SubscriptionRequired(Exception)?|NotSignedUp|PendingVerification"),
        deferred(
            "The account or the region is not active yet. AWS activates a new account within 24 hours, after "
            "its payment method and telephone number are verified. Enable the region under `Account` in the "
            "console."
        ),
        "up to 24 hours",
    ),
)
"""What AWS wants before the first deploy."""

REFUSALS = (*BEFOREHAND, *LATER)
_LOGICAL_ID = re.compile(r"\w+ \((AWS::[\w:]+)\)( failed)?:")
_SERVICE = re.compile(r"AWS::(\w+)::|\bService: (\w+)")
_QUOTA_CODES = {
    "cognito": "cognito-idp", "stepfunctions": "states", "cloudwatch": "monitoring",
    "cloudwatchlogs": "logs", "awslogs": "logs",
}  # fmt: skip
"""Service Quotas has other codes for these. All others are AWS's name in small letters."""


def fix_for(message: str) -> str | None:
    """The thing to do about a message of AWS; None for a message that is not about the account.

    `message` is a reason of CloudFormation, or an answer to a call with its code. Give no other text: an
    app's own words are no message of AWS. Kanmon's words around it are English or Japanese.
    """
    # The app chooses the names of its resources.
    text = _LOGICAL_ID.sub(r"\1:", message)
    found = next((refusal for refusal in REFUSALS if refusal.fits(text)), None)
    if found is None:
        return None
    return phrase("{advice} Then run the command again.", advice=found.advice(_service_in(text)))


def fix_before(message: str, needed: str) -> str:
    """The fix for a message as in :func:`fix_for`, if there is one, and then a fix that is needed anyway."""
    return sentences(fix_for(message) or "", needed)


def _service_in(text: str) -> str:
    """The code of the service whose resource failed; the placeholder when the message has none."""
    found = _SERVICE.search(text)
    name = (found[1] or found[2]).lower() if found else "SERVICE"
    return _QUOTA_CODES.get(name, name)
