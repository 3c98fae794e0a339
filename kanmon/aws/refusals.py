"""AWS's messages about an account: each means one thing to do, mostly in a new account.

They reach Kanmon as the reason of a stack's event or of a change set, and as the answer of a call.
`docs/github-access.md` has the same tables, made from these rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


def _codes(names: str) -> str:
    """A pattern for AWS's error codes, at the places where AWS writes a code.

    An app's function may have the same name, and `throttling` may be a word of a sentence.
    """
    code = f"(?:{names})"
    before = "|".join(rf"(?<={place})" for place in ("with ", "Code: ", r"\(", ": "))
    return rf"(?-i:(?:{before}|^){code}(?=[:;,.)]|$)|(?<![\w/:.-]){code}(?=: ))"


def _quotas(service: str, *, everywhere: bool = False) -> str:
    """Where the quotas of a service are. A service without regions has them in one place."""
    region = " --region us-east-1" if everywhere else ""
    return (
        "Delete what nobody uses, or ask for a higher quota under `Service Quotas`. Find it with "
        f"`aws service-quotas list-service-quotas --service-code {service}{region}`."
    )


@dataclass(frozen=True)
class Refusal:
    """One kind of message, and the one thing to do."""

    when: str
    """The section of the config or the thing that needs it, for people."""
    message: str
    """AWS's words, from a real account."""
    pattern: str
    do: str
    """What to do, in whole sentences. The same call works afterwards."""
    takes: str = ""
    """How long AWS needs for it."""

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE | re.DOTALL)

    def fits(self, text: str) -> bool:
        """Whether a text has this kind of message."""
        return self._search.search(text) is not None


