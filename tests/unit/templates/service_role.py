"""CloudFormation's role beside all calls of its resource handlers: what is denied, what goes beyond, and why.

Print the figures: `python -m tests.unit.templates.service_role`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from embedded.authorisation.evaluation import Request, Statement, like
from kanmon.config.github import Github
from kanmon.naming import Output, Parameter, database_cluster, logical_id, stack_name
from kanmon.templates.offline import BOOTSTRAP
from tests.fakes.app import make_full_config
from tests.fakes.configs import GITHUB, matrix, templates
from tests.unit.templates.handlers import Made, handlers, requests, resources_of
from tests.unit.templates.iam import Document, allows
from tests.unit.templates.parsed import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

# It has no handler and no permission: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-waitconditionhandle.html
WITHOUT_HANDLERS = {"AWS::CloudFormation::WaitConditionHandle"}

ABSENT: dict[tuple[str, str], str] = {
    ("ApiGateway::RestApi", "apigateway:UpdateRestApiPolicy"): "Policy",
    ("CloudFront::Distribution", "cloudfront:*ConnectionGroup"): "TenantConfig",
    ("CloudFront::Distribution", "cloudfront:GetVpcOrigin"): "VpcOriginConfig",
    ("CloudFront::Distribution", "cloudfront:UpdateDistributionWithStagingConfig"): "Staging",
    ("Cognito::UserPool", "iam:PassRole"): "SmsConfiguration",
    ("Cognito::UserPool", "kms:*"): "KeyConfiguration",
    ("Cognito::UserPoolClient", "iam:*"): "AnalyticsConfiguration",
    ("Cognito::UserPoolDomain", "cloudfront:updateDistribution"): "CustomDomainConfig",
    # For a pool with a key of its own, which no pool has: see above.
    ("Cognito::UserPoolDomain", "kms:*"): "CustomDomainConfig",
    ("EC2::EIP", "ec2:AcceptAddressTransfer"): "TransferAddress",
    ("EC2::EIP", "ec2:*ssociateAddress"): "InstanceId",
    ("EC2::NatGateway", "ec2:*ssociateNatGatewayAddress"): "SecondaryAllocationIds",
    ("EC2::NatGateway", "ec2:*ssignPrivateNatGatewayAddress"): "SecondaryPrivateIpAddresses",
    ("EC2::Subnet", "ec2:*ssociateSubnetCidrBlock"): "Ipv6CidrBlock",
    ("EC2::VPC", "ec2:CreateVpcEncryptionControl"): "VpcEncryptionControl",
    ("EC2::VPC", "ec2:ModifyVpcTenancy"): "InstanceTenancy",
    ("EC2::VPCEndpoint", "vpc-lattice:*"): "ServiceNetworkArn",
    ("EC2::VPCEndpoint", "vpce:AllowMultiRegion"): "ServiceRegion",
    ("EC2::VPCGatewayAttachment", "ec2:*tachVpnGateway"): "VpnGatewayId",
    ("IAM::Role", "iam:UpdateRoleDescription"): "Description",
    ("Lambda::EventSourceMapping", "kms:*"): "KmsKeyArn",
    ("Lambda::Function", "elasticfilesystem:DescribeMountTargets"): "FileSystemConfigs",
    ("Lambda::Function", "kms:*"): "KmsKeyArn",
    ("Lambda::Function", "lambda:*CodeSigningConfig"): "CodeSigningConfigArn",
    ("Lambda::Function", "lambda:AssociateRuntimeAlias"): "RuntimeManagementConfig",
    ("Lambda::Function", "lambda:PassCapacityProvider"): "CapacityProviderConfig",
    ("Lambda::Function", "lambda:PublishVersion"): "PublishToLatestPublished",
    ("Lambda::Function", "lambda:PutFunctionRecursionConfig"): "RecursiveLoop",
    ("Lambda::Function", "lambda:PutFunctionScalingConfig"): "FunctionScalingConfig",
    ("Lambda::Function", "lambda:PutRuntimeManagementConfig"): "RuntimeManagementConfig",
    ("Lambda::Function", "s3:GetObjectVersion"): "S3ObjectVersion",
    ("Lambda::Function", "s3files:ListMountTargets"): "FileSystemConfigs",
    ("Logs::LogGroup", "firehose:TagDeliveryStream"): "DataProtectionPolicy",
    ("Logs::LogGroup", "logs:CreateLogDelivery"): "DataProtectionPolicy",
    ("Logs::LogGroup", "logs:*DataProtectionPolicy"): "DataProtectionPolicy",
    ("Logs::LogGroup", "logs:*IndexPolicy"): "FieldIndexPolicies",
    ("Logs::LogGroup", "logs:*ResourcePolicy"): "ResourcePolicyDocument",
    ("Logs::LogGroup", "logs:PutBearerTokenAuthentication"): "BearerTokenAuthenticationEnabled",
    ("Logs::LogGroup", "logs:PutLogGroupDeletionProtection"): "DeletionProtectionEnabled",
    ("Logs::LogGroup", "s3:REST.PUT.OBJECT"): "DataProtectionPolicy",
    ("RDS::DBCluster", "iam:PassRole"): "AssociatedRoles",
    ("RDS::DBCluster", "rds:*HttpEndpoint"): "EnableHttpEndpoint",
    ("RDS::DBCluster", "rds:*Role*DBCluster"): "AssociatedRoles",
    ("RDS::DBCluster", "rds:RemoveFromGlobalCluster"): "GlobalClusterIdentifier",
    ("RDS::DBCluster", "rds:RestoreDBClusterFromSnapshot"): "SnapshotIdentifier",
    ("RDS::DBCluster", "rds:RestoreDBClusterToPointInTime"): "SourceDBClusterIdentifier",
    ("RDS::DBInstance", "iam:*"): "MonitoringRoleArn",
    ("RDS::DBInstance", "rds:*ReadReplica"): "SourceDBInstanceIdentifier",
    ("RDS::DBInstance", "rds:*Role*DBInstance"): "AssociatedRoles",
    ("RDS::DBInstance", "rds:RestoreDBInstanceFromDBSnapshot"): "DBSnapshotIdentifier",
    ("RDS::DBInstance", "rds:RestoreDBInstanceToPointInTime"): "SourceDbiResourceId",
    ("RDS::DBInstance", "rds:*DBInstanceAutomatedBackupsReplication"): "AutomaticBackupReplicationRegion",
    ("S3::Bucket", "iam:PassRole"): "ReplicationConfiguration",
    ("S3::Bucket", "s3:*BucketMetadata*"): "MetadataConfiguration",
    ("S3::Bucket", "s3:*AnalyticsConfiguration"): "AnalyticsConfigurations",
    ("S3::Bucket", "s3:*BucketCors"): "CorsConfiguration",
    ("S3::Bucket", "s3:*BucketCORS"): "CorsConfiguration",
    ("S3::Bucket", "s3:*BucketWebsite"): "WebsiteConfiguration",
    ("S3::Bucket", "s3:*MetricsConfiguration"): "MetricsConfigurations",
    ("S3::Bucket", "s3:*Replication"): "ReplicationConfiguration",
    ("S3::Bucket", "s3:DeleteObject"): "MetadataTableConfiguration",
    ("S3::Bucket", "s3:Put*Acl"): "AccessControl",
    ("S3::Bucket", "s3:Put*ObjectLockConfiguration"): "ObjectLockConfiguration",
    ("S3::Bucket", "s3:PutAccelerateConfiguration"): "AccelerateConfiguration",
    ("S3::Bucket", "s3:PutBucketAbac"): "AbacStatus",
    ("S3::Bucket", "s3:PutBucketLogging"): "LoggingConfiguration",
    ("S3::Bucket", "s3:PutBucketNotification"): "NotificationConfiguration",
    ("S3::Bucket", "s3:PutIntelligentTieringConfiguration"): "IntelligentTieringConfigurations",
    ("S3::Bucket", "s3:PutInventoryConfiguration"): "InventoryConfigurations",
    ("S3::Bucket", "s3:PutReplicationConfiguration"): "ReplicationConfiguration",
    ("S3::Bucket", "s3tables:*"): "MetadataTableConfiguration",
    ("SNS::Subscription", "iam:PassRole"): "SubscriptionRoleArn",
    ("SNS::Topic", "iam:PassRole"): "DeliveryStatusLogging",
    ("SNS::Topic", "sns:PutDataProtectionPolicy"): "DataProtectionPolicy",
    ("SecretsManager::RotationSchedule", "lambda:InvokeFunction"): "RotationLambdaARN",
    ("SecretsManager::Secret", "secretsmanager:Re*Region*"): "ReplicaRegions",
    ("StepFunctions::StateMachine", "kms:*"): "EncryptionConfiguration",
    ("StepFunctions::StateMachine", "s3:GetObjectVersion"): "Version",
}
"""Why a permission is denied: its handler uses it for this property, and no template has the property."""

PRESENT: dict[tuple[str, str], str] = {
    # A role's boundary can't be taken away, because every role keeps it.
    ("IAM::Role", "iam:DeleteRolePermissionsBoundary"): "PermissionsBoundary",
    # RDS makes the last snapshot of a cluster, not of its instances.
    ("RDS::DBInstance", "rds:CreateDBSnapshot"): "DBClusterIdentifier",
    # Every bucket keeps both.
    ("S3::Bucket", "s3:DeleteBucketEncryption"): "BucketEncryption",
    ("S3::Bucket", "s3:DeleteBucketLifecycle"): "LifecycleConfiguration",
}
"""Why a permission is denied: its handler uses it without this property, and every resource has it."""

BEYOND: dict[str, str] = {
    "wafv2:GetWebACL": "Without it, CloudFront answers `Unable to verify read permissions on Web ACL`: "
    "https://github.com/aws/aws-sdk-java/issues/2901",
}
"""Why the role has a permission without a handler, by its action."""


@dataclass(frozen=True)
class Judged:
    """A permission of a handler, asked for one rendered resource."""

    made: Made
    handler: str
    permission: str
    request: Request
    allowed: bool

    @property
    def kind(self) -> str:
        return self.made.kind.removeprefix("AWS::")


@dataclass(frozen=True)
class Rendered:
    """All resources of one config, and CloudFormation's role for them."""

    role: list[Statement]
    made: list[Made]


