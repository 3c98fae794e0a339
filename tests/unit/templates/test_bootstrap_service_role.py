"""The rights of CloudFormation for the app, and the limits of the roles from it (SEC-1, SEC-2)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from embedded.authorisation.evaluation import Request, statements_of
from kanmon.config.source import load_config
from kanmon.templates.api import api_template
from kanmon.templates.observability import observability_template
from kanmon.templates.slot import slot_template
from tests.fakes.app import make_config
from tests.fakes.configs import MANDALA, templates
from tests.unit.templates.bootstrapped import (
    ARTIFACTS,
    BOUNDARY,
    CONFIGS,
    EVERYTHING,
    KEY,
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
REQUESTED = {"aws:RequestTag/app": "shop", "aws:RequestTag/environment": "test"}
APPS_ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop/test/shop-test-slot-blue-ApiRole-1A2B"
API = f"arn:aws:apigateway:{REGION}::/restapis"
FOREIGN_KEY = own("kms", "key/foreign")
BY_RDS = {"kms:ViaService": f"rds.{REGION}.amazonaws.com", "kms:GrantIsForAWSResource": "true"}
FOREIGN_TAGS = [
    {"aws:ResourceTag/app": "store"},
    {"aws:ResourceTag/app": "shop", "aws:ResourceTag/environment": "production"},
    {"aws:ResourceTag/managed-by": "terraform"},
]
TRAIL = f"arn:aws:s3:::shop-test-trail-{ACCOUNT}"
CLOUDFRONT = f"arn:aws:cloudfront::{ACCOUNT}:"
PASSWORD = own("secretsmanager", "secret:rds!cluster-0a1b-AbCdEf")
OF_DATABASE = {"aws:ResourceTag/aws:rds:primaryDBClusterArn": own("rds", "cluster:shop-test-database")}
OF_ANOTHER = {"aws:ResourceTag/aws:rds:primaryDBClusterArn": own("rds", "cluster:store-test-database")}
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
    Request("s3:GetObject", f"{WEB}/index.html"),
    # Keys: none is made, tagged or opened, and the environment's serves two services only.
    *(
        Request(f"kms:{action}", key, TAGS | REQUESTED | BY_RDS)
        for action in ("TagResource", "PutKeyPolicy", "ScheduleKeyDeletion", "DisableKey", "CreateAlias")
        for key in (KEY, FOREIGN_KEY, own("kms", "alias/shop-test"))
    ),
    *(
        Request(f"kms:{action}", FOREIGN_KEY, TAGS | BY_RDS)
        for action in ("Decrypt", "GenerateDataKey", "CreateGrant", "DescribeKey")
    ),
    Request("kms:CreateKey", "*", REQUESTED),
    Request("kms:Decrypt", KEY),
    Request("kms:Decrypt", KEY, {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}),
    Request("kms:CreateGrant", KEY, BY_RDS | {"kms:GrantIsForAWSResource": "false"}),
    # What carries another's tags is never tagged, so it never becomes the app's own.
    *(
        Request(action, resource, REQUESTED | tags)
        for action, resource in (
            ("apigateway:PUT", f"arn:aws:apigateway:{REGION}::/tags/arn%3Aaws%3A%2Frestapis%2Fb2"),
            ("cloudfront:TagResource", f"{CLOUDFRONT}distribution/2"),
            ("cloudfront:UntagResource", f"{CLOUDFRONT}distribution/2"),
            ("cognito-idp:TagResource", own("cognito-idp", "userpool/2")),
            ("lambda:TagResource", own("lambda", "event-source-mapping:2")),
        )
        for tags in FOREIGN_TAGS
    ),
    *(
        Request(f"apigateway:{verb}", f"arn:aws:apigateway:{REGION}::{path}", REQUESTED)
        for verb in ("POST", "PUT", "PATCH", "DELETE")
        for path in ("/restapis/b2", "/domainnames", "/apikeys", "/vpclinks", "/tags/arn%2Fdomainnames%2Fx")
    ),
    *(
        Request(f"cloudfront:{action}", f"{CLOUDFRONT}distribution/2", REQUESTED)
        for action in ("UpdateDistribution", "DeleteDistribution", "UntagResource")
    ),
    # EC2 has tags for new resources only, and nothing comes into a foreign network.
    *(
        Request("ec2:CreateTags", own("ec2", f"{kind}/foreign"), REQUESTED | action)
        for kind in ("instance", "volume", "vpc", "security-group", "route-table")
        for action in ({}, {"ec2:CreateAction": "RunInstances"}, FOREIGN_TAGS[0])
    ),
    *(
        Request(f"ec2:{action}", own("ec2", resource), REQUESTED)
        for action, resource in (
            ("CreateSubnet", "vpc/foreign"),
            ("CreateRouteTable", "vpc/foreign"),
            ("CreateSecurityGroup", "vpc/foreign"),
            ("CreateNatGateway", "subnet/foreign"),
            ("CreateNatGateway", "elastic-ip/foreign"),
            ("CreateVpcEndpoint", "vpc/foreign"),
            ("CreateVpcEndpoint", "route-table/foreign"),
            ("CreateRoute", "route-table/foreign"),
            ("AuthorizeSecurityGroupIngress", "security-group/foreign"),
            ("DeleteTags", "instance/foreign"),
        )
    ),
    *(
        Request(f"ec2:{action}", own("ec2", f"{kind}/1"), TAGS)
        for action, kind in (
            ("DeleteVolume", "volume"),
            ("DeleteSnapshot", "snapshot"),
            ("ModifyInstanceAttribute", "instance"),
            ("AssociateIamInstanceProfile", "instance"),
            ("AttachVolume", "volume"),
            ("ModifyVpcPeeringConnectionOptions", "vpc-peering-connection"),
        )
    ),
    # The audit trail's own: it is neither stopped nor shortened.
    *(
        Request(f"s3:{action}", TRAIL, TAGS | {"aws:RequestedRegion": REGION})
        for action in (
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketPolicy",
            "PutBucketAcl",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketVersioning",
            "PutLifecycleConfiguration",
            "PutEncryptionConfiguration",
            "PutReplicationConfiguration",
            "PutBucketLogging",
        )
    ),
    *(
        Request(f"s3:{action}", f"{TRAIL}/AWSLogs/1")
        for action in ("GetObject", "PutObject", "DeleteObject", "DeleteObjectVersion")
    ),
    *(
        Request(f"cloudtrail:{action}", own("cloudtrail", "trail/shop-test"))
        for action in ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")
    ),
    # Another environment of the app. No environment's name begins another's: the config refuses it.
    *(
        Request(action, resource.replace("shop-test", "shop-staging"))
        for action, resource in (
            ("lambda:UpdateFunctionCode", own("lambda", "function:shop-test-blue-api")),
            ("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-test-jwt-AbCdEf")),
            ("rds:DeleteDBCluster", own("rds", "cluster:shop-test-database")),
            ("sqs:DeleteQueue", own("sqs", "shop-test-mail")),
            ("s3:PutBucketPolicy", WEB),
            ("logs:DeleteLogGroup", own("logs", "log-group:/aws/lambda/shop-test-blue")),
        )
    ),
    Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:store-AbCdEf")),
    Request("secretsmanager:RotateSecret", PASSWORD, OF_ANOTHER),
    Request("secretsmanager:GetSecretValue", PASSWORD, OF_DATABASE),
    Request("s3:PutLifecycleConfiguration", ARTIFACTS),
    Request("ec2:DeleteVpc", own("ec2", "vpc/vpc-1")),
    Request("ec2:RunInstances", own("ec2", "instance/i-1"), TAGS),
    Request("cloudfront:DeleteDistribution", f"{CLOUDFRONT}distribution/1"),
    Request("apigateway:DELETE", f"{API}/a1", TAGS | {"aws:ResourceTag/app": "store"}),
    Request("cloudformation:CreateStack", stack("anything")),
    Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
]


@pytest.mark.parametrize("request_", BEYOND, ids=lambda one: f"{one.action} {one.resource[-40:]}")
def test_the_service_role_stays_within_its_environment(request_: Request) -> None:
    """SEC-1"""
    assert not allows(SERVICE, request_)


def test_only_what_has_no_tags_can_be_tagged() -> None:
    """SEC-1: the limit of tags. `docs/github-access.md` has it."""
    for resource in (f"{CLOUDFRONT}distribution/2", own("cognito-idp", "userpool/2")):
        service = resource.split(":")[2]
        assert allows(SERVICE, Request(f"{service}:TagResource", resource, REQUESTED))


def test_the_key_serves_the_database_and_secrets() -> None:
    """SEC-4"""
    for action in ("Decrypt", "GenerateDataKey", "CreateGrant", "DescribeKey"):
        assert allows(SERVICE, Request(f"kms:{action}", KEY, BY_RDS)), action


def test_the_apps_roles_trust_services_only() -> None:
    """SEC-1: IAM can't limit the content of a trust policy, so no template opens a role to an account."""
    config = make_config(**CONFIGS["everything"])
    for template in templates(config).values():
        for resource in parse(template)["Resources"].values():
            if resource["Type"] == "AWS::IAM::Role" and "Path" in resource["Properties"]:
                for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                    assert statement["Principal"].keys() == {"Service"}


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
        Request("kms:Decrypt", KEY),
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
        Request("kms:Decrypt", FOREIGN_KEY, TAGS),
        Request("rds-db:connect", own("rds-db", "dbuser:cluster-FOREIGN/admin")),
        Request("s3:GetObject", f"{ARTIFACTS}/test/blobs/aa"),
        Request("cloudformation:ExecuteChangeSet", STACK),
    ):
        assert not allows(boundary, request), request


def test_without_github_the_apps_roles_are_as_they_were() -> None:
    config = make_config()
    assert "PermissionsBoundary" not in slot_template(config, dict.fromkeys(config.functions, "a"))
    assert "PermissionsBoundary" not in api_template(config)


def test_the_docs_name_each_right_over_things_of_others() -> None:
    """TRU-4: rights to change what has neither a name nor a tag that IAM can check."""
    everywhere = {
        action
        for statement in SERVICE
        if "*" in (statement.resources or ())
        and {key for one in statement.conditions.values() for key in one} <= {"aws:RequestedRegion"}
        for action in statement.actions or ()
        if re.search(r":(Put|Update|Delete)", action)
    }
    text = (Path(__file__).parents[3] / "docs" / "github-access.md").read_text()
    [named] = re.findall(r"(?s)\*\*A wider part\.\*\*(.*?)\n- ", text)
    assert set(re.findall(r"`([a-z0-9]+:\w+)", named)) == everywhere
