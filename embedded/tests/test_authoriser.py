"""The embedded AWS refuses as IAM does (SEC-1, TRU-1): real requests by real clients."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from . import stacks
from .callers import Caller, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
GITHUB = "https://token.actions.githubusercontent.com"
_numbers = itertools.count(1)


def statement(action: str, resource: str = "*", effect: str = "Allow", **conditions: Any) -> dict[str, Any]:
    """One statement; a condition's operator is a keyword."""
    return {"Effect": effect, "Action": action, "Resource": resource, "Condition": conditions}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@dataclass(frozen=True)
class Account:
    """The account, seen by its administrator."""

    root: Caller
    bucket: str

    def holder(self, *statements: dict[str, Any], boundary: str | None = None, **more: Any) -> Caller:
        """The holder of a new role with these statements."""
        iam, name = self.root.client("iam"), f"role-{next(_numbers)}"
        trust = statement("sts:AssumeRole")
        del trust["Resource"]
        trust["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        limit = {"PermissionsBoundary": boundary} if boundary else {}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust), **limit)["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        return self.root.assume(role["Arn"], **more)

    def managed(self, *statements: dict[str, Any]) -> str:
        """A managed policy's ARN."""
        name = f"policy-{next(_numbers)}"
        made = self.root.client("iam").create_policy(PolicyName=name, PolicyDocument=document(*statements))
        return str(made["Policy"]["Arn"])


@pytest.fixture(scope="module")
def account(aws: EmbeddedAws) -> Account:
    made = Account(Caller.administrator(aws), f"authoriser-{ACCOUNT}")
    s3 = made.root.client("s3")
    s3.create_bucket(Bucket=made.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("open/one", "closed/one"):
        s3.put_object(Bucket=made.bucket, Key=key, Body=b"1")
    return made


def refused(call: Callable[[], Any]) -> str:
    """The text of a refusal."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] in {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
    return error["Message"]


def anonymous(account: Account, service: str) -> Any:
    """A client without credentials."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=account.root.aws.endpoint_url,
        region_name=REGION,
        config=Config(signature_version=UNSIGNED),
    )


def test_a_role_does_only_its_policies_actions(account: Account) -> None:
    objects = f"arn:aws:s3:::{account.bucket}/"
    s3 = account.holder(statement("s3:GetObject", f"{objects}open/*")).client("s3")
    assert s3.get_object(Bucket=account.bucket, Key="open/one")["Body"].read() == b"1"
    text = refused(partial(s3.get_object, Bucket=account.bucket, Key="closed/one"))
    assert "/test is not authorized to perform: s3:GetObject on resource: " + objects + "closed/one" in text
    refused(lambda: s3.put_object(Bucket=account.bucket, Key="open/one", Body=b"2"))


def test_a_denial_wins_and_a_boundary_limits(account: Account) -> None:
    everything = statement("s3:*")
    objects = f"arn:aws:s3:::{account.bucket}/"
    denied = account.holder(everything, statement("s3:Get*", f"{objects}closed/*", "Deny")).client("s3")
    denied.get_object(Bucket=account.bucket, Key="open/one")
    refused(lambda: denied.get_object(Bucket=account.bucket, Key="closed/one"))
    boundary = account.managed(statement("s3:*", f"{objects}open/*"))
    limited = account.holder(everything, boundary=boundary).client("s3")
    limited.get_object(Bucket=account.bucket, Key="open/one")
    refused(lambda: limited.get_object(Bucket=account.bucket, Key="closed/one"))
    narrowed = account.holder(
        everything, Policy=document(statement("s3:GetObject", f"{objects}open/*"))
    ).client("s3")
    narrowed.get_object(Bucket=account.bucket, Key="open/one")
    refused(lambda: narrowed.get_object(Bucket=account.bucket, Key="closed/one"))


def test_objects_under_a_create_only_policy_are_never_changed(account: Account) -> None:
    """TRU-1: neither replaced, copied over, tagged, deleted, nor by parts; loopback counts as TLS."""
    admin, bucket = account.root.client("s3"), f"create-only-{ACCOUNT}"
    admin.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    objects = f"arn:aws:s3:::{bucket}/*"
    rules = [
        statement(
            "s3:PutObject",
            objects,
            "Deny",
            Null={"s3:if-none-match": "true"},
            Bool={"s3:ObjectCreationOperation": "true"},
        ),
        statement("s3:PutObject", objects, "Deny", Bool={"s3:ObjectCreationOperation": "false"}),
        statement("s3:PutObject", objects, "Deny", Null={"s3:x-amz-copy-source": "false"}),
        statement("s3:*", objects, "Deny", Bool={"aws:SecureTransport": "false"}),
    ]
    admin.put_bucket_policy(Bucket=bucket, Policy=document(*({**rule, "Principal": "*"} for rule in rules)))
    s3 = account.holder(statement("s3:PutObject"), statement("s3:GetObject")).client("s3")
    at = {"Bucket": bucket, "Key": "blob"}
    s3.put_object(**at, Body=b"right", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(**at, Body=b"wrong", IfNoneMatch="*")
    ways: list[Callable[[], Any]] = [
        lambda: s3.put_object(**at, Body=b"wrong"),
        lambda: s3.put_object(**at, Body=b"wrong", IfMatch='"0"'),
        lambda: s3.copy_object(**at, CopySource=f"{account.bucket}/open/one"),
        lambda: s3.copy_object(**at, CopySource=f"{account.bucket}/open/one", IfNoneMatch="*"),
        lambda: s3.create_multipart_upload(**at),
        lambda: s3.upload_part(**at, UploadId="any", PartNumber=1, Body=b"wrong"),
        lambda: s3.complete_multipart_upload(**at, UploadId="any", MultipartUpload={"Parts": []}),
        lambda: s3.put_object_tagging(**at, Tagging={"TagSet": []}),
        lambda: s3.delete_object(**at),
        lambda: s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "blob"}]}),
        lambda: s3.put_bucket_policy(Bucket=bucket, Policy=document(statement("s3:*"))),
        lambda: s3.delete_bucket_policy(Bucket=bucket),
    ]
    assert all("explicit deny" in refused(way) or "no identity-based" in refused(way) for way in ways)
    assert s3.get_object(**at)["Body"].read() == b"right"


