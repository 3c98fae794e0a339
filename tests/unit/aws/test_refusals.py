"""AWS's messages about an account have one fix each, on every way to Kanmon (AWS-1).

The texts are those of real accounts: from issues of aws-cdk, terraform-provider-aws, serverless and others.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanmon.aws.refusals import REFUSALS, fix_for
from kanmon.language import phrase
from scripts.generators.refusals import with_refusals

if TYPE_CHECKING:
    from kanmon.aws.refusal import Refusal


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda one: one.message[:40])
def test_each_row_knows_its_own_message(refusal: Refusal) -> None:
    """And no row before it takes the message away."""
    assert next(one for one in REFUSALS if one.fits(refusal.message)) is refusal
    assert refusal.advice().endswith(".")
    assert "|" not in refusal.when + refusal.message + refusal.advice()


def test_the_page_has_a_row_for_each_message() -> None:
    page = (Path(__file__).parents[3] / "docs/github-access.md").read_text("utf-8")
    assert with_refusals(page) == page
    assert [one.message for one in REFUSALS if f"| *{one.message}* | {one.advice()} |" not in page] == []


_HANDLER = (
    '(Service: {}, Status Code: 400, Request ID: 5ce9e2b3)" (RequestToken: 79d65bb7, HandlerErrorCode: {})'
)


def _event(kind: str, message: str, service: str, code: str = "GeneralServiceException") -> str:
    """A stack's failed event, as Kanmon shows it."""
    handled = f'Resource handler returned message: "{message} {_HANDLER.format(service, code)}'
    return f"Goals (AWS::{kind}) failed: {handled}"


LIMIT = "ServiceLimitExceeded"
POLICIES = (
    "Limit exceeded for resource of type 'AWS::CloudFront::ResponseHeadersPolicy'. Reason: Account's "
    "Response Headers Policies limit reached."
)
EVENTS = {
    _event("EC2::VPC", "The maximum number of VPCs has been reached.", "Ec2"): "--service-code vpc",
    _event(
        "EC2::InternetGateway", "The maximum number of internet gateways has been reached.", "Ec2"
    ): "--service-code vpc",
    _event(
        "EC2::SecurityGroup", "The maximum number of security groups for VPC 'vpc-1' has been reached.", "Ec2"
    ): "--service-code vpc",
    _event(
        "EC2::NatGateway", "Performing this operation would exceed the limit of 5 NAT gateways", "Ec2"
    ): "--service-code vpc",
    _event("EC2::EIP", "The maximum number of addresses has been reached.", "Ec2"): "--service-code ec2",
    _event("CloudFront::ResponseHeadersPolicy", POLICIES, "CloudFront", LIMIT): "--service-code cloudfront",
    _event("Lambda::Function", "Code storage limit exceeded.", "Lambda"): "L-2ACBD22F",
    _event(
        "Lambda::Function",
        "Specified ReservedConcurrentExecutions for function decreases account's "
        "UnreservedConcurrentExecution below its minimum value of [50].",
        "Lambda",
        "InvalidRequest",
    ): "L-B99A9384",
    _event("RDS::DBInstance", "DB Instance quota exceeded", "Rds", LIMIT): "--service-code rds",
    _event("RDS::DBCluster", "You cannot create more than 40 clusters", "Rds", LIMIT): "--service-code rds",
    _event(
        "RDS::DBInstance", "This instance size isn't available with free plan accounts.", "Rds"
    ): "upgrade-account-plan",
    _event(
        "RDS::DBCluster",
        "The specified backup retention period exceeds the maximum available to free tier customers.",
        "Rds",
    ): "upgrade-account-plan",
    _event(
        "IAM::Role", "Cannot exceed quota for RolesPerAccount: 1000", "Iam", LIMIT
    ): "--service-code iam --region us-east-1",
    _event("IAM::ManagedPolicy", "Cannot exceed quota for PoliciesPerAccount: 1500", "Iam", LIMIT): "iam",
    _event(
        "KMS::Key", "Key quota for this account in this region is 101", "Kms", LIMIT
    ): "--service-code kms",
    _event(
        "SecretsManager::Secret",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
        "SecretsManager",
        "InvalidRequest",
    ): "--force-delete-without-recovery",
    _event(
        "CloudTrail::Trail",
        "Invalid request provided: User: 111122223333 already has 5 trails in ap-southeast-2.",
        "CloudTrail",
        "InvalidRequest",
    ): "list-trails",
    _event(
        "Logs::ResourcePolicy", "Resource limit exceeded.", "CloudWatchLogs", LIMIT
    ): "ten resource policies",
    _event("Logs::LogGroup", "Resource limit exceeded.", "CloudWatchLogs", LIMIT): "--service-code logs",
    _event(
        "StepFunctions::StateMachine",
        "Invalid Logging Configuration: The CloudWatch Logs Resource Policy size was exceeded. We suggest "
        "prefixing your CloudWatch log group name with /aws/vendedlogs/states/.",
        "Sfn",
    ): "describe-resource-policies",
    _event("SNS::Topic", "Topic limit exceeded.", "Sns", LIMIT): "--service-code sns",
    _event("Cognito::UserPool", "Too many.", "CognitoIdentityProvider", LIMIT): "--service-code cognito-idp",
    _event("StepFunctions::StateMachine", "Too many.", "Sfn", LIMIT): "--service-code states",
    _event(
        "ApiGateway::Account",
        "The role ARN does not have required permissions configured. Please grant trust permission for API "
        "Gateway and add the required role policy.",
        "ApiGateway",
        "InvalidRequest",
    ): "Wait a minute",
    _event("ApiGateway::RestApi", "Rate exceeded", "ApiGateway", "Throttling"): "wait a minute",
    "Tidy (AWS::Lambda::EventSourceMapping) failed: Rate exceeded for operation 'Rate exceeded (Service: "
    "Lambda, Status Code: 429, Request ID: 2d5768a1)'.": "wait a minute",
    "Api (AWS::Lambda::Function) failed: Your request has been throttled by EC2, please make sure you have "
    "enough API rate limit. EC2 Error Code: RequestLimitExceeded. EC2 Error Message: Request limit "
    "exceeded.": "wait a minute",
    "Api (AWS::ApiGateway::Account) failed: The role ARN does not have required permissions set to API "
    "Gateway (Service: AmazonApiGateway; Status Code: 400; Error Code: BadRequestException)": "Wait a minute",
    "Account (AWS::ApiGateway::Account) failed: The role cannot be assumed by API Gateway.": "Wait a minute",
}
"""Reasons of stacks' events."""

