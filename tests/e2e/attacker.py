"""Somebody with a role's keys, who changes everything that the role lets them change (TRU-1).

Nothing here lists Kanmon's objects: roles, rights, objects, stacks and functions come from the account.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from embedded.authorisation.evaluation import Effect, Principal, Request, decide, statements_of
from embedded.github.identities import ISSUER, unsigned
from kanmon.aws.policies import policy_statements

from .poison import MARK, SHA256

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded.authorisation.evaluation import Statement

    from .poison import Poison
    from .project import Project

Place = tuple[str, str]
"""A bucket and a key."""
Contents = Mapping[Place, bytes]

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}
READS = re.compile(r"[\w-]+:(Get|List|Describe|Head)\w*|kms:Decrypt|kms:GenerateDataKey|apigateway:GET")
_AT_ONCE = 8
_WITHHOLDING: list[dict[str, str]] = [
    {"IfNoneMatch": "*", "StorageClass": "GLACIER"},
    {"IfNoneMatch": "*", "SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
    {"IfNoneMatch": "*", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/attacker"},
]
"""Ways to write an object that nobody else can read, or not at once."""
ATTACKER = "attacker"
"""The name that an attacker takes a role with: IAM's denials have it."""


@dataclass
class Tally:
    """What was tried, and how it ended."""

    objects: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    """`allowed`, `denied`, `refused` (by a condition or a missing thing)."""
    actions: set[str] = field(default_factory=set)
    """The actions that were tried."""
    packages: set[str] = field(default_factory=set)
    """The attacker's function packages, as Lambda names content."""

    def __str__(self) -> str:
        return (
            f"objects {len(self.objects)}, calls {self.calls.total()}, denied {self.calls['denied']}, "
            f"allowed {self.calls['allowed']}, refused {self.calls['refused']}"
        )


