"""AWS's messages about an account that may come at any time: a full quota, a deleted secret, a new role."""

from __future__ import annotations

from kanmon.aws.refusal import QUOTAS, Refusal, codes
from kanmon.language import deferred

_ROLE_IS_NEW = deferred("AWS does not know a new role everywhere at once. Wait a minute.")

LATER = (
    # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/suspended-account.html
    Refusal(
        "the account",
        "Blocked: This account is currently blocked and not recognized as a valid account.",
        r"\baccount (\d+ )?(is|has been) (currently |temporarily )*(suspended|blocked|closed)\b|"
        r"There is a problem with your AWS account|" + codes("AccountProblem|AccountSuspended(Exception)?"),
        deferred(
            "AWS suspended or closed the account. As its owner, pay what is open under `Billing and Cost "
            "Management`, or open a case `Account and billing` at "
            "https://console.aws.amazon.com/support/home."
        ),
    ),
    Refusal(
        "a service-linked role",
        "AccessDeniedException: Caller does not have permissions to create a Service Linked Role.",
        r"permissions? to create an? service.linked role|not authorized to perform: "
        r"iam:CreateServiceLinkedRole|unable to assume the service.linked role",
        deferred(
            "As an administrator, run `aws iam create-service-linked-role --aws-service-name "
            "<service>.amazonaws.com` for the service in AWS's message."
        ),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSetHooks.html
    Refusal(
        "CloudFormation's hooks",
        "The following hook(s) failed: [Org::Security::Guard]",
        r"following hook\(s\)(?!.*AWS::EarlyValidation).*failed|hook failed with message",
        deferred(
            "A CloudFormation hook of the account or of its organization refuses this. Ask its "
            "administrators for the rule: `aws cloudformation list-types --type HOOK` shows the hooks."
        ),
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
        deferred(
            "Run `kanmon bootstrap`: it gives API Gateway a role for its logs. Does it change nothing? Then "
            "run `aws apigateway update-account --patch-operations "
            "op=replace,path=/cloudwatchRoleArn,value=ARN` with its ARN."
        ),
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
        deferred(
            "The account has an identity provider for GitHub already. Set `existing_provider: true` under "
            "`github` in the config."
        ),
    ),
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    Refusal(
        "`web` or `api`",
        "TooManyResponseHeadersPolicies: Account's Response Headers Policies limit reached.",
        codes("TooMany(CachePolicies|ResponseHeadersPolicies|Functions|Distributions|OriginAccessControls)")
        + r"|limit exceeded for resource of type 'AWS::CloudFront::",
        QUOTAS,
        service="cloudfront",
        region="us-east-1",
    ),
    Refusal(
        "`existing.domain`",
        "One or more of the CNAMEs you provided are already associated with a different resource.",
        r"CNAMEs you provided are already associated|" + codes("CNAMEAlreadyExists"),
        deferred(
            "Another distribution has the name. Remove it there, or use `aws cloudfront associate-alias`."
        ),
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    Refusal(
        "roles and policies",
        "LimitExceeded: Cannot exceed quota for RolesPerAccount: 1000",
        # The size of a policy is no matter of the account.
        r"cannot exceed quota for (?!\w*Size)\w+",
        QUOTAS,
        service="iam",
        region="us-east-1",
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    Refusal(
        "`functions`",
        "Code storage limit exceeded.",
        r"code storage limit exceeded|" + codes("CodeStorageExceeded(Exception)?"),
        deferred(
            "A region has 75 GB for the code of all functions. Delete functions and versions that nobody "
            "uses, or ask for a higher quota: `aws service-quotas get-service-quota --service-code lambda "
            "--quota-code L-2ACBD22F`."
        ),
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
    Refusal(
        "`database`",
        "InstanceQuotaExceeded: DB Instance quota exceeded",
        r"DB (instance|cluster|subnet group|parameter group) quota exceeded|"
        r"cannot create more than \d+ (DB )?(clusters|instances)|"
        + codes("(Instance|DBCluster|DBSubnetGroup|DBClusterParameterGroup)QuotaExceeded(Fault)?"),
        QUOTAS,
        service="rds",
    ),
    # https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    Refusal(
        "encryption keys",
        "LimitExceededException: Key quota for this account in this region is 101 but the current usage is "
        "101.",
        r"\bkey quota for this account",
        QUOTAS,
        service="kms",
    ),
    # https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-scheduling-key-deletion.html
    Refusal(
        "encryption keys",
        "KMSInvalidStateException: arn:aws:kms:eu-west-1:111122223333:key/1234abcd is pending deletion.",
        r"\bkey/\S+ is (pending deletion|disabled)|KMSInvalidState\w*\b.*pending deletion|"
        + codes("KMSDisabled(Exception)?"),
        deferred(
            "Somebody deletes or disabled the key. As an administrator, run `aws kms cancel-key-deletion "
            "--key-id KEY` and `aws kms enable-key --key-id KEY` with its ARN from AWS's message."
        ),
    ),
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    Refusal(
        "`secrets`",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
        r"secret with this name is already scheduled for deletion",
        deferred(
            "A deleted secret keeps its name for up to 30 days. If nobody needs its value, run `aws "
            "secretsmanager delete-secret --secret-id NAME --force-delete-without-recovery`."
        ),
    ),
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_restore-secret.html
    Refusal(
        "`secrets`",
        "You can't perform this operation on the secret because it was marked for deletion.",
        r"secret because it was marked for deletion",
        deferred(
            "Somebody deletes the secret. Keep it with `aws secretsmanager restore-secret --secret-id NAME`."
        ),
    ),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    Refusal(
        "logs",
        "Invalid Logging Configuration: The CloudWatch Logs Resource Policy size was exceeded.",
        r"CloudWatch Logs Resource Policy size was exceeded|policy document length breaking CloudWatch Logs "
        r"constraints|(AWS::Logs::ResourcePolicy|(answered |\()PutResourcePolicy|log resource policy)\b.*"
        r"limit ?exceeded",
        deferred(
            "A region takes ten resource policies for logs, and AWS gives no more. Find them with `aws logs "
            "describe-resource-policies`. Delete one that nobody uses with `aws logs delete-resource-policy "
            "--policy-name NAME`."
        ),
    ),
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
    Refusal(
        "`trail`",
        "User: 111122223333 already has 5 trails in ap-southeast-2.",
        r"already has \d+ trails|" + codes("MaximumNumberOfTrailsExceeded(Exception)?"),
        deferred(
            "A region takes five trails, those of your organization and of other regions too, and AWS gives "
            "no more. Find them with `aws cloudtrail list-trails`. Delete one that nobody uses with `aws "
            "cloudtrail delete-trail --name ARN`, or remove `trail` from the config."
        ),
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    Refusal(
        "`functions`",
        "TooManyRequestsException: Rate Exceeded. (ReservedFunctionConcurrentInvocationLimitExceeded)",
        codes(r"ReservedFunction\w+LimitExceeded"),
        deferred(
            "Somebody reserved a concurrency for this function, and it is too small. Remove it with `aws "
            "lambda delete-function-concurrency --function-name NAME`."
        ),
    ),
    # https://docs.aws.amazon.com/general/latest/gr/api-retries.html
    Refusal(
        "many calls",
        "Rate exceeded (Service: Lambda, Status Code: 429, Request ID: 1234)",
        r"\brate exceeded(?= for operation|\W*(\(|$))|\brequest limit exceeded\b|"
        + codes(
            r"\w*Throttl(ing|ed)(Exception)?|TooManyRequests(Exception)?|RequestLimitExceeded|SlowDown|"
            "CallerRateLimitExceeded"
        ),
        deferred(
            "Other tools use up the account's quota of calls to this service; in a new account it is small. "
            "Find them with `aws cloudtrail lookup-events`, or wait a minute."
        ),
    ),
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    Refusal(
        "stacks",
        "LimitExceededException: Limit for stacks has been exceeded",
        r"limit for stacks? has been exceeded",
        QUOTAS,
        service="cloudformation",
    ),
    # https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
    Refusal(
        "any other quota",
        "Topic limit exceeded (Service: Sns, Status Code: 403) (HandlerErrorCode: ServiceLimitExceeded)",
        # A policy's length is no matter of the account.
        r"^(?!.*(policy.{0,30}(size|length)|PolicySize|ACLSize|PolicyLength)).*"
        + codes(r"\w*(Limit|Quota)Exceeded(Exception|Fault)?|TooManyBuckets"),
        deferred(
            "The account has as many of these as its quota allows. {quotas} `aws service-quotas "
            "list-services` has the service's code."
        ),
    ),
)
"""What AWS may answer later, too."""
