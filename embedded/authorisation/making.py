"""The rights that CloudFormation needs for each type of resource: `handlers` and `tagging` of its schema.

https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
Only the rights that make, change, tag or remove something are here, not those of reading handlers, of other
services' keys, and of properties that no template has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Making:
    """The rights for one type, and the resource that they are for.

    `{Name}` in an ARN is a property, `{id}` the physical id; before the creation a name after the stack.
    """

    arn: str
    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    tag: str = ""
    """The right for the tags of a new resource, and for changed ones."""
    untag: str = ""
    """The right for tags that left."""
    tagged: str = ""
    """The resource of both, if it is another one."""
    passed: str = ""
    """The service that gets the resource's roles."""
    besides: tuple[str, ...] = ()
    """The other resources of a creation: AWS asks for the right on each."""
    imported: bool = False
    """The creation takes no tags; they come after it."""


def _regional(service: str, name: str) -> str:
    return f"arn:aws:{service}:{{region}}:{{account}}:{name}"


def _network(kind: str, create: str, delete: str, *besides: str, update: tuple[str, ...] = ()) -> Making:
    return Making(
        _regional("ec2", f"{kind}/{{id}}"),
        (f"ec2:{create}",),
        tuple(f"ec2:{one}" for one in update),
        (f"ec2:{delete}",),
        "ec2:CreateTags",
        "ec2:DeleteTags",
        besides=tuple(_regional("ec2", one) for one in besides),
    )


def _link(place: str, create: str, update: str, delete: str) -> Making:
    """A part of a network without tags of its own."""
    one = (f"ec2:{update}",) if update else ()
    return Making(_regional("ec2", place), (f"ec2:{create}",), one, (f"ec2:{delete}",))


def _database(kind: str, name: str, *besides: str, arn: str = "") -> Making:
    return Making(
        _regional("rds", arn or f"{kind}:{{{name}}}"),
        (f"rds:Create{name}",),
        (f"rds:Modify{name}",),
        (f"rds:Delete{name}",),
        "rds:AddTagsToResource",
        "rds:RemoveTagsFromResource",
        besides=tuple(_regional("rds", one) for one in besides),
    )


def _edge(kind: str, name: str) -> Making:
    create, update, delete = ((f"cloudfront:{verb}{name}",) for verb in ("Create", "Update", "Delete"))
    return Making(f"arn:aws:cloudfront::{{account}}:{kind}/{{id}}", create, update, delete)


def _policy(service: str, arn: str, put: str, delete: str = "") -> Making:
    right = f"{service}:{put}"
    return Making(arn, (right,), (right,), (f"{service}:{delete or put}",))