@cache
def rendered() -> dict[str, Rendered]:
    """Several configs, with the longest names, too."""
    longest = make_full_config(app="a" * 21, environment="e" * 15)
    names = ("minimal", "web only", "everything on", "tuned", "existing", "existing network", "reference app")
    cases = {name: matrix()[name] for name in names}
    return {name: _rendered(config) for name, config in {**cases, "longest names": longest}.items()}


def _rendered(config: Config) -> Rendered:
    config = config.model_copy(update={"github": Github(**GITHUB)})
    bodies = templates(config)
    bootstrap = Document(parse(bodies[BOOTSTRAP]))
    environment = logical_id(config.environment)
    key = bootstrap.resolve({"GetAtt": f"{environment}Key.Arn"})
    values = {
        Output.KEY_ARN: key,
        Output.DATABASE_CLUSTER: database_cluster(config.prefix),
        Parameter.SLOT: "blue",
    }
    made: list[Made] = []
    for kind, body in bodies.items():
        if kind != BOOTSTRAP:
            parsed = parse(body)
            parameters = {name: f"<{name}>" for name in parsed.get("Parameters", {})}
            document = Document(parsed, parameters | {str(name): value for name, value in values.items()})
            stack = stack_name(config.prefix, kind, "blue")
            artifacts = bootstrap.resolve({"GetAtt": "ArtifactBucket.Arn"})
            made += resources_of(document, stack, config.app, config.environment, key, artifacts)
    return Rendered(bootstrap.statements(f"{environment}ServiceRole"), made)