CONCURRENCY = (
    "The account runs too few functions at once: a new account has a quota of ten for all its functions. "
    "Read it with `aws lambda get-account-settings --query AccountLimit.ConcurrentExecutions`. Ask for "
    "1,000: `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
    "--desired-value 1000`."
)
"""What to do about functions that Lambda does not run, as too many run at once.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""
_ROLE_IS_NEW = "AWS does not know a new role everywhere at once. Wait a minute."

BEFOREHAND = (
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    Refusal(
        "an organization",
        "User: arn:aws:iam::111122223333:user/ada is not authorized to perform: lambda:CreateFunction with "
        "an explicit deny in a service control policy",
        r"(explicit deny in a|because no) (service|resource) control policy",
        "Your organization forbids this. Ask its administrators to allow the named action in this account.",
        "at once",
    ),
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    Refusal(
        "`web` or `api`",
        "Your account must be verified before you can add new CloudFront resources.",
        r"account must be verified before you can add",
        "Let AWS verify the account for CloudFront. Open a case `Account and billing` at "
        "https://console.aws.amazon.com/support/home and add AWS's message.",
        "hours to days",
    ),
    # https://docs.aws.amazon.com/cost-management/latest/userguide/ce-enable.html
    Refusal(
        "`costs`",
        "User not enabled for cost explorer access",
        r"not enabled for cost explorer|linked account doesn'?t have access to cost explorer|"
        r"to enable budgets for your account, ask the",
        "Enable Cost Explorer: open `Billing and Cost Management` in the console, then `Cost Explorer`. In a "
        "member account, ask the owner of the management account. Or remove `costs` from the config.",
        "up to 24 hours",
    ),
    Refusal(
        "`functions`",
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [10].",
        r"UnreservedConcurrentExecution below its minimum|"
        + _codes("(ConcurrentInvocation|FunctionInvocationRate|ConcurrentSnapshotCreate)LimitExceeded")
        # These two reasons are no matter of the account's concurrency.
        + r"|(Invoke with TooManyRequestsException|\(TooManyRequestsException\) when calling the Invoke)\b"
        r"(?!.*(CallerRateLimitExceeded|ReservedFunction))",
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
        + _codes(
            "(Vpc|VpcEndpoint|InternetGateway|NatGateway|Subnet|RouteTable|SecurityGroup|NetworkInterface)"
            "LimitExceeded|ENILimitReached(Exception)?"
        ),
        f"A new account has five VPCs, internet gateways and NAT gateways. {_quotas('vpc')}",
        "hours",
    ),
    Refusal(
        "`database`",
        "The maximum number of addresses has been reached.",
        r"maximum number of addresses has been reached|" + _codes("AddressLimitExceeded"),
        f"A new account has five elastic addresses. {_quotas('ec2')}",
        "hours",
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
    Refusal(
        "`database`",
        "Unable to create the resource. Verify that you have permission to create service linked role. "
        "Otherwise wait and try again later",
        r"Verify that you have permission to create service.linked role|aws-service-role/rds\.|"
        r"AWS::RDS::.*service.linked role",
        "RDS makes its service-linked role with the first cluster. In an account with restrictions, run "
        "`aws iam create-service-linked-role --aws-service-name rds.amazonaws.com` as an administrator.",
        "at once",
    ),
    # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html
    Refusal(
        "`database`",
        "FreeTierRestrictionError: This instance size isn't available with free plan accounts.",
        r"available (with|to|for) free (plan|tier) (accounts|customers)|free tier accounts must use|"
        + _codes("FreeTierRestrictionError"),
        "The account is on AWS's free plan. Upgrade it: "
        "`aws freetier upgrade-account-plan --account-plan-type PAID`.",
        "at once",
    ),
    # https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    Refusal(
        "an opt-in region",
        "InvalidClientTokenId: The security token included in the request is invalid.",
        r"security token included in the request is invalid|STS is not activated in this region|"
        r"not able to validate the provided access credentials|"
        + _codes("InvalidClientTokenId|UnrecognizedClientException|AuthFailure|RegionDisabledException"),
        "Is the region enabled? `aws account list-regions --region us-east-1` shows it. An administrator "
        "enables it under `Account` in the console, or with `aws account enable-region --region-name "
        "REGION`. If it is enabled, the credentials are wrong: sign in with `aws sso login`; in a "
        "workflow, use `aws-actions/configure-aws-credentials`.",
        "minutes to hours",
    ),
    # https://repost.aws/knowledge-center/error-access-service
    Refusal(
        "a new account",
        "OptInRequired: The AWS Access Key Id needs a subscription for the service",
        r"needs a subscription for the service|not subscribed to this service|"
        r"not signed up for the \S+ service|accessing resources in this region is being validated|"
        r"account is pending (activation|verification)|"
        + _codes("OptInRequired|SubscriptionRequired(Exception)?|NotSignedUp|PendingVerification"),
        "The account or the region is not active yet. AWS activates a new account within 24 hours, after its "
        "payment method and telephone number are verified. Enable the region under `Account` in the console.",
        "up to 24 hours",
    ),
)
"""What AWS wants before the first deploy."""

LATER = (
    # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/suspended-account.html
    Refusal(
        "the account",
        "Blocked: This account is currently blocked and not recognized as a valid account.",
        r"\baccount (\d+ )?(is|has been) (currently |temporarily )*(suspended|blocked|closed)\b|"
        r"There is a problem with your AWS account|" + _codes("AccountProblem|AccountSuspended(Exception)?"),
        "AWS suspended or closed the account. As its owner, pay what is open under `Billing and Cost "
        "Management`, or open a case `Account and billing` at https://console.aws.amazon.com/support/home.",
    ),
    Refusal(
        "a service-linked role",
        "AccessDeniedException: Caller does not have permissions to create a Service Linked Role.",
        r"permissions? to create an? service.linked role|not authorized to perform: "
        r"iam:CreateServiceLinkedRole|unable to assume the service.linked role",
        "As an administrator, run `aws iam create-service-linked-role --aws-service-name "
        "<service>.amazonaws.com` for the service in AWS's message.",
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSetHooks.html
    Refusal(
        "CloudFormation's hooks",
        "The following hook(s) failed: [Org::Security::Guard]",
        r"following hook\(s\)(?!.*AWS::EarlyValidation).*failed|hook failed with message",
        "A CloudFormation hook of the account or of its organization refuses this. Ask its administrators "
        "for the rule: `aws cloudformation list-types --type HOOK` shows the hooks.",
    ),
    # A new role is not everywhere at once.
    Refusal(
        "API Gateway's logs",
        "The role ARN does not have required permissions configured. Please grant trust permission for API "
        "Gateway and add the required role policy.",
        r"role ARN does not have required permissions (configured|set)",
        _ROLE_IS_NEW,
    ),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    Refusal(
        "API Gateway's logs",
        "CloudWatch Logs role ARN must be set in account settings to enable logging",
        r"role ARN must be set in account settings to enable logging",
        "Run `kanmon bootstrap`: it gives API Gateway a role for its logs. Does it change nothing? Then run "
        "`aws apigateway update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=ARN` "
        "with its ARN.",
    ),
    Refusal(
        "a new role",
        "The role defined for the function cannot be assumed by Lambda.",
        r"cannot be assumed by \w|is authorized to assume the provided role|must allow AWS EventBridge "
        r"Scheduler to assume the role|execution role does not have permissions to call",
        _ROLE_IS_NEW,
    ),
    # An account has one provider for each issuer.
    Refusal(
        "`github`",
        "Provider with url https://token.actions.githubusercontent.com already exists.",
        r"(AWS::IAM::OIDCProvider|Provider with url )[^;]*already exists",
        "The account has an identity provider for GitHub already. Set `existing_provider: true` under "
        "`github` in the config.",
    ),
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    Refusal(
        "`web` or `api`",
        "TooManyResponseHeadersPolicies: Account's Response Headers Policies limit reached.",
        _codes("TooMany(CachePolicies|ResponseHeadersPolicies|Functions|Distributions|OriginAccessControls)")
        + r"|limit exceeded for resource of type 'AWS::CloudFront::",
        _quotas("cloudfront", everywhere=True),
    ),
    Refusal(
        "`existing.domain`",
        "One or more of the CNAMEs you provided are already associated with a different resource.",
        r"CNAMEs you provided are already associated|" + _codes("CNAMEAlreadyExists"),
        "Another distribution has the name. Remove it there, or use `aws cloudfront associate-alias`.",
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    Refusal(
        "roles and policies",
        "LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000",
        # The size of a policy is no matter of the account.
        r"cannot exceed quota for (?!\w*Size)\w+",
        _quotas("iam", everywhere=True),
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    Refusal(
        "`functions`",
        "Code storage limit exceeded.",
        r"code storage limit exceeded|" + _codes("CodeStorageExceeded(Exception)?"),
        "A region has 75 GB for the code of all functions. Delete functions and versions that nobody uses, "
        "or ask for a higher quota: `aws service-quotas get-service-quota --service-code lambda --quota-code "
        "L-2ACBD22F`.",
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
    Refusal(
        "`database`",
        "InstanceQuotaExceeded: DB Instance quota exceeded",
        r"DB (instance|cluster|subnet group|parameter group) quota exceeded|"
        r"cannot create more than \d+ (DB )?(clusters|instances)|"
        + _codes("(Instance|DBCluster|DBSubnetGroup|DBClusterParameterGroup)QuotaExceeded(Fault)?"),
        _quotas("rds"),
    ),
    # https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    Refusal(
        "encryption keys",
        "LimitExceededException: Key quota for this account in this region is 101 but the current usage is "
        "101.",
        r"\bkey quota for this account",
        _quotas("kms"),
    ),
    # https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-scheduling-key-deletion.html
    Refusal(
        "encryption keys",
        "KMSInvalidStateException: arn:aws:kms:eu-west-1:111122223333:key/1234abcd is pending deletion.",
        r"\bkey/\S+ is (pending deletion|disabled)|KMSInvalidState\w*\b.*pending deletion|"
        + _codes("KMSDisabled(Exception)?"),
        "Somebody deletes or disabled the key. As an administrator, run `aws kms cancel-key-deletion "
        "--key-id KEY` and `aws kms enable-key --key-id KEY` with its ARN from AWS's message.",
    ),
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    Refusal(
        "`secrets`",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
        r"secret with this name is already scheduled for deletion",
        "A deleted secret keeps its name for up to 30 days. If nobody needs its value, run `aws "
        "secretsmanager delete-secret --secret-id NAME --force-delete-without-recovery`.",
    ),
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_restore-secret.html
    Refusal(
        "`secrets`",
        "You can't perform this operation on the secret because it was marked for deletion.",
        r"secret because it was marked for deletion",
        "Somebody deletes the secret. Keep it with `aws secretsmanager restore-secret --secret-id NAME`.",
    ),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    Refusal(
        "logs",
        "Invalid Logging Configuration: The CloudWatch Logs Resource Policy size was exceeded.",
        r"CloudWatch Logs Resource Policy size was exceeded|policy document length breaking CloudWatch Logs "
        r"constraints|(AWS::Logs::ResourcePolicy|answered PutResourcePolicy|log resource policy)\b.*"
        r"limit ?exceeded",
        "A region takes ten resource policies for logs, and AWS gives no more. Find them with `aws logs "
        "describe-resource-policies`. Delete one that nobody uses with `aws logs delete-resource-policy "
        "--policy-name NAME`.",
    ),
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
    Refusal(
        "`trail`",
        "User: 111122223333 already has 5 trails in ap-southeast-2.",
        r"already has \d+ trails|" + _codes("MaximumNumberOfTrailsExceeded(Exception)?"),
        "A region takes five trails, those of your organization and of other regions too, and AWS gives no "
        "more. Find them with `aws cloudtrail list-trails`. Delete one that nobody uses with `aws cloudtrail "
        "delete-trail --name ARN`, or remove `trail` from the config.",
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    Refusal(
        "`functions`",
        "TooManyRequestsException: Rate Exceeded. (ReservedFunctionConcurrentInvocationLimitExceeded)",
        _codes(r"ReservedFunction\w+LimitExceeded"),
        "Somebody reserved a concurrency for this function, and it is too small. Remove it with `aws lambda "
        "delete-function-concurrency --function-name NAME`.",
    ),
    # https://docs.aws.amazon.com/general/latest/gr/api-retries.html
    Refusal(
        "many calls",
        "Rate exceeded (Service: Lambda, Status Code: 429, Request ID: 1234)",
        r"\brate exceeded(?= for operation|\W*(\(|$))|\brequest limit exceeded\b|"
        + _codes(
            r"\w*Throttl(ing|ed)(Exception)?|TooManyRequests(Exception)?|RequestLimitExceeded|SlowDown|"
            "CallerRateLimitExceeded"
        ),
        "Other tools use up the account's quota of calls to this service; in a new account it is small. Find "
        "them with `aws cloudtrail lookup-events`, or wait a minute.",
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    Refusal(
        "stacks",
        "LimitExceededException: Limit for stacks has been exceeded",
        r"limit for stacks? has been exceeded",
        _quotas("cloudformation"),
    ),
    # https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
    Refusal(
        "any other quota",
        "Topic limit exceeded (Service: Sns, Status Code: 403) (HandlerErrorCode: ServiceLimitExceeded)",
        # A policy's length is no matter of the account.
        r"^(?!.*(policy.{0,30}(size|length)|PolicySize|ACLSize|PolicyLength)).*"
        + _codes(r"\w*(Limit|Quota)Exceeded(Exception|Fault)?|TooManyBuckets"),
        "The account has as many of these as its quota allows. "
        + _quotas("SERVICE")
        + " `aws service-quotas list-services` has the service's code.",
    ),
)
"""What AWS may answer later, too."""

REFUSALS = (*BEFOREHAND, *LATER)
_LOGICAL_ID = re.compile(r"\w+ \((AWS::[\w:]+)\) failed:")
_SERVICE = re.compile(r"AWS::(\w+)::|\bService: (\w+)")
_QUOTA_CODES = {
    "cognito": "cognito-idp", "stepfunctions": "states", "cloudwatch": "monitoring",
    "cloudwatchlogs": "logs", "awslogs": "logs",
}  # fmt: skip
"""Service Quotas has other codes for these. All others are AWS's name in small letters."""


def fix_for(message: str) -> str | None:
    """The thing to do about a message of AWS; None for a message that is not about the account.

    `message` is a reason of CloudFormation, or an answer to a call with its code. Give no other text: an
    app's own words are no message of AWS.
    """
    # The app chooses the names of its resources.
    text = _LOGICAL_ID.sub(r"\1:", message)
    found = next((refusal for refusal in REFUSALS if refusal.fits(text)), None)
    return f"{found.do.replace('SERVICE', _service_in(text))} Then run the command again." if found else None


def fix_before(message: str, needed: str) -> str:
    """The fix for a message as in :func:`fix_for`, if there is one, and then a fix that is needed anyway."""
    return " ".join(filter(None, (fix_for(message), needed)))


def _service_in(text: str) -> str:
    """The code of the service whose resource failed; the placeholder when the message has none."""
    found = _SERVICE.search(text)
    name = (found[1] or found[2]).lower() if found else "SERVICE"
    return _QUOTA_CODES.get(name, name)
