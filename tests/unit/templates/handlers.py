"""The calls of CloudFormation's resource handlers for the rendered resources, as requests to IAM.

The permissions of each handler are AWS's own, from the resource schemas in cfn-lint
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html). The resources and
their names are the templates'.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cfnlint.data.schemas  # type: ignore[import-untyped]

from embedded.authorisation.evaluation import Context, Request
from kanmon.naming import blob_key
from tests.unit.templates.iam import ACCOUNT, REGION, Document, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SCHEMAS = Path(cfnlint.data.schemas.__file__).parent
REGIONAL = {"aws:RequestedRegion": REGION}


@cache
def handlers(kind: str) -> dict[str, tuple[str, ...]]:
    """The permissions of each handler of a resource type."""
    found = json.loads(schema_text(kind)).get("handlers", {})
    return {name: tuple(dict.fromkeys(one["permissions"])) for name, one in found.items()}


@cache
def schema_text(kind: str) -> str:
    """The schema of a resource type, as JSON."""
    index = json.loads((_SCHEMAS / f"providers/{REGION}.json").read_text("utf-8"))
    return (_SCHEMAS / f"resources/{index[kind]}.json").read_text("utf-8")


@cache
def reference() -> dict[str, Any]:
    """AWS's service authorization reference: each service's actions, and the ARNs of their resources."""
    found: dict[str, Any] = json.loads((_SCHEMAS.parent / "AdditionalSpecs/Policies.json").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Made:
    """A resource of a rendered template."""

    kind: str
    logical_id: str
    stack: str
    app: str
    environment: str
    key: str
    """The ARN of the environment's key."""
    artifacts: str
    """The ARN of the artifact bucket."""
    properties: Any
    """Without functions of CloudFormation."""
    policy: str
    """What becomes of it when it leaves the stack."""

    @property
    def prefix(self) -> str:
        return f"{self.app}-{self.environment}"

    @property
    def tags(self) -> Context:
        return {f"aws:ResourceTag/{key}": value for key, value in self._tags}

    @property
    def requested(self) -> Context:
        return {f"aws:RequestTag/{key}": value for key, value in self._tags}

    @property
    def _tags(self) -> list[tuple[str, str]]:
        return [("app", self.app), ("environment", self.environment), ("managed-by", "kanmon")]

    @property
    def generated(self) -> str:
        """A name that CloudFormation makes up."""
        return f"{self.stack}-{self.logical_id}-1A2B3C4D5E6F"

    @property
    def role(self) -> str:
        name = self.properties.get("RoleName", self.generated)
        return f"arn:aws:iam::{ACCOUNT}:role/{self.app}/{self.environment}/{name}"