OTHERS = {
    "User not enabled for cost explorer access": "Enable Cost Explorer",
    "Linked account doesn't have access to cost explorer.": "Enable Cost Explorer",
    "TooManyCachePolicies": "--service-code cloudfront",
    "TooManyFunctions: You have reached the maximum number of functions.": "--service-code cloudfront",
    "Error Code: TooManyDistributions; Request ID: 1": "--service-code cloudfront",
    "VpcLimitExceeded: The maximum number": "--service-code vpc",
    "AddressLimitExceeded: too many": "--service-code ec2",
    "An error occurred (LimitExceeded) when calling the CreateInstanceProfile operation: Cannot exceed quota "
    "for InstanceProfilesPerAccount: 1000": "--service-code iam",
    "LimitExceededException: Limit for stacks has been exceeded": "--service-code cloudformation",
    "AWS answered PutResourcePolicy with LimitExceededException: Resource limit exceeded.": "ten resource",
    "CloudWatch log resource policy failed: LimitExceededException: Resource limit exceeded.": "ten resource",
    "Resource limit exceeded. (Service: AWSLogs; Status Code: 400; Error Code: LimitExceededException; "
    "Request ID: 7f91c669)": "--service-code logs",
    "AccessDeniedException: Caller does not have permissions to create a Service Linked Role": "iam create",
    "not authorized to perform: iam:CreateServiceLinkedRole on resource: arn:aws:iam::111122223333:role/"
    "aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS": "--aws-service-name rds.amazonaws.com",
    "not authorized, with an explicit deny in a service control policy": "organization",
    "KMSInvalidStateException: arn:aws:kms:eu-west-1:111122223333:key/12 is pending deletion.": "cancel-key",
    "AWS answered Invoke with KMSDisabledException: Lambda couldn't decrypt the environment variables "
    "because the KMS key used is disabled.": "enable-key",
    "AWS answered Invoke with ENILimitReachedException: Lambda couldn't create an elastic network interface, "
    "because the limit for network interfaces has been reached.": "--service-code vpc",
    "AWS answered Invoke with EC2ThrottledException: Amazon EC2 throttled Lambda.": "wait a minute",
    "AWS answered GetSecretValue with InvalidRequestException: You can't perform this operation on the "
    "secret because it was marked for deletion.": "restore-secret",
    "AWS answered UpdateStage with BadRequestException: CloudWatch Logs role ARN must be set in account "
    "settings to enable logging.": "update-account",
    "Your account 111122223333 has been suspended.": "Billing and Cost Management",
    "Account 111122223333 is a linked account. To enable budgets for your account, ask the payer (or "
    "management) account to first enable Cost Explorer.": "Enable Cost Explorer",
    "MaximumNumberOfTrailsExceededException: User: 1 already has 5 trails in eu-west-1.": "list-trails",
    "Hook failed with message: Template failed validation, the following rule(s) failed: S3_ACL.": "rule",
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
    "the provided role.": "Wait a minute",
    "ServiceQuotaExceededException: too many": "list-service-quotas",
}
"""Other texts of AWS: of a call, of CloudFormation's older handlers, of another tool."""