@cache
def judged() -> tuple[Judged, ...]:
    """Every permission of every handler of every resource."""
    return tuple(one for case in rendered().values() for one in _judged(case))


def _judged(case: Rendered) -> Iterator[Judged]:
    for made in case.made:
        if made.kind not in WITHOUT_HANDLERS:
            for handler, permissions in handlers(made.kind).items():
                for permission in permissions:
                    for request in requests(made, handler, permission):
                        yield Judged(made, handler, permission, request, allows(case.role, request))


def unexplained() -> set[str]:
    """Denied permissions without a reason that holds."""
    return {
        f"{one.kind}: {one.permission} on {one.request.resource} ({one.handler})"
        for one in judged()
        if not one.allowed and not reason(one)
    }


def reason(one: Judged) -> str:
    """Why a permission may be denied; empty without a reason."""
    only = {name for name, permissions in handlers(one.made.kind).items() if one.permission in permissions}
    if only == {"list"}:
        # https://docs.aws.amazon.com/cloudcontrolapi/latest/userguide/resource-operations-list.html
        return "no stack lists the resources of an account"
    for (kind, permission), name in ABSENT.items():
        if kind == one.kind and like(permission, one.permission) and not _has(one.made.properties, name):
            return f"no template sets {name}"
    for (kind, permission), name in PRESENT.items():
        if kind == one.kind and like(permission, one.permission) and name in one.made.properties:
            return f"every template sets {name}"
    return ""


def _has(value: Any, name: str) -> bool:
    """Whether a property of this name is anywhere."""
    if isinstance(value, dict):
        return name in value or any(_has(one, name) for one in value.values())
    return isinstance(value, list) and any(_has(one, name) for one in value)


def beyond() -> set[str]:
    """The role's actions without a handler of the templates' resources."""
    asked = {one.permission.lower() for one in judged()}
    return {
        action
        for case in rendered().values()
        for statement in case.role
        if statement.effect == "Allow"
        for action in statement.actions or ()
        if not any(like(action.lower(), one) for one in asked)
    }


def report() -> str:
    """The figures of CloudFormation's role, in lines."""
    role = rendered()["longest names"].role
    pairs = {(one.kind, one.handler, one.permission) for one in judged()}
    denied = {(one.kind, one.permission): reason(one) for one in judged() if not one.allowed}
    kinds = {one.kind for one in judged()}
    with_reason = sum(map(bool, denied.values()))
    lines = [
        f"statements: {len(role)}, with {sum(len(one.actions or ()) for one in role)} actions",
        f"resource types: {len(kinds)}",
        f"handler permissions: {len(pairs)}, in {len(judged())} requests of {len(rendered())} configs",
        f"denied permissions: {len(denied)}, reasons {with_reason}, unexplained {len(denied) - with_reason}",
        f"actions beyond the handlers: {len(beyond())}",
        *(f"  {action}: {BEYOND.get(action, 'no reason')}" for action in sorted(beyond())),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(report(), end="")  # noqa: T201 - the figures are its result
