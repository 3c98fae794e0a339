"""The rights of CloudFormation for the app, and the limits of the roles from it (SEC-1, SEC-2)."""

from __future__ import annotations

import pytest

from embedded.authorisation.evaluation import Request, statements_of
from kanmon.config.source import load_config
from kanmon.templates.api import api_template
from kanmon.templates.observability import observability_template
from kanmon.templates.offline import BOOTSTRAP
from kanmon.templates.slot import slot_template
from tests.fakes.app import make_config, make_full_config
from tests.fakes.configs import MANDALA, templates
from tests.unit.templates.bootstrapped import (
    ARTIFACTS,
    BOUNDARY,
    CONFIGS,
    EVERYTHING,
    SERVICE,
    SERVICE_ROLE,
    STACK,
    TAGS,
    WEB,
    own,
    stack,
)
from tests.unit.templates.iam import ACCOUNT, REGION, allows
from tests.unit.templates.parsed import parse

EXAMPLE = load_config(MANDALA)

MADE = {"iam:PermissionsBoundary": BOUNDARY}
REGIONAL = {"aws:RequestedRegion": REGION}
REQUESTED = {"aws:RequestTag/app": "shop", "aws:RequestTag/environment": "test"}
APPS_ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop/test/shop-test-slot-blue-ApiRole-1A2B"
API = f"arn:aws:apigateway:{REGION}::/restapis"
CLOUDFRONT = f"arn:aws:cloudfront::{ACCOUNT}:"
PASSWORD = own("secretsmanager", "secret:rds!cluster-0a1b-AbCdEf")
OF_DATABASE = {"aws:ResourceTag/aws:rds:primaryDBClusterArn": own("rds", "cluster:shop-test-database")}
OF_ANOTHER = {"aws:ResourceTag/aws:rds:primaryDBClusterArn": own("rds", "cluster:store-test-database")}
# The calls that decide whether CloudFormation can make one of each type, as AWS documents them.
MAKING: dict[str, list[Request]] = {
    "AWS::ApiGateway::Deployment": [Request("apigateway:POST", f"{API}/a1/deployments", TAGS)],
    "AWS::ApiGateway::Method": [Request("apigateway:PUT", f"{API}/a1/resources/r/methods/GET", TAGS)],
    "AWS::ApiGateway::Resource": [Request("apigateway:POST", f"{API}/a1/resources/r", TAGS)],
    "AWS::ApiGateway::RestApi": [Request("apigateway:POST", API, REQUESTED)],
    "AWS::CloudFront::CachePolicy": [Request("cloudfront:CreateCachePolicy", f"{CLOUDFRONT}cache-policy/1")],
    "AWS::CloudFront::Distribution": [
        Request("cloudfront:CreateDistribution", f"{CLOUDFRONT}distribution/1"),
        Request("cloudfront:UpdateDistribution", f"{CLOUDFRONT}distribution/1", TAGS),
    ],
    "AWS::CloudFront::Function": [
        Request("cloudfront:CreateFunction", f"{CLOUDFRONT}function/shop-test-path"),
        Request("cloudfront:PublishFunction", f"{CLOUDFRONT}function/shop-test-path"),
    ],
    "AWS::CloudFront::OriginAccessControl": [
        Request("cloudfront:CreateOriginAccessControl", f"{CLOUDFRONT}origin-access-control/1")
    ],
    "AWS::CloudFront::ResponseHeadersPolicy": [
        Request("cloudfront:CreateResponseHeadersPolicy", f"{CLOUDFRONT}response-headers-policy/1")
    ],
    "AWS::EC2::SecurityGroup": [
        Request("ec2:CreateSecurityGroup", own("ec2", "security-group/sg-1")),
        Request("ec2:AuthorizeSecurityGroupIngress", own("ec2", "security-group/sg-1"), TAGS),
    ],
    "AWS::EC2::Subnet": [Request("ec2:CreateSubnet", own("ec2", "subnet/subnet-1"))],
    "AWS::EC2::VPC": [
        Request("ec2:CreateVpc", own("ec2", "vpc/vpc-1")),
        Request("ec2:DescribeVpcs", "*", REGIONAL),
    ],
    "AWS::EC2::VPCEndpoint": [Request("ec2:CreateVpcEndpoint", own("ec2", "vpc-endpoint/vpce-1"))],
    "AWS::IAM::Role": [
        Request("iam:CreateRole", APPS_ROLE, MADE),
        Request("iam:PutRolePolicy", APPS_ROLE, MADE),
        Request("iam:GetRole", APPS_ROLE),
        Request("iam:TagRole", APPS_ROLE),
    ],
    "AWS::KMS::Key": [
        Request("kms:CreateKey", "*", REQUESTED),
        Request("kms:TagResource", own("kms", "key/1"), REQUESTED),
        Request("kms:PutKeyPolicy", own("kms", "key/1"), TAGS),
        Request("kms:EnableKeyRotation", own("kms", "key/1"), TAGS),
    ],
    "AWS::Lambda::Function": [
        Request("lambda:CreateFunction", own("lambda", "function:shop-test-blue-api")),
        Request("iam:PassRole", APPS_ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
        Request("s3:GetObject", f"{ARTIFACTS}/test/blobs/aa"),
    ],
    "AWS::Logs::LogGroup": [
        Request("logs:CreateLogGroup", own("logs", "log-group:/aws/lambda/shop-test-blue:*")),
        Request("logs:PutRetentionPolicy", own("logs", "log-group:/aws/lambda/shop-test-blue:*")),
        Request("logs:AssociateKmsKey", own("logs", "log-group:/aws/lambda/shop-test-blue:*")),
    ],
    "AWS::RDS::DBCluster": [
        Request("rds:CreateDBCluster", own("rds", "cluster:shop-test-database")),
        Request("kms:CreateGrant", own("kms", "key/1"), TAGS),
    ],
    "AWS::RDS::DBClusterParameterGroup": [
        Request("rds:CreateDBClusterParameterGroup", own("rds", "cluster-pg:shop-test-foundation-x"))
    ],
    "AWS::RDS::DBInstance": [Request("rds:CreateDBInstance", own("rds", "db:shop-test-database-writer"))],
    "AWS::RDS::DBSubnetGroup": [Request("rds:CreateDBSubnetGroup", own("rds", "subgrp:shop-test-database"))],
    "AWS::S3::Bucket": [
        Request("s3:CreateBucket", WEB),
        Request("s3:PutBucketVersioning", WEB),
        Request("s3:PutEncryptionConfiguration", WEB),
        Request("s3:PutBucketPublicAccessBlock", WEB),
        Request("s3:PutLifecycleConfiguration", WEB),
    ],
    "AWS::S3::BucketPolicy": [Request("s3:PutBucketPolicy", WEB)],
    "AWS::SecretsManager::Secret": [
        Request("secretsmanager:CreateSecret", own("secretsmanager", "secret:shop-test-database-AbCdEf")),
        Request("secretsmanager:GetRandomPassword", "*", REGIONAL),
    ],
    "AWS::ApiGateway::GatewayResponse": [
        Request("apigateway:PUT", f"{API}/a1/gatewayresponses/DEFAULT_5XX", TAGS)
    ],
    "AWS::CloudFront::MonitoringSubscription": [
        Request("cloudfront:CreateMonitoringSubscription", f"{CLOUDFRONT}distribution/1")
    ],
    "AWS::CloudTrail::Trail": [
        Request("cloudtrail:CreateTrail", own("cloudtrail", "trail/shop-test-trail")),
        Request("cloudtrail:StartLogging", own("cloudtrail", "trail/shop-test-trail")),
        Request("cloudtrail:PutEventSelectors", own("cloudtrail", "trail/shop-test-trail")),
    ],
    "AWS::CloudWatch::Alarm": [
        Request("cloudwatch:PutMetricAlarm", own("cloudwatch", "alarm:shop-test-api"))
    ],
    "AWS::CloudWatch::CompositeAlarm": [
        # It is allowed for all names, or not at all.
        Request("cloudwatch:PutCompositeAlarm", "*", REGIONAL)
    ],
    "AWS::CloudWatch::Dashboard": [
        Request("cloudwatch:PutDashboard", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/shop-test")
    ],
    "AWS::Cognito::UserPool": [
        Request("cognito-idp:CreateUserPool", "*", REQUESTED),
        Request("cognito-idp:SetUserPoolMfaConfig", own("cognito-idp", "userpool/1"), TAGS),
        Request("cognito-idp:DescribeUserPool", own("cognito-idp", "userpool/1"), TAGS),
    ],
    "AWS::Cognito::UserPoolClient": [
        Request("cognito-idp:CreateUserPoolClient", own("cognito-idp", "userpool/1"), TAGS)
    ],
    "AWS::EC2::EIP": [
        Request("ec2:AllocateAddress", own("ec2", "elastic-ip/eipalloc-1")),
        Request("ec2:ReleaseAddress", own("ec2", "elastic-ip/eipalloc-1"), TAGS),
    ],
    "AWS::EC2::InternetGateway": [Request("ec2:CreateInternetGateway", own("ec2", "internet-gateway/igw-1"))],
    "AWS::EC2::NatGateway": [Request("ec2:CreateNatGateway", own("ec2", "natgateway/nat-1"))],
    "AWS::EC2::Route": [Request("ec2:CreateRoute", own("ec2", "route-table/rtb-1"))],
    "AWS::EC2::RouteTable": [Request("ec2:CreateRouteTable", own("ec2", "route-table/rtb-1"))],
    "AWS::EC2::SecurityGroupEgress": [
        Request("ec2:AuthorizeSecurityGroupEgress", own("ec2", "security-group/sg-1"), TAGS)
    ],
    "AWS::EC2::SecurityGroupIngress": [
        Request("ec2:AuthorizeSecurityGroupIngress", own("ec2", "security-group/sg-1"), TAGS)
    ],
    "AWS::EC2::SubnetRouteTableAssociation": [
        Request("ec2:AssociateRouteTable", own("ec2", "route-table/rtb-1"), TAGS)
    ],
    "AWS::EC2::VPCGatewayAttachment": [
        Request("ec2:AttachInternetGateway", own("ec2", "internet-gateway/igw-1"), TAGS)
    ],
    "AWS::KMS::Alias": [
        Request("kms:CreateAlias", own("kms", "alias/shop-test-data")),
        Request("kms:CreateAlias", own("kms", "key/1"), TAGS),
    ],
    "AWS::Lambda::EventSourceMapping": [
        Request(
            "lambda:CreateEventSourceMapping", "*",
            {"lambda:FunctionArn": own("lambda", "function:shop-test-blue-api")},
        ),
        Request(
            "lambda:UpdateEventSourceMapping", "*",
            {"lambda:FunctionArn": own("lambda", "function:shop-test-blue-api")},
        ),
    ],
    "AWS::Lambda::Permission": [
        Request("lambda:AddPermission", own("lambda", "function:shop-test-notifier"))
    ],
    "AWS::Logs::MetricFilter": [
        Request("logs:PutMetricFilter", own("logs", "log-group:/aws/lambda/shop-test-blue:*"))
    ],
    "AWS::Logs::QueryDefinition": [Request("logs:PutQueryDefinition", "*", REGIONAL)],
    "AWS::SecretsManager::RotationSchedule": [
        Request("secretsmanager:CreateSecret", PASSWORD),
        Request("secretsmanager:TagResource", PASSWORD),
        Request("secretsmanager:RotateSecret", PASSWORD, OF_DATABASE),
    ],
    "AWS::SNS::Subscription": [Request("sns:Subscribe", own("sns", "shop-test-alarms"))],
    "AWS::SNS::Topic": [Request("sns:CreateTopic", own("sns", "shop-test-alarms"))],
    "AWS::SNS::TopicPolicy": [Request("sns:SetTopicAttributes", own("sns", "shop-test-alarms"))],
    "AWS::SQS::Queue": [Request("sqs:CreateQueue", own("sqs", "shop-test-dead"))],
    "AWS::SQS::QueuePolicy": [Request("sqs:SetQueueAttributes", own("sqs", "shop-test-dead"))],
    "AWS::Scheduler::Schedule": [
        Request("scheduler:CreateSchedule", own("scheduler", "schedule/default/shop-test-blue-nightly")),
        Request("scheduler:UpdateSchedule", own("scheduler", "schedule/default/shop-test-blue-nightly")),
        Request("iam:PassRole", APPS_ROLE, {"iam:PassedToService": "scheduler.amazonaws.com"}),
    ],
    "AWS::StepFunctions::StateMachine": [
        Request("states:CreateStateMachine", own("states", "stateMachine:shop-test-blue-report")),
        Request("states:TagResource", own("states", "stateMachine:shop-test-blue-report")),
        Request("s3:GetObject", f"{ARTIFACTS}/test/blobs/aa"),
        Request("iam:PassRole", APPS_ROLE, {"iam:PassedToService": "states.amazonaws.com"}),
    ],
    "AWS::XRay::Group": [Request("xray:CreateGroup", own("xray", "group/shop-test/1"))],
    "AWS::XRay::SamplingRule": [Request("xray:CreateSamplingRule", own("xray", "sampling-rule/shop-test"))],
}  # fmt: skip


def test_every_type_in_the_apps_stacks_is_accounted_for() -> None:
    """SEC-1"""
    kinds = {
        resource["Type"]
        for config in (EXAMPLE, make_full_config(**CONFIGS["everything"]))
        for kind, template in templates(config).items()
        if kind != BOOTSTRAP
        for resource in parse(template)["Resources"].values()
    }
    assert kinds == set(MAKING)


@pytest.mark.parametrize("kind", sorted(MAKING))
def test_the_service_role_makes_all_resources_of_the_stacks(kind: str) -> None:
    for request in MAKING[kind]:
        assert allows(SERVICE, request), request


BEYOND = [
    # A role without the boundary, elsewhere, or one of the bootstrap's own.
    Request("iam:CreateRole", APPS_ROLE),
    Request("iam:CreateRole", APPS_ROLE, {"iam:PermissionsBoundary": BOUNDARY.replace("test", "staging")}),
    Request("iam:PutRolePolicy", APPS_ROLE),
    Request("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/shop/production/x", MADE),
    *(
        Request(f"iam:{action}", f"arn:aws:iam::{ACCOUNT}:role/shop-test-{role}", MADE)
        for action in ("PutRolePolicy", "UpdateAssumeRolePolicy", "DeleteRole", "PassRole")
        for role in ("deploy", "plan", "cloudformation")
    ),
    *(
        Request(
            "iam:PassRole",
            f"arn:aws:iam::{ACCOUNT}:role/{role}",
            {"iam:PassedToService": "lambda.amazonaws.com"},
        )
        for role in ("admin", "shop-test-cloudformation", "shop/production/Api")
    ),
    Request("iam:DeleteRolePermissionsBoundary", APPS_ROLE, MADE),
    Request("iam:CreatePolicyVersion", BOUNDARY),
    Request("iam:DeletePolicy", BOUNDARY),
    Request("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"),
    Request("iam:PassRole", APPS_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
    Request("lambda:CreateFunction", own("lambda", "function:store-test-blue-api")),
    Request("lambda:InvokeFunction", own("lambda", "function:shop-test-blue-api")),
    Request("rds:DeleteDBCluster", own("rds", "cluster:store-test-database")),
    Request("s3:PutObject", f"{ARTIFACTS}/test/blobs/aa"),
    Request("s3:PutBucketPolicy", ARTIFACTS),
    Request("s3:DeleteBucket", WEB),
    Request("s3:GetObject", f"{WEB}/index.html"),
    Request("kms:ScheduleKeyDeletion", own("kms", "key/1"), TAGS),
    Request("kms:Decrypt", own("kms", "key/1")),
    Request("kms:CreateKey", "*"),
    Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:store-AbCdEf")),
    Request("secretsmanager:RotateSecret", PASSWORD, OF_ANOTHER),
    Request("secretsmanager:GetSecretValue", PASSWORD, OF_DATABASE),
    Request("ec2:DeleteVpc", own("ec2", "vpc/vpc-1")),
    Request("ec2:RunInstances", own("ec2", "instance/i-1"), TAGS),
    Request("cloudfront:DeleteDistribution", f"{CLOUDFRONT}distribution/1"),
    Request("apigateway:DELETE", f"{API}/a1", TAGS | {"aws:ResourceTag/app": "store"}),
    Request("cloudformation:CreateStack", stack("anything")),
    Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
]


@pytest.mark.parametrize("request_", BEYOND, ids=lambda one: f"{one.action} {one.resource[-40:]}")
def test_the_service_role_stays_within_its_environment(request_: Request) -> None:
    assert not allows(SERVICE, request_)


def test_the_apps_own_roles_have_the_boundary() -> None:
    """SEC-1, SEC-2: the boundary allows all rights of a function's role, and nobody else's."""
    config = make_config(**CONFIGS["everything"])
    boundary = statements_of(EVERYTHING.of_type("AWS::IAM::ManagedPolicy")["TestBoundary"]["PolicyDocument"])
    templates = [slot_template(config, dict.fromkeys(config.functions, "test/blobs/a")), api_template(config)]
    templates += [observability_template(config)]
    found = [
        item["Properties"]
        for template in templates
        for item in parse(template)["Resources"].values()
        if item["Type"] == "AWS::IAM::Role"
    ]
    assert len(found) == 4
    for role in found:
        arn = role["PermissionsBoundary"]["Sub"].replace("${AWS::Partition}", "aws")
        assert arn.replace("${AWS::AccountId}", ACCOUNT) == BOUNDARY
        assert role["Path"] == "/shop/test/"
    for request in (
        Request("logs:PutLogEvents", own("logs", "log-group:/aws/lambda/shop-test-blue:log-stream:x")),
        Request("xray:PutTraceSegments", "*"),
        Request("lambda:InvokeFunction", own("lambda", "function:shop-test-green-api")),
        Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-test-database-AbCdEf")),
        Request("secretsmanager:GetSecretValue", PASSWORD, OF_DATABASE),
        Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-slack-AbCdEf")),
        Request("sqs:SendMessage", own("sqs", "shop-test-notifier-undelivered")),
        Request("kms:Decrypt", own("kms", "key/1"), TAGS),
        Request("ec2:CreateNetworkInterface", "*"),
    ):
        assert allows(boundary, request), request
    for request in (
        Request("iam:CreateRole", APPS_ROLE),
        Request("secretsmanager:GetSecretValue", PASSWORD, OF_ANOTHER),
        Request("sts:AssumeRole", SERVICE_ROLE),
        Request(
            "secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-production-database-AbCdEf")
        ),
        Request("lambda:InvokeFunction", own("lambda", "function:shop-production-blue-api")),
        Request("kms:Decrypt", own("kms", "key/1")),
        Request("s3:GetObject", f"{ARTIFACTS}/test/blobs/aa"),
        Request("cloudformation:ExecuteChangeSet", STACK),
    ):
        assert not allows(boundary, request), request


def test_without_github_the_apps_roles_are_as_they_were() -> None:
    config = make_config()
    assert "PermissionsBoundary" not in slot_template(config, dict.fromkeys(config.functions, "a"))
    assert "PermissionsBoundary" not in api_template(config)