_API = "arn:aws:apigateway:{region}::"
_FUNCTION = _regional("lambda", "function:{FunctionName}")
_LOG = _regional("logs", "log-group:{LogGroupName}")
_POOL = _regional("cognito-idp", "userpool/{id}")
_VPC, _SUBNET = "vpc/{VpcId}", "subnet/{SubnetId}"
_OPTIONS = "og:default:aurora-postgresql-17"
MADE: dict[str, Making] = {
    "AWS::ApiGateway::Deployment": Making(
        _API + "/restapis/{RestApiId}/deployments", ("apigateway:POST",), (), ("apigateway:DELETE",)
    ),
    # An import takes no tags. Its roles are those of the document's integrations.
    "AWS::ApiGateway::RestApi": Making(
        _API + "/restapis/{id}",
        ("apigateway:POST",),
        ("apigateway:PUT",),
        ("apigateway:DELETE",),
        "apigateway:PUT",
        "apigateway:DELETE",
        _API + "/tags/arn%3Aaws%3Aapigateway%3A{region}%3A%3A%2Frestapis%2F{id}",
        "apigateway.amazonaws.com",
        imported=True,
    ),
    "AWS::CloudFront::CachePolicy": _edge("cache-policy", "CachePolicy"),
    "AWS::CloudFront::Distribution": Making(
        "arn:aws:cloudfront::{account}:distribution/{id}",
        ("cloudfront:CreateDistribution",),
        ("cloudfront:UpdateDistribution",),
        ("cloudfront:DeleteDistribution",),
        "cloudfront:TagResource",
        "cloudfront:UntagResource",
    ),
    "AWS::CloudFront::Function": Making(
        "arn:aws:cloudfront::{account}:function/{Name}",
        ("cloudfront:CreateFunction", "cloudfront:PublishFunction"),
        ("cloudfront:UpdateFunction", "cloudfront:PublishFunction"),
        ("cloudfront:DeleteFunction",),
        "cloudfront:TagResource",
        "cloudfront:UntagResource",
    ),
    "AWS::CloudFront::MonitoringSubscription": Making(
        "*",
        ("cloudfront:CreateMonitoringSubscription",),
        (),
        ("cloudfront:DeleteMonitoringSubscription",),
    ),
    "AWS::CloudFront::OriginAccessControl": _edge("origin-access-control", "OriginAccessControl"),
    "AWS::CloudFront::ResponseHeadersPolicy": _edge("response-headers-policy", "ResponseHeadersPolicy"),
    "AWS::CloudWatch::Alarm": Making(
        _regional("cloudwatch", "alarm:{AlarmName}"),
        ("cloudwatch:PutMetricAlarm",),
        ("cloudwatch:PutMetricAlarm",),
        ("cloudwatch:DeleteAlarms",),
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ),
    "AWS::CloudWatch::CompositeAlarm": Making(
        _regional("cloudwatch", "alarm:{AlarmName}"),
        ("cloudwatch:PutCompositeAlarm",),
        ("cloudwatch:PutCompositeAlarm",),
        ("cloudwatch:DeleteAlarms",),
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ),
    "AWS::CloudWatch::Dashboard": Making(
        "arn:aws:cloudwatch::{account}:dashboard/{DashboardName}",
        ("cloudwatch:PutDashboard",),
        ("cloudwatch:PutDashboard",),
        ("cloudwatch:DeleteDashboards",),
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
    ),
    "AWS::Cognito::UserPool": Making(
        _POOL,
        ("cognito-idp:CreateUserPool",),
        ("cognito-idp:UpdateUserPool",),
        ("cognito-idp:DeleteUserPool",),
        "cognito-idp:TagResource",
        "cognito-idp:UntagResource",
    ),
    "AWS::Cognito::UserPoolClient": Making(
        _regional("cognito-idp", "userpool/{UserPoolId}"),
        ("cognito-idp:CreateUserPoolClient",),
        ("cognito-idp:UpdateUserPoolClient",),
        ("cognito-idp:DeleteUserPoolClient",),
    ),
    "AWS::Cognito::UserPoolDomain": Making(
        _regional("cognito-idp", "userpool/{UserPoolId}"),
        ("cognito-idp:CreateUserPoolDomain",),
        ("cognito-idp:UpdateUserPoolDomain",),
        ("cognito-idp:DeleteUserPoolDomain",),
    ),
    "AWS::Cognito::UserPoolResourceServer": Making(
        _regional("cognito-idp", "userpool/{UserPoolId}"),
        ("cognito-idp:CreateResourceServer",),
        ("cognito-idp:UpdateResourceServer",),
        ("cognito-idp:DeleteResourceServer",),
    ),
    "AWS::EC2::EIP": _network("elastic-ip", "AllocateAddress", "ReleaseAddress"),
    "AWS::EC2::InternetGateway": _network(
        "internet-gateway", "CreateInternetGateway", "DeleteInternetGateway"
    ),
    "AWS::EC2::NatGateway": _network("natgateway", "CreateNatGateway", "DeleteNatGateway", _SUBNET),
    "AWS::EC2::Route": _link("route-table/{RouteTableId}", "CreateRoute", "ReplaceRoute", "DeleteRoute"),
    "AWS::EC2::RouteTable": _network("route-table", "CreateRouteTable", "DeleteRouteTable", _VPC),
    "AWS::EC2::SecurityGroup": _network("security-group", "CreateSecurityGroup", "DeleteSecurityGroup", _VPC),
    "AWS::EC2::SecurityGroupEgress": _link(
        "security-group/{GroupId}",
        "AuthorizeSecurityGroupEgress",
        "UpdateSecurityGroupRuleDescriptionsEgress",
        "RevokeSecurityGroupEgress",
    ),
    "AWS::EC2::SecurityGroupIngress": _link(
        "security-group/{GroupId}",
        "AuthorizeSecurityGroupIngress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "RevokeSecurityGroupIngress",
    ),
    "AWS::EC2::Subnet": _network(
        "subnet", "CreateSubnet", "DeleteSubnet", _VPC, update=("ModifySubnetAttribute",)
    ),
    "AWS::EC2::SubnetRouteTableAssociation": _link(
        "route-table/{RouteTableId}", "AssociateRouteTable", "", "DisassociateRouteTable"
    ),
    "AWS::EC2::VPC": _network("vpc", "CreateVpc", "DeleteVpc", update=("ModifyVpcAttribute",)),
    "AWS::EC2::VPCEndpoint": _network(
        "vpc-endpoint", "CreateVpcEndpoint", "DeleteVpcEndpoints", _VPC, update=("ModifyVpcEndpoint",)
    ),
    "AWS::EC2::VPCGatewayAttachment": _link(
        _VPC, "AttachInternetGateway", "AttachInternetGateway", "DetachInternetGateway"
    ),
    "AWS::IAM::Role": Making(
        "arn:aws:iam::{account}:role{Path}{RoleName}",
        ("iam:CreateRole", "iam:PutRolePolicy"),
        ("iam:PutRolePolicy",),
        ("iam:DeleteRolePolicy", "iam:DeleteRole"),
        "iam:TagRole",
        "iam:UntagRole",
    ),
    "AWS::IAM::ManagedPolicy": Making(
        "arn:aws:iam::{account}:policy{Path}{ManagedPolicyName}",
        ("iam:CreatePolicy",),
        ("iam:CreatePolicyVersion",),
        ("iam:DeletePolicy",),
    ),
    "AWS::Lambda::EventInvokeConfig": Making(
        _FUNCTION,
        ("lambda:PutFunctionEventInvokeConfig",),
        ("lambda:UpdateFunctionEventInvokeConfig",),
        ("lambda:DeleteFunctionEventInvokeConfig",),
    ),
    "AWS::Lambda::EventSourceMapping": Making(
        _regional("lambda", "event-source-mapping:{id}"),
        ("lambda:CreateEventSourceMapping",),
        ("lambda:UpdateEventSourceMapping",),
        ("lambda:DeleteEventSourceMapping",),
        "lambda:TagResource",
        "lambda:UntagResource",
    ),
    "AWS::Lambda::Function": Making(
        _FUNCTION,
        ("lambda:CreateFunction",),
        ("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"),
        ("lambda:DeleteFunction",),
        "lambda:TagResource",
        "lambda:UntagResource",
        passed="lambda.amazonaws.com",
    ),
    "AWS::Lambda::Permission": Making(_FUNCTION, ("lambda:AddPermission",), (), ("lambda:RemovePermission",)),
    "AWS::Logs::LogGroup": Making(
        _LOG,
        ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
        ("logs:PutRetentionPolicy",),
        ("logs:DeleteLogGroup",),
        "logs:TagResource",
        "logs:UntagResource",
    ),
    "AWS::Logs::MetricFilter": _policy("logs", _LOG, "PutMetricFilter", "DeleteMetricFilter"),
    "AWS::Logs::QueryDefinition": _policy("logs", "*", "PutQueryDefinition", "DeleteQueryDefinition"),
    "AWS::RDS::DBCluster": _database(
        "cluster",
        "DBCluster",
        _OPTIONS,
        "subgrp:{DBSubnetGroupName}",
        "cluster-pg:{DBClusterParameterGroupName}",
        arn="cluster:{DBClusterIdentifier}",
    ),
    "AWS::RDS::DBClusterParameterGroup": _database(
        "cluster-pg", "DBClusterParameterGroup", arn="cluster-pg:{id}"
    ),
    "AWS::RDS::DBInstance": _database(
        "db",
        "DBInstance",
        _OPTIONS,
        "pg:default.aurora-postgresql17",
        "cluster:{DBClusterIdentifier}",
        arn="db:{DBInstanceIdentifier}",
    ),
    "AWS::RDS::DBSubnetGroup": _database("subgrp", "DBSubnetGroup", arn="subgrp:{DBSubnetGroupName}"),
    "AWS::S3::Bucket": Making(
        "arn:aws:s3:::{BucketName}",
        ("s3:CreateBucket",),
        ("s3:PutBucketVersioning",),
        ("s3:DeleteBucket",),
        "s3:PutBucketTagging",
        "s3:PutBucketTagging",
    ),
    "AWS::S3::BucketPolicy": _policy("s3", "arn:aws:s3:::{Bucket}", "PutBucketPolicy", "DeleteBucketPolicy"),
    "AWS::SNS::Subscription": Making(
        "{TopicArn}", ("sns:Subscribe",), ("sns:SetSubscriptionAttributes",), ("sns:Unsubscribe",)
    ),
    "AWS::SNS::Topic": Making(
        _regional("sns", "{TopicName}"),
        ("sns:CreateTopic",),
        ("sns:SetTopicAttributes",),
        ("sns:DeleteTopic",),
        "sns:TagResource",
        "sns:UntagResource",
    ),
    "AWS::SNS::TopicPolicy": _policy("sns", "{Topics}", "SetTopicAttributes"),
    "AWS::SQS::Queue": Making(
        _regional("sqs", "{QueueName}"),
        ("sqs:CreateQueue",),
        ("sqs:SetQueueAttributes",),
        ("sqs:DeleteQueue",),
        "sqs:TagQueue",
        "sqs:UntagQueue",
    ),
    "AWS::SQS::QueuePolicy": _policy("sqs", _regional("sqs", "{Queues}"), "SetQueueAttributes"),
    "AWS::Scheduler::Schedule": Making(
        _regional("scheduler", "schedule/default/{Name}"),
        ("scheduler:CreateSchedule",),
        ("scheduler:UpdateSchedule",),
        ("scheduler:DeleteSchedule",),
        passed="scheduler.amazonaws.com",
    ),
    "AWS::SecretsManager::RotationSchedule": Making(
        "{SecretId}",
        ("secretsmanager:RotateSecret",),
        ("secretsmanager:RotateSecret",),
        ("secretsmanager:CancelRotateSecret",),
    ),
    "AWS::SecretsManager::Secret": Making(
        _regional("secretsmanager", "secret:{Name}-AbCdEf"),
        ("secretsmanager:CreateSecret",),
        ("secretsmanager:UpdateSecret",),
        ("secretsmanager:DeleteSecret",),
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
    ),
    "AWS::StepFunctions::StateMachine": Making(
        _regional("states", "stateMachine:{StateMachineName}"),
        ("states:CreateStateMachine",),
        ("states:UpdateStateMachine",),
        ("states:DeleteStateMachine",),
        "states:TagResource",
        "states:UntagResource",
        passed="states.amazonaws.com",
    ),
    "AWS::XRay::Group": Making(
        _regional("xray", "group/{GroupName}/1"),
        ("xray:CreateGroup",),
        ("xray:UpdateGroup",),
        ("xray:DeleteGroup",),
        "xray:TagResource",
        "xray:UntagResource",
    ),
    "AWS::XRay::SamplingRule": Making(
        _regional("xray", "sampling-rule/{SamplingRule.RuleName}"),
        ("xray:CreateSamplingRule",),
        ("xray:UpdateSamplingRule",),
        ("xray:DeleteSamplingRule",),
        "xray:TagResource",
        "xray:UntagResource",
    ),
}
"""The types of Kanmon's own stacks beside bootstrap's, and managed policies."""