@dataclass(frozen=True)
class Role:
    """A role's rights as they were rendered and deployed."""

    name: str
    arn: str
    trust: Mapping[str, Any]
    statements: tuple[Statement, ...]

    @classmethod
    def read(cls, iam: Any, name: str) -> Role:
        """From IAM itself."""
        role = iam.get_role(RoleName=name)["Role"]
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in policies]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        documents += [{"Statement": policy_statements(iam, one["PolicyArn"])} for one in attached]
        statements = tuple(one for document in documents for one in statements_of(document))
        return cls(name, role["Arn"], role["AssumeRolePolicyDocument"], statements)

    @property
    def actions(self) -> set[str]:
        """The actions that change something."""
        found = {action for one in self.statements for action in one.actions or ()}
        return {action for action in found if not READS.fullmatch(action)}

    def allows(self, action: str, resource: str, **context: str) -> bool:
        """The answer of the rendered policy, without the policies of resources."""
        principal = Principal(self.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/x")
        return decide(Request(action, resource, context, principal), self.statements) is Effect.ALLOW

    def keys(self, project: Project, holder: str = "job") -> dict[str, str]:
        """The keys of a job that the role trusts: its claims are those that the trust asks for."""
        (trusted,) = self.trust["Statement"]
        claims: dict[str, str] = {}
        for operator, expected in trusted["Condition"].items():
            for key, values in expected.items():
                first = values if isinstance(values, str) else values[0]
                claims[key.partition(":")[2]] = first.replace("*", "any") if "Like" in operator else first
        token = unsigned({"iss": ISSUER, "exp": 2**40, **claims})
        answer = project.client("sts").assume_role_with_web_identity(
            RoleArn=self.arn, RoleSessionName=holder, WebIdentityToken=token
        )
        given = answer["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }


@dataclass(frozen=True)
class Attacker:
    """A holder of one role."""

    role: Role
    project: Project
    poison: Poison
    tally: Tally
    keys: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A client with the role's rights; it does not repeat a call."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.project.environment["AWS_ENDPOINT_URL"],
            region_name=self.project.environment["AWS_REGION"],
            aws_access_key_id=self.keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.keys["AWS_SESSION_TOKEN"],
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=_AT_ONCE),
        )

    def attempt(self, action: str, call: Callable[..., Any], **arguments: Any) -> bool:
        """One try; whether it was done."""
        self.tally.actions.add(action)
        try:
            call(**arguments)
        except ClientError as error:
            denied = error.response["Error"]["Code"] in DENIED
            self.tally.calls["denied" if denied else "refused"] += 1
            return False
        except BotoCoreError:
            self.tally.calls["refused"] += 1
            return False
        self.tally.calls["allowed"] += 1
        return True

    def change_objects(self, contents: Contents) -> None:
        """Every way of changing each object, to its end: replaced, copied over, tagged, opened, deleted."""
        changed, s3 = self.forge(contents), self.client("s3")
        source = "/".join(next(iter(contents)))

        def change(place: Place) -> None:
            self.tally.objects.add("/".join(place))
            at = {"Bucket": place[0], "Key": place[1]}
            for action, call, arguments in _object_ways(s3, at, changed[place], source):
                self.attempt(action, call, **arguments)
            self._by_parts(s3, at, changed[place])

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(change, contents))

    def put(self, contents: Contents) -> int:
        """Write objects, over others and as new ones. Returns the number of those written."""
        s3 = self.client("s3")

        def write(place: Place) -> bool:
            self.tally.objects.add("/".join(place))
            at = {"Bucket": place[0], "Key": place[1], "Body": contents[place]}
            ways = [*_WITHHOLDING, {}, {"IfNoneMatch": "*", "ChecksumAlgorithm": "SHA256"}]
            return any([self.attempt("s3:PutObject", s3.put_object, **at, **way) for way in ways])  # noqa: C419

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(pool.map(write, contents))

    def forge(self, contents: Contents) -> dict[Place, bytes]:
        """The attacker's version of each object. What it names lies there, under its own right name.

        Leaves come first, then what names them: packages and pages, then manifests.
        """
        forged: dict[str, str] = {}
        for place, body in sorted(contents.items(), key=lambda item: item[1][:1] == b"{"):
            name = SHA256.fullmatch(place[1][-64:])
            if name:
                changed = self.poison.of(body, forged)
                digest = hashlib.sha256(changed)
                forged[name[0]] = digest.hexdigest()
                if changed[:2] == b"PK":
                    self.tally.packages.add(base64.b64encode(digest.digest()).decode())
                self.put({(place[0], place[1][:-64] + digest.hexdigest()): changed})
        return {place: self.poison.of(body, forged) for place, body in contents.items()}

    def replace_change_sets(self, stacks: Mapping[str, str]) -> None:
        """Delete each stack's change sets, and make others of their names. `stacks` has their templates."""
        seen, own = self.project.client("cloudformation"), self.client("cloudformation")
        service = self.role.arn.rpartition("-")[0] + "-cloudformation"
        for stack, template in stacks.items():
            changed = self.poison.of(template.encode(), {}).decode()
            self.attempt("cloudformation:ListChangeSets", own.list_change_sets, StackName=stack)
            names = [one["ChangeSetName"] for one in seen.list_change_sets(StackName=stack)["Summaries"]]
            for name in [*names, "attack"]:
                at = {"StackName": stack, "ChangeSetName": name}
                self.attempt("cloudformation:DeleteChangeSet", own.delete_change_set, **at)
                given = {"TemplateBody": changed, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
                parameters = [
                    {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True}
                    for one in seen.describe_stacks(StackName=stack)["Stacks"][0].get("Parameters", [])
                ]
                for role in (
                    {"RoleARN": service},
                    {"RoleARN": service, "Tags": [{"Key": "a", "Value": "b"}]},
                    {},
                ):
                    create = partial(own.create_change_set, **at, **given, Parameters=parameters, **role)
                    self.attempt("cloudformation:CreateChangeSet", create)
                    # The stacks have tags. A change set without them removes them.
                    self.tally.actions |= {f"cloudformation:{verb}agResource" for verb in ("T", "Unt")}
                    self.tally.actions.add("iam:PassRole")
                self.attempt("cloudformation:ExecuteChangeSet", own.execute_change_set, **at)

    def try_everything_else(self, stacks: Mapping[str, str], functions: list[str]) -> None:
        """Each service's own ways to change what runs, who may do what, and what people read."""
        for action, call, arguments in self._other_ways(stacks, functions):
            self.attempt(action, call, **arguments)

    def _other_ways(
        self, stacks: Mapping[str, str], functions: list[str]
    ) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
        seen = self.project
        cloudformation, iam, sns = (self.client(name) for name in ("cloudformation", "iam", "sns"))
        body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
        for stack in stacks:
            named = {"StackName": stack}
            yield "cloudformation:UpdateStack", cloudformation.update_stack, {**named, "TemplateBody": body}
            yield "cloudformation:DeleteStack", cloudformation.delete_stack, named
            policy = {
                "Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]
            }
            yield (
                "cloudformation:SetStackPolicy",
                cloudformation.set_stack_policy,
                {**named, "StackPolicyBody": json.dumps(policy)},
            )
            yield (
                "cloudformation:UpdateTerminationProtection",
                cloudformation.update_termination_protection,
                {**named, "EnableTerminationProtection": False},
            )
        yield (
            "cloudformation:CreateStack",
            cloudformation.create_stack,
            {"StackName": MARK, "TemplateBody": body},
        )
        anybody = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        )
        for role in seen.client("iam").list_roles()["Roles"]:
            named = {"RoleName": role["RoleName"]}
            yield (
                "iam:PutRolePolicy",
                iam.put_role_policy,
                {**named, "PolicyName": MARK, "PolicyDocument": anybody},
            )
            yield (
                "iam:UpdateAssumeRolePolicy",
                iam.update_assume_role_policy,
                {**named, "PolicyDocument": anybody},
            )
            yield "iam:DeleteRolePermissionsBoundary", iam.delete_role_permissions_boundary, named
            yield (
                "sts:AssumeRole",
                self.client("sts").assume_role,
                {"RoleArn": role["Arn"], "RoleSessionName": "x"},
            )
        yield "iam:CreateRole", iam.create_role, {"RoleName": MARK, "AssumeRolePolicyDocument": anybody}
        for topic in seen.client("sns").list_topics()["Topics"]:
            yield "sns:Publish", sns.publish, {"TopicArn": topic["TopicArn"], "Message": MARK}
            yield (
                "sns:SetTopicAttributes",
                sns.set_topic_attributes,
                {"TopicArn": topic["TopicArn"], "AttributeName": "Policy", "AttributeValue": anybody},
            )
        lambdas = self.client("lambda")
        for function in functions:
            named = {"FunctionName": function}
            yield "lambda:InvokeFunction", lambdas.invoke, {**named, "Payload": b"{}"}
            yield "lambda:UpdateFunctionCode", lambdas.update_function_code, {**named, "ZipFile": b"PK"}
            yield (
                "lambda:UpdateFunctionConfiguration",
                lambdas.update_function_configuration,
                {**named, "Handler": MARK},
            )
            yield (
                "lambda:AddPermission",
                lambdas.add_permission,
                {**named, "StatementId": "x", "Action": "lambda:*", "Principal": "*"},
            )
        yield from self._data_ways()

    def _data_ways(self) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
        seen = self.project
        gateway, rds, secrets, s3 = (
            self.client(name) for name in ("apigateway", "rds", "secretsmanager", "s3")
        )
        for api in seen.client("apigateway").get_rest_apis()["items"]:
            named = {"restApiId": api["id"]}
            for stage in seen.client("apigateway").get_stages(**named)["item"]:
                other = {"op": "replace", "path": "/variables/slot", "value": MARK}
                at = {**named, "stageName": stage["stageName"]}
                yield "apigateway:PATCH", gateway.update_stage, {**at, "patchOperations": [other]}
                yield "apigateway:DELETE", gateway.delete_stage, at
            yield "apigateway:POST", gateway.create_deployment, named
            for one in seen.client("apigateway").get_deployments(**named)["items"]:
                yield "apigateway:DELETE", gateway.delete_deployment, {**named, "deploymentId": one["id"]}
            yield "apigateway:PUT", gateway.put_rest_api, {**named, "body": b"{}"}
        for cluster in seen.client("rds").describe_db_clusters()["DBClusters"]:
            named = {"DBClusterIdentifier": cluster["DBClusterIdentifier"]}
            yield (
                "rds:CreateDBClusterSnapshot",
                rds.create_db_cluster_snapshot,
                {**named, "DBClusterSnapshotIdentifier": MARK},
            )
            yield "rds:ModifyDBCluster", rds.modify_db_cluster, {**named, "MasterUserPassword": MARK}
        snapshots = seen.client("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
        for name in [MARK, *(one["DBClusterSnapshotIdentifier"] for one in snapshots)]:
            yield (
                "rds:DeleteDBClusterSnapshot",
                rds.delete_db_cluster_snapshot,
                {"DBClusterSnapshotIdentifier": name},
            )
        for secret in seen.client("secretsmanager").list_secrets()["SecretList"]:
            yield (
                "secretsmanager:PutSecretValue",
                secrets.put_secret_value,
                {"SecretId": secret["ARN"], "SecretString": MARK},
            )
        for bucket in seen.client("s3").list_buckets()["Buckets"]:
            yield "s3:DeleteBucketPolicy", s3.delete_bucket_policy, {"Bucket": bucket["Name"]}
            yield (
                "s3:PutBucketVersioning",
                s3.put_bucket_versioning,
                {"Bucket": bucket["Name"], "VersioningConfiguration": {"Status": "Suspended"}},
            )
        metric = {"Namespace": "Kanmon", "MetricData": [{"MetricName": MARK, "Value": 1}]}
        yield "cloudwatch:PutMetricData", self.client("cloudwatch").put_metric_data, metric
        yield (
            "cloudwatch:PutMetricAlarm",
            self.client("cloudwatch").disable_alarm_actions,
            {"AlarmNames": [MARK]},
        )

    def _by_parts(self, s3: Any, at: Mapping[str, str], body: bytes) -> None:
        """A multipart upload, to its end."""
        try:
            upload = s3.create_multipart_upload(**at)["UploadId"]
        except ClientError:
            self.tally.calls["denied"] += 1
            return
        self.tally.calls["allowed"] += 1
        part = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=body)
        whole = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        for condition in ({}, {"IfNoneMatch": "*"}):
            finish = partial(
                s3.complete_multipart_upload, **at, UploadId=upload, MultipartUpload=whole, **condition
            )
            self.attempt("s3:PutObject", finish)
        self.attempt("s3:AbortMultipartUpload", partial(s3.abort_multipart_upload, **at, UploadId=upload))


def _object_ways(
    s3: Any, at: Mapping[str, str], body: bytes, source: str
) -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    plain = {**at, "Body": body}
    yield "s3:PutObject", s3.put_object, plain
    yield "s3:PutObject", s3.put_object, {**plain, "IfNoneMatch": "*"}
    yield "s3:PutObject", s3.put_object, {**plain, "ChecksumAlgorithm": "SHA256"}
    yield "s3:PutObject", s3.copy_object, {**at, "CopySource": source, "MetadataDirective": "REPLACE"}
    yield "s3:PutObject", s3.copy_object, {**at, "CopySource": source, "IfNoneMatch": "*"}
    yield (
        "s3:PutObjectTagging",
        s3.put_object_tagging,
        {**at, "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    )
    yield "s3:PutObjectAcl", s3.put_object_acl, {**at, "ACL": "public-read"}
    yield "s3:DeleteObject", s3.delete_object, dict(at)
    yield (
        "s3:DeleteObject",
        s3.delete_objects,
        {"Bucket": at["Bucket"], "Delete": {"Objects": [{"Key": at["Key"]}]}},
    )
    yield "s3:DeleteObjectVersion", s3.delete_object, {**at, "VersionId": "null"}