@pytest.mark.parametrize(("reason", "fix"), (EVENTS | OTHERS).items())
def test_a_message_about_the_account_has_its_fix(reason: str, fix: str) -> None:
    """AWS-1: as the reason of an event, of a change set, or as an answer."""
    found = fix_for(reason)
    assert found
    assert fix in found
    assert found.endswith("Then run the command again.")


@pytest.mark.parametrize("reason", EVENTS)
@pytest.mark.usefixtures("japanese")
def test_an_event_in_japanese_has_the_same_fix(reason: str) -> None:
    """AWS-1, DOC-1: Kanmon's words around the reason are no part of it."""
    found = re.fullmatch(r"(\w+) \(([\w:]+)\) failed: (.*)", reason, re.DOTALL)
    assert found
    resource, kind, words = found.groups()
    event = phrase("{resource} ({type}) failed: {reason}.", resource=resource, type=kind, reason=words)
    assert not event.isascii()
    assert fix_for(event) == fix_for(reason)
    assert not str(fix_for(event)).isascii()


@pytest.mark.usefixtures("japanese")
def test_a_resource_in_japanese_may_have_any_name() -> None:
    names = {"resource": "TooManyFunctions", "type": "AWS::Lambda::Function", "reason": "No such runtime"}
    assert fix_for(phrase("{resource} ({type}) failed: {reason}.", **names)) is None
    assert fix_for(phrase("{resource} ({type}) failed: {reason}", **names)) is None


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "The runtime parameter of python2.7 is not supported",
        "Resource exists",
        # The app's own names.
        "TooManyFunctions (AWS::Lambda::Function) failed: The runtime is not supported.",
        "RateLimitExceeded (AWS::Lambda::Function) failed: Uploaded file must be a non-empty zip.",
        "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:shop-rate-limit-exceeded",
        "Role arn:aws:iam::111122223333:role/LimitExceeded is invalid (Service: Lambda, Status Code: 400)",
        "Bucket shop-trail already exists",
        # A limit of one thing, and not of the account.
        _event(
            "Lambda::Permission", "The final policy size (20642) is bigger than the limit", "Lambda", LIMIT
        ),
        _event("IAM::Role", "Maximum policy size of 10240 bytes exceeded for role shop", "Iam", LIMIT),
        _event("IAM::ManagedPolicy", "Cannot exceed quota for PolicySize: 6144", "Iam", LIMIT),
        "TooManyCacheBehaviors: Your request contains more CacheBehaviors than are allowed per distribution.",
        "Unzipped size must be smaller than 262144000 bytes",
        # Words of sentences.
        "Throttling settings are invalid",
        "Invalid state machine: Throttling is no state",
        "The account name is invalid",
        "The key already exists",
        # An error of a database.
        "FATAL: remaining connection slots are reserved; the account is locked",
        # CloudFormation's own check, with the reason elsewhere.
        "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].",
    ],
)
def test_other_reasons_keep_the_general_fix(reason: str) -> None:
    assert fix_for(reason) is None