def own(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _edge(kind: str) -> Callable[[Made], list[str]]:
    return lambda _: [f"arn:aws:cloudfront::{ACCOUNT}:{kind}/1"]


def _network(kind: str, *others: str) -> Callable[[Made], list[str]]:
    return lambda _: [own("ec2", f"{one}/1") for one in (kind, *others)]


def _api(path: str) -> Callable[[Made], list[str]]:
    return lambda _: [f"arn:aws:apigateway:{REGION}::/restapis/a1{path}"]


def _named(service: str, form: str, key: str) -> Callable[[Made], list[str]]:
    return lambda made: [own(service, form.format(made.properties[key]))]


def _referenced(key: str) -> Callable[[Made], list[str]]:
    """The resource that a property refers to."""
    return lambda made: [str(one) for one in listed(made.properties[key])]


ARNS: dict[str, Callable[[Made], list[str]]] = {
    "AWS::ApiGateway::Deployment": _api("/deployments/1"),
    "AWS::ApiGateway::RestApi": _api(""),
    "AWS::CloudFront::CachePolicy": _edge("cache-policy"),
    "AWS::CloudFront::Distribution": _edge("distribution"),
    "AWS::CloudFront::Function": lambda made: [
        f"arn:aws:cloudfront::{ACCOUNT}:function/{made.properties['Name']}"
    ],
    "AWS::CloudFront::MonitoringSubscription": _edge("distribution"),
    "AWS::CloudFront::OriginAccessControl": _edge("origin-access-control"),
    "AWS::CloudFront::ResponseHeadersPolicy": _edge("response-headers-policy"),
    "AWS::CloudWatch::Alarm": _named("cloudwatch", "alarm:{}", "AlarmName"),
    "AWS::CloudWatch::CompositeAlarm": _named("cloudwatch", "alarm:{}", "AlarmName"),
    "AWS::CloudWatch::Dashboard": lambda made: [
        f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{made.properties['DashboardName']}"
    ],
    "AWS::Cognito::UserPool": lambda _: [own("cognito-idp", "userpool/1")],
    "AWS::Cognito::UserPoolClient": lambda _: [own("cognito-idp", "userpool/1")],
    "AWS::Cognito::UserPoolDomain": lambda _: [own("cognito-idp", "userpool/1")],
    "AWS::Cognito::UserPoolResourceServer": lambda _: [own("cognito-idp", "userpool/1")],
    "AWS::EC2::EIP": _network("elastic-ip"),
    "AWS::EC2::InternetGateway": _network("internet-gateway"),
    "AWS::EC2::NatGateway": _network("natgateway"),
    "AWS::EC2::Route": _network("route-table"),
    "AWS::EC2::RouteTable": _network("route-table"),
    "AWS::EC2::SecurityGroup": _network("security-group"),
    "AWS::EC2::SecurityGroupEgress": _network("security-group"),
    "AWS::EC2::SecurityGroupIngress": _network("security-group"),
    "AWS::EC2::Subnet": _network("subnet"),
    "AWS::EC2::SubnetRouteTableAssociation": _network("route-table", "subnet"),
    "AWS::EC2::VPC": _network("vpc"),
    "AWS::EC2::VPCEndpoint": _network("vpc-endpoint"),
    "AWS::EC2::VPCGatewayAttachment": _network("internet-gateway", "vpc"),
    "AWS::IAM::Role": lambda made: [made.role],
    "AWS::Lambda::EventInvokeConfig": lambda made: [
        own("lambda", f"function:{str(made.properties['FunctionName']).rpartition(':')[2]}:$LATEST")
    ],
    "AWS::Lambda::EventSourceMapping": lambda _: [own("lambda", "event-source-mapping:1")],
    "AWS::Lambda::Function": _named("lambda", "function:{}", "FunctionName"),
    "AWS::Lambda::Permission": _referenced("FunctionName"),
    # With and without the streams: the calls differ.
    "AWS::Logs::LogGroup": lambda made: [
        own("logs", f"log-group:{made.properties['LogGroupName']}{end}") for end in ("", ":*")
    ],
    "AWS::Logs::MetricFilter": lambda made: [
        own("logs", f"log-group:{made.properties['LogGroupName'].rpartition(':log-group:')[2]}:*")
    ],
    "AWS::Logs::QueryDefinition": lambda _: ["*"],
    "AWS::RDS::DBCluster": _named("rds", "cluster:{}", "DBClusterIdentifier"),
    "AWS::RDS::DBClusterParameterGroup": lambda made: [own("rds", f"cluster-pg:{made.generated.lower()}")],
    "AWS::RDS::DBInstance": _named("rds", "db:{}", "DBInstanceIdentifier"),
    "AWS::RDS::DBSubnetGroup": _named("rds", "subgrp:{}", "DBSubnetGroupName"),
    "AWS::S3::Bucket": lambda made: [f"arn:aws:s3:::{made.properties['BucketName']}"],
    "AWS::S3::BucketPolicy": _referenced("Bucket"),
    "AWS::SNS::Subscription": _referenced("TopicArn"),
    "AWS::SNS::Topic": _named("sns", "{}", "TopicName"),
    "AWS::SNS::TopicPolicy": _referenced("Topics"),
    "AWS::SQS::Queue": _named("sqs", "{}", "QueueName"),
    "AWS::SQS::QueuePolicy": _referenced("Queues"),
    "AWS::Scheduler::Schedule": _named("scheduler", "schedule/default/{}", "Name"),
    "AWS::SecretsManager::RotationSchedule": lambda _: [own("secretsmanager", "secret:rds!cluster-1-AbCdEf")],
    "AWS::SecretsManager::Secret": _named("secretsmanager", "secret:{}-AbCdEf", "Name"),
    "AWS::StepFunctions::StateMachine": _named("states", "stateMachine:{}", "StateMachineName"),
    "AWS::XRay::Group": _named("xray", "group/{}/1", "GroupName"),
    "AWS::XRay::SamplingRule": lambda made: [
        own("xray", f"sampling-rule/{made.properties['SamplingRule']['RuleName']}")
    ],
}
"""The ARNs that the calls for a resource are authorised on, by its type. AWS chooses what is `1` here."""

# Calls without a resource: https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
_UNNAMED = (
    "cloudfront:Create*",
    "cloudfront:List[!T]*",
    "cloudfront:*MonitoringSubscription",
    "cloudwatch:Describe*",
    "cloudwatch:ListDashboards",
    "cloudwatch:PutCompositeAlarm",
    "cognito-idp:CreateUserPool",
    "cognito-idp:DescribeUserPoolDomain",
    "cognito-idp:ListUserPools",
    "ec2:Describe*",
    "iam:ListRoles",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "logs:Describe*",
    "logs:*QueryDefinition",
    "organizations:*",
    "rds:Describe*",
    "s3:ListAllMyBuckets",
    "scheduler:ListSchedules",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "sns:ListSubscriptions",
    "sns:ListTopics",
    "sqs:ListQueues",
    "states:ListStateMachines",
    "xray:GetGroups",
    "xray:GetSamplingRules",
)
# What a call is authorised on besides the new resource, by the call: the tags are the environment's there.
_PLACES = {
    "ec2:CreateSubnet": ("vpc",),
    "ec2:CreateRouteTable": ("vpc",),
    "ec2:CreateSecurityGroup": ("vpc",),
    "ec2:CreateNatGateway": ("subnet", "elastic-ip"),
    "ec2:CreateVpcEndpoint": ("vpc", "subnet", "security-group", "route-table"),
}
_NEW = (*_PLACES, "ec2:CreateVpc", "ec2:CreateInternetGateway", "ec2:AllocateAddress")
# The call behind the tags of a new resource.
_CREATES = {
    "AWS::EC2::EIP": "AllocateAddress",
    "AWS::EC2::InternetGateway": "CreateInternetGateway",
    "AWS::EC2::NatGateway": "CreateNatGateway",
    "AWS::EC2::RouteTable": "CreateRouteTable",
    "AWS::EC2::SecurityGroup": "CreateSecurityGroup",
    "AWS::EC2::Subnet": "CreateSubnet",
    "AWS::EC2::VPC": "CreateVpc",
    "AWS::EC2::VPCEndpoint": "CreateVpcEndpoint",
}
_PASSED_TO = {
    "ApiGateway": "apigateway",
    "Cognito": "cognito-idp",
    "Lambda": "lambda",
    "RDS": "rds",
    "S3": "s3",
    "SNS": "sns",
    "Scheduler": "scheduler",
    "SecretsManager": "lambda",
    "StepFunctions": "states",
}
# AWS chooses their names, so the role knows them by their tags.
_WITH_TAGS = (
    "AWS::ApiGateway",
    "AWS::CloudFront::Distribution",
    "AWS::Cognito",
    "AWS::EC2",
    "AWS::Lambda::EventSourceMapping",
)
_LINKED = {"RDS": "rds", "Cognito": "email.cognito-idp"}


def requests(made: Made, handler: str, permission: str) -> list[Request]:
    """The requests behind one permission of a resource's handler."""
    service, _, action = permission.partition(":")
    permission = f"{service.lower()}:{action}"
    if any(fnmatchcase(permission, one) for one in _UNNAMED):
        return [Request(permission, "*", REGIONAL | dict(made.requested))]
    if service.lower() != _service(made.kind):
        return [_of_another(made, permission)]
    if service == "iam":
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/{made.prefix}-boundary"
        return [Request(permission, made.role, {"iam:PermissionsBoundary": boundary})]
    if made.kind == "AWS::SecretsManager::RotationSchedule":
        return [_of_password(made, permission)]
    return list(_of_itself(made, handler == "create", permission))


def _service(kind: str) -> str:
    services = {"StepFunctions": "states", "Cognito": "cognito-idp"}
    area = kind.split("::")[1]
    return services.get(area, area.lower())


def _of_another(made: Made, permission: str) -> Request:
    """A request to another service than the resource's own."""
    area = made.kind.split("::")[1]
    service, _, action = permission.partition(":")
    if action == "PassRole":
        return Request(permission, made.role, {"iam:PassedToService": f"{_PASSED_TO[area]}.amazonaws.com"})
    if action == "CreateServiceLinkedRole":
        linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x"
        return Request(permission, linked, {"iam:AWSServiceName": f"{_LINKED[area]}.amazonaws.com"})
    if service == "kms":
        via = f"{_service(made.kind)}.{REGION}.amazonaws.com"
        context = {"kms:ViaService": via, "kms:GrantIsForAWSResource": "true"}
        return Request(permission, made.key, context)
    if service == "secretsmanager":
        return _of_password(made, permission)
    places = {"iam": made.role, "s3": f"{made.artifacts}/{blob_key(made.environment, 'aa')}"}
    return Request(permission, places.get(service, "*"), REGIONAL)


def _of_password(made: Made, permission: str) -> Request:
    """The database's password. RDS makes the secret, and its tags come with it."""
    secret = own("secretsmanager", "secret:rds!cluster-1-AbCdEf")
    if permission.endswith((":CreateSecret", ":TagResource")):
        return Request(permission, secret)
    cluster = own("rds", f"cluster:{made.prefix}-database")
    return Request(permission, secret, {"aws:ResourceTag/aws:rds:primaryDBClusterArn": cluster})


def _of_itself(made: Made, new: bool, permission: str) -> Iterator[Request]:
    """Requests on the resource. Its tags are known once it exists."""
    arns, (_, _, action) = ARNS[made.kind](made), permission.partition(":")
    if permission in _NEW:
        yield Request(permission, arns[0], made.requested)
        yield from (_at(made, permission, place) for place in _PLACES.get(permission, ()))
    elif permission == "ec2:CreateTags" and new:
        yield Request(permission, arns[0], {**made.requested, "ec2:CreateAction": _CREATES[made.kind]})
    elif made.kind == "AWS::ApiGateway::RestApi":
        yield from _of_api(made, new, permission)
    elif action == "GetLayerVersion":
        yield from (Request(permission, arn) for arn in made.properties.get("Layers", ()))
    elif action == "TagResource" and new:
        yield from (Request(permission, arn, made.requested) for arn in arns)
    elif made.kind == "AWS::Lambda::EventSourceMapping" and "tag" not in action.lower():
        of_function = {"lambda:FunctionArn": str(made.properties["FunctionName"])}
        yield Request(permission, arns[0], {**of_function, **REGIONAL})
    else:
        tags = made.tags if made.kind.startswith(_WITH_TAGS) else {}
        yield from (Request(permission, arn, {**tags, **REGIONAL}) for arn in arns)
        yield from (Request(permission, own("rds", one)) for one in _besides(made, action))


def _at(made: Made, permission: str, place: str) -> Request:
    """A request on the place of a new resource. An existing network has none of the app's tags."""
    network = str(made.properties.get("VpcId"))
    if place == "vpc" and network.startswith("vpc-"):
        return Request(permission, own("ec2", f"vpc/{network}"))
    return Request(permission, own("ec2", f"{place}/2"), made.tags)


def _of_api(made: Made, new: bool, permission: str) -> Iterator[Request]:
    """An API's own calls: the new one has no address yet, and tags have an address of their own.

    An import takes no tags, so a new API has none until CloudFormation tags it:
    https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
    """
    gateway = f"arn:aws:apigateway:{REGION}::"
    tagged = f"{gateway}/tags/arn%3Aaws%3Aapigateway%3A{REGION}%3A%3A%2Frestapis%2Fa1"
    if new and permission == "apigateway:POST":
        yield Request(permission, f"{gateway}/restapis", REGIONAL)
    elif permission == "apigateway:GET":
        yield from (Request(permission, one, REGIONAL) for one in (f"{gateway}/restapis/a1", tagged))
    else:
        yield Request(permission, f"{gateway}/restapis/a1", made.tags)
        if permission in {"apigateway:PUT", "apigateway:DELETE"}:
            yield Request(permission, tagged, made.requested if new else made.tags)


def _besides(made: Made, action: str) -> list[str]:
    """The other resources of RDS's creating calls.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
    """
    options, subnets = "og:default:aurora-postgresql-17", f"subgrp:{made.prefix}-database"
    others = {
        "CreateDBInstance": (
            options, subnets, "pg:default.aurora-postgresql17", f"cluster:{made.prefix}-database",
        ),
        "CreateDBCluster": (options, subnets, f"cluster-pg:{made.stack}-x"),
        "CreateDBClusterSnapshot": (f"cluster-snapshot:{made.stack}-snapshot-databasecluster-1abc",),
    }  # fmt: skip
    return list(others.get(action, ()))


def resources_of(
    document: Document, stack: str, app: str, environment: str, key: str, artifacts: str
) -> Iterator[Made]:
    """The resources of a rendered template."""
    for logical_id, resource in document.resources.items():
        yield Made(
            kind=resource["Type"],
            logical_id=logical_id,
            stack=stack,
            app=app,
            environment=environment,
            key=key,
            artifacts=artifacts,
            properties=document.resolve(resource.get("Properties", {})),
            policy=resource.get("DeletionPolicy", "Delete"),
        )