def arn_of(pattern: str, properties: Mapping[str, Any], **known: str) -> str:
    """The ARN of a resource. A property may be an ARN already, or a queue's address."""
    values = {
        name: known.get(name) or _property(properties, name) or known["id"]
        for name in re.findall(r"\{([\w.]+)\}", pattern)
    }
    whole = next((value for value in values.values() if value.startswith("arn:")), "")
    return whole or re.sub(r"\{([\w.]+)\}", lambda found: values[found[1]], pattern)


def _property(properties: Mapping[str, Any], name: str) -> str:
    value: Any = {"Path": "/", **properties}
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    first = value[0] if isinstance(value, list) and value else value
    return (
        str(first or "").rpartition("://")[2].rpartition("/")[2] if "://" in str(first) else str(first or "")
    )


def besides_of(making: Making, properties: Mapping[str, Any], **known: str) -> list[str]:
    """The other resources of a creation, as far as the properties name them."""
    return [
        arn_of(pattern, properties, **known)
        for pattern in making.besides
        if all(
            known.get(name) or _property(properties, name) for name in re.findall(r"\{([\w.]+)\}", pattern)
        )
    ]


def tags_in(properties: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a resource's properties; a user pool has a property of its own for them."""
    given = properties.get("Tags") or properties.get("UserPoolTags") or ()
    if isinstance(given, dict):
        return {str(key): str(value) for key, value in given.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in given if isinstance(tag, dict)}