def test_nobody_without_credentials_reads_a_private_bucket(account: Account) -> None:
    client = anonymous(account, "s3")
    refused(lambda: client.get_object(Bucket=account.bucket, Key="open/one"))


def test_a_secret_of_a_session_must_fit(account: Account) -> None:
    """Who only knows a key's id can do nothing."""
    holder = account.holder(statement("s3:*"))
    forged = Caller(account.root.aws, {**holder.keys, "aws_secret_access_key": "guessed"})
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        forged.client("s3").get_object(Bucket=account.bucket, Key="open/one")


def test_a_change_set_needs_its_role_and_the_right_to_pass_it(account: Account) -> None:
    """SEC-1: cloudformation:RoleArn, iam:PassedToService and the tags' own right."""
    role = f"arn:aws:iam::{ACCOUNT}:role/service"
    create = statement(
        "cloudformation:CreateChangeSet",
        f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/mine/*",
        ArnEquals={"cloudformation:RoleArn": role},
    )
    passing = statement(
        "iam:PassRole", role, StringEquals={"iam:PassedToService": "cloudformation.amazonaws.com"}
    )
    tagging = statement("cloudformation:TagResource")
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})

    def making(caller: Caller, name: str = "mine", **more: Any) -> Any:
        given = {"StackName": name, "TemplateBody": body, "ChangeSetType": "CREATE", "RoleARN": role, **more}
        return caller.client("cloudformation").create_change_set(ChangeSetName=f"c{next(_numbers)}", **given)

    whole = account.holder(create, passing, tagging)
    making(whole, Tags=[{"Key": "a", "Value": "b"}])
    assert "iam:PassRole on resource: " + role in refused(lambda: making(account.holder(create, tagging)))
    untagged = account.holder(create, passing)
    assert "TagResource" in refused(lambda: making(untagged, Tags=[{"Key": "a", "Value": "b"}]))
    refused(lambda: making(whole, "another"))
    refused(lambda: making(whole, RoleARN=f"{role}-2"))
    given = {"StackName": "mine", "TemplateBody": body, "ChangeSetType": "CREATE", "ChangeSetName": "without"}
    refused(lambda: whole.client("cloudformation").create_change_set(**given))
    found = account.root.client("cloudformation").list_change_sets(StackName="mine")["Summaries"]
    refused(lambda: whole.client("cloudformation").execute_change_set(ChangeSetName=found[0]["ChangeSetId"]))


def test_cloudformation_is_held_by_its_role(account: Account) -> None:
    """SEC-1: a role without the boundary is refused inside the stack, and the stack rolls back."""
    iam = account.root.client("iam")
    boundary = account.managed(statement("logs:*"))
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudformation.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    service = iam.create_role(RoleName="maker", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="maker",
        PolicyName="p",
        PolicyDocument=document(
            statement(
                "iam:*",
                f"arn:aws:iam::{ACCOUNT}:role/app/*",
                StringEquals={"iam:PermissionsBoundary": boundary},
            ),
            statement("iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/app/*"),
        ),
    )

    def template(**properties: Any) -> dict[str, Any]:
        document_ = {
            "Version": "2012-10-17",
            "Statement": [{**trust, "Principal": {"Service": "lambda.amazonaws.com"}}],
        }
        role = {"Path": "/app/", "RoleName": f"made-{next(_numbers)}", "AssumeRolePolicyDocument": document_}
        return {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {**role, **properties}}}}

    cloudformation = account.root.client("cloudformation")
    right = template(PermissionsBoundary=boundary)
    stacks.deploy(cloudformation, "by-role", right, "CREATE", RoleARN=service)
    name = right["Resources"]["R"]["Properties"]["RoleName"]
    assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    wrong = [
        template(),
        template(PermissionsBoundary=boundary, Path="/"),
        template(PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/another"),
    ]
    for number, one in enumerate(wrong):
        with pytest.raises(WaiterError):
            stacks.deploy(cloudformation, f"refused-{number}", one, "CREATE", RoleARN=service)
        assert "iam:CreateRole on resource" in " ".join(stacks.reasons(cloudformation, f"refused-{number}"))
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert not names & {one["Resources"]["R"]["Properties"]["RoleName"] for one in wrong}


def test_an_import_of_an_api_takes_no_tags(account: Account) -> None:
    """SEC-1: CloudFormation tags the API afterwards, and passes the role of its integrations."""
    iam, cloudformation = account.root.client("iam"), account.root.client("cloudformation")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    maker = {**trust, "Principal": {"Service": "cloudformation.amazonaws.com"}}
    passed = f"arn:aws:iam::{ACCOUNT}:role/integrations"
    service = iam.create_role(RoleName="importer", AssumeRolePolicyDocument=document(maker))["Role"]["Arn"]
    integration = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "credentials": passed,
        "uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/f/invocations",
    }
    body = {
        "openapi": "3.0.1",
        "info": {"title": "imported"},
        "paths": {"/a": {"get": {"x-amazon-apigateway-integration": integration}}},
    }
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body, "Mode": "overwrite"}}
    tag = {"aws:RequestTag/app": "a"}
    making, passing = statement("apigateway:POST"), statement("iam:PassRole", passed)
    tagging = statement("apigateway:PUT", StringEquals=tag)
    cases = [
        (
            "tags",
            [statement("apigateway:POST", StringEquals=tag), tagging, passing],
            "apigateway:POST on resource",
        ),
        ("untagged", [making, passing], "apigateway:PUT on resource"),
        ("unpassed", [making, tagging], "iam:PassRole on resource"),
        ("whole", [making, tagging, passing], ""),
    ]
    for name, rights, refusal in cases:
        iam.put_role_policy(RoleName="importer", PolicyName="p", PolicyDocument=document(*rights))
        given: dict[str, Any] = {"RoleARN": service, "Tags": [{"Key": "app", "Value": "a"}]}
        if refusal:
            with pytest.raises(WaiterError):
                stacks.deploy(cloudformation, f"import-{name}", {"Resources": {"A": api}}, "CREATE", **given)
            assert refusal in " ".join(stacks.reasons(cloudformation, f"import-{name}"))
        else:
            stacks.deploy(cloudformation, f"import-{name}", {"Resources": {"A": api}}, "CREATE", **given)


def test_a_tag_that_leaves_needs_its_own_right(account: Account) -> None:
    """AWS-4: the tags of a stack go to its resources, one by one and by CloudFormation's role."""
    iam, cloudformation = account.root.client("iam"), account.root.client("cloudformation")
    principal = {"Service": "cloudformation.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    service = iam.create_role(RoleName="tagger", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    topics = f"arn:aws:sns:{REGION}:{ACCOUNT}:tagged"
    make = statement("sns:CreateTopic", topics, StringEquals={"aws:RequestTag/app": "a"})
    keep = statement("sns:*Topic*", topics, StringEquals={"aws:ResourceTag/app": "a"})
    template = {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "tagged"}}}}

    def deploy(kind: str, *tags: str, may: str) -> None:
        rights = [make, keep, statement(f"sns:{may}", topics)]
        iam.put_role_policy(RoleName="tagger", PolicyName="p", PolicyDocument=document(*rights))
        given = [{"Key": key, "Value": "a"} for key in tags]
        stacks.deploy(cloudformation, "tagged", template, kind, RoleARN=service, Tags=given)

    deploy("CREATE", "app", "team", may="TagResource")
    with pytest.raises(WaiterError):
        deploy("UPDATE", "app", may="TagResource")
    assert "sns:UntagResource on resource" in " ".join(stacks.reasons(cloudformation, "tagged"))
    deploy("UPDATE", "app", may="*agResource")
    (shown,) = cloudformation.describe_stacks(StackName="tagged")["Stacks"]
    assert shown["RoleARN"] == service
    left = account.root.client("sns").list_tags_for_resource(ResourceArn=topics)["Tags"]
    assert "team" not in {tag["Key"] for tag in left}


@pytest.mark.parametrize("operation", ["CreateChangeSet", "ExecuteChangeSet"])
def test_a_tag_that_leaves_a_stack_needs_its_own_right(account: Account, operation: str) -> None:
    """AWS-4: whoever makes the change set, and whoever executes it."""
    root, name = account.root.client("cloudformation"), f"untagged-{operation.lower()}"
    template = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}
    whole, some = [{"Key": key, "Value": "a"} for key in ("app", "team")], [{"Key": "app", "Value": "a"}]
    stacks.deploy(root, name, template, "CREATE", Tags=whole)
    named = {"StackName": name, "ChangeSetName": f"c{next(_numbers)}"}
    request = {**named, "TemplateBody": json.dumps(template), "Tags": some}
    keeping = statement(f"cloudformation:{operation}"), statement("cloudformation:TagResource")
    only_team: dict[str, Any] = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    removing = statement("cloudformation:UntagResource", **only_team)

    def change(*rights: dict[str, Any]) -> None:
        caller = account.holder(*rights).client("cloudformation")
        if operation == "CreateChangeSet":
            caller.create_change_set(**request)
        else:
            caller.execute_change_set(**named)

    if operation == "ExecuteChangeSet":
        root.create_change_set(**request)
    assert f"cloudformation:TagResource on resource: arn:aws:cloudformation:{REGION}" in refused(
        lambda: change(keeping[0], removing)
    )
    assert "cloudformation:UntagResource on resource" in refused(lambda: change(*keeping))
    change(*keeping, removing)


@pytest.fixture
def provider(account: Account) -> Iterator[str]:
    """GitHub's identity provider; an account has one, so another test's stack can make its own."""
    iam = account.root.client("iam")
    made = iam.create_open_id_connect_provider(Url=GITHUB, ClientIDList=["sts.amazonaws.com"])
    yield made["OpenIDConnectProviderArn"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=made["OpenIDConnectProviderArn"])


def test_a_web_identity_is_asked_for_every_claim(account: Account, provider: str) -> None:
    """SEC-1: aud, sub, job_workflow_ref, repository_id, and the token's time."""
    iam = account.root.client("iam")
    host = GITHUB.removeprefix("https://")
    claims = {
        "aud": "sts.amazonaws.com",
        "sub": "repo:acme/shop:environment:production",
        "repository_id": "456",
        "job_workflow_ref": "kanmon-dev/kanmon/.github/workflows/release.yml@refs/tags/v1",
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{host}:{name}": claims[name] for name in ("aud", "sub", "repository_id")},
            "StringLike": {f"{host}:job_workflow_ref": "kanmon-dev/kanmon/.github/workflows/*@refs/tags/v*"},
        },
    }
    role = iam.create_role(RoleName="job", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]

    def assuming(issuer: str = GITHUB, **changed: Any) -> Any:
        given = {name: value for name, value in {**claims, **changed}.items() if value is not None}
        return anonymous(account, "sts").assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="job", WebIdentityToken=token(issuer, **given)
        )

    job = Caller.with_credentials(account.root.aws, assuming()["Credentials"])
    assert job.client("sts").get_caller_identity()["Arn"].endswith(":assumed-role/job/job")
    refused(lambda: job.client("s3").list_buckets())
    wrong: list[dict[str, Any]] = [
        {"aud": "another"},
        {"sub": "repo:acme/shop:environment:Production"},
        {"sub": "repo:acme/shop:pull_request"},
        {"repository_id": "457"},
        {"repository_id": None},
        {"job_workflow_ref": "evil/kanmon/.github/workflows/release.yml@refs/tags/v1"},
        {"job_workflow_ref": "kanmon-dev/kanmon/.github/workflows/release.yml@refs/heads/x"},
        {"exp": int(time.time()) - 1},
        {"issuer": "https://evil.example.com"},
    ]
    for changed in wrong:
        assert "AssumeRoleWithWebIdentity" in refused(partial(assuming, **changed)), changed
    refused(lambda: account.holder(statement("sts:*")).assume(role))


PREFIX = {"StringLike": {"s3:prefix": "mine/*"}}
TAG = {"StringEquals": {"aws:RequestTag/app": "a"}}
ONE_TAG = {"ForAllValues:StringEquals": {"aws:TagKeys": ["app"]}}
NAMESPACE = {"StringEquals": {"cloudwatch:namespace": "Mine"}}
HERE, ELSEWHERE = ({"StringEquals": {"aws:RequestedRegion": region}} for region in (REGION, "eu-west-1"))
AT_CREATION = {"StringEquals": {"ec2:CreateAction": "CreateVpc"}}


def tagged(**tags: str) -> dict[str, Any]:
    """The tags of a request."""
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def metric(namespace: str) -> dict[str, Any]:
    """A metric's value."""
    return {"Namespace": namespace, "MetricData": [{"MetricName": "m", "Value": 1}]}


@pytest.mark.parametrize(
    ("action", "condition", "operation", "arguments", "allowed"),
    [
        ("s3:ListBucket", PREFIX, "list_objects_v2", {"Prefix": "mine/1"}, True),
        ("s3:ListBucket", PREFIX, "list_objects_v2", {"Prefix": "yours/1"}, False),
        ("s3:ListBucket", PREFIX, "list_objects_v2", {}, False),
        ("sns:*", TAG, "create_topic", {"Name": "t", **tagged(app="a")}, True),
        ("sns:*", TAG, "create_topic", {"Name": "u", **tagged(app="b")}, False),
        ("sns:*", ONE_TAG, "create_topic", {"Name": "v", **tagged(other="a")}, False),
        ("cloudwatch:PutMetricData", NAMESPACE, "put_metric_data", metric("Mine"), True),
        ("cloudwatch:PutMetricData", NAMESPACE, "put_metric_data", metric("Yours"), False),
        ("ec2:Describe*", HERE, "describe_vpcs", {}, True),
        ("ec2:Describe*", ELSEWHERE, "describe_vpcs", {}, False),
        ("ec2:CreateTags", AT_CREATION, "create_tags", {"Resources": ["vpc-1"], **tagged(app="a")}, False),
        ("lambda:UpdateEventSourceMapping", {}, "list_event_source_mappings", {}, False),
        ("lambda:ListEventSourceMappings", {}, "list_event_source_mappings", {}, True),
        ("cloudformation:DescribeStacks", {}, "list_stacks", {}, False),
    ],
)
def test_conditions_compare_the_requests_own_values(
    account: Account, action: str, condition: Any, operation: str, arguments: Any, allowed: bool
) -> None:
    service = action.partition(":")[0]
    client = account.holder(statement(action, **condition)).client(service)
    named = {"Bucket": account.bucket} if service == "s3" else {}
    if allowed:
        getattr(client, operation)(**named, **arguments)
    else:
        text = refused(partial(getattr(client, operation), **named, **arguments))
        assert f"is not authorized to perform: {service}:" in text


def test_a_resource_is_known_by_its_tags(account: Account) -> None:
    """A stage has its API's tags; a key has its own, and its policy decides first."""
    gateway = account.root.client("apigateway")
    mine, yours = (gateway.create_rest_api(name=name, tags={"app": name})["id"] for name in ("mine", "yours"))
    rule = statement("apigateway:GET", StringEquals={"aws:ResourceTag/app": "mine"})
    holder = account.holder(rule).client("apigateway")
    assert holder.get_stages(restApiId=mine)["item"] == []
    refused(lambda: holder.get_stages(restApiId=yours))
    kms = account.root.client("kms")
    owner = {**statement("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    tags = [{"TagKey": "app", "TagValue": "mine"}]
    key = kms.create_key(Policy=document(owner), Tags=tags)["KeyMetadata"]["KeyId"]
    untagged = kms.create_key(Policy=document(owner))["KeyMetadata"]["KeyId"]
    closed = kms.create_key(
        Policy=document({**owner, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}})
    )
    user = account.holder(statement("kms:*", StringEquals={"aws:ResourceTag/app": "mine"})).client("kms")
    user.describe_key(KeyId=key)
    refused(lambda: user.describe_key(KeyId=untagged))
    anybody = account.holder(statement("kms:*")).client("kms")
    refused(lambda: anybody.describe_key(KeyId=closed["KeyMetadata"]["KeyId"]))


def test_each_resource_of_a_request_needs_the_right(account: Account) -> None:
    """A snapshot needs it for the cluster and for itself."""
    cluster, snapshot = (
        f"arn:aws:rds:{REGION}:{ACCOUNT}:{kind}:a" for kind in ("cluster", "cluster-snapshot")
    )
    names = {"DBClusterIdentifier": "a", "DBClusterSnapshotIdentifier": "a"}

    def taking(*resources: str) -> Any:
        rights = [statement("rds:CreateDBClusterSnapshot", resource) for resource in resources]
        return account.holder(*rights).client("rds").create_db_cluster_snapshot(**names)

    assert snapshot in refused(partial(taking, cluster))
    assert cluster in refused(partial(taking, snapshot))
    with pytest.raises(ClientError, match="DBClusterNotFoundFault"):
        taking(cluster, snapshot)


def test_a_teams_own_type_needs_its_rights(account: Account) -> None:
    """ADP-2: a type that Kanmon's own stacks don't have, by its schema; to make, change and remove it."""
    iam, cloudformation = account.root.client("iam"), account.root.client("cloudformation")
    principal = {"Service": "cloudformation.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    service = iam.create_role(RoleName="team", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/team-orders"
    properties: dict[str, Any] = {
        "TableName": "team-orders",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}}

    def deploy(name: str, kind: str, *rights: Any) -> str:
        iam.put_role_policy(RoleName="team", PolicyName="p", PolicyDocument=document(*rights))
        try:
            stacks.deploy(cloudformation, name, template, kind, RoleARN=service)
        except WaiterError:
            return " ".join(stacks.reasons(cloudformation, name))
        return ""

    reading = statement("dynamodb:Describe*")
    whole = statement("dynamodb:*", table)
    refusal = f"dynamodb:CreateTable on resource: {table}"
    assert refusal in deploy("no-right", "CREATE", reading)
    assert refusal in deploy("another", "CREATE", reading, statement("dynamodb:*", table + "-2"))
    assert deploy("own", "CREATE", reading, whole) == ""
    properties["DeletionProtectionEnabled"] = False
    assert "dynamodb:UpdateTable on resource" in deploy("own", "UPDATE", reading)
    assert deploy("own", "UPDATE", reading, whole) == ""
    iam.put_role_policy(RoleName="team", PolicyName="p", PolicyDocument=document(reading))
    with pytest.raises(WaiterError):
        stacks.delete(cloudformation, "own")
    assert "dynamodb:DeleteTable on resource" in " ".join(stacks.reasons(cloudformation, "own"))
