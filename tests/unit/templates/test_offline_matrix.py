"""The rules for every template of every config in the set (INF-9, SEC-1, SEC-2, SEC-4)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.naming import Output, Parameter, environment_output
from kanmon.stacks.changes import STATEFUL
from kanmon.stacks.grants import foundation_outputs, slot_parameters
from kanmon.stacks.preflight import outline
from kanmon.stacks.user_triggers import POOL_PARAMETERS
from kanmon.templates.offline import BOOTSTRAP
from kanmon.templates.stack_set import PROTECTED
from tests.fakes.configs import MANY, matrix, templates
from tests.fakes.document import read
from tests.unit.templates.iam import listed
from tests.unit.templates.problems import problems

if TYPE_CHECKING:
    from collections.abc import Iterator

Resource = dict[str, Any]
# Of the many functions each is like the other.
CASES = [name for name in matrix() if name != f"{MANY} functions"]


@cache
def bodies(case: str) -> dict[str, str]:
    return templates(matrix()[case])


@cache
def documents(case: str) -> dict[str, Any]:
    return {kind: read(body) for kind, body in bodies(case).items()}


@pytest.mark.parametrize("case", CASES)
def test_aws_takes_every_template(case: str) -> None:
    """INF-9: references lead somewhere, nothing needs itself, no macro, every name is valid for AWS."""
    for kind, body in bodies(case).items():
        assert problems(body) == [], kind


@pytest.mark.parametrize("case", CASES)
def test_an_outline_equals_the_parsed_yaml(case: str) -> None:
    """INF-9: the preflight reads a template's lines."""
    for kind, body in bodies(case).items():
        content, found = documents(case)[kind], outline(body)
        assert found.resources == tuple(content["Resources"]), kind
        assert found.parameters == tuple(content.get("Parameters", {})), kind
        assert found.outputs == tuple(content.get("Outputs", {})), kind


def _outputs(case: str) -> set[str]:
    """The outputs with a name in `kanmon/naming.py`, of each stack and of each environment."""
    config = matrix()[case]
    own = {Output.PLAN_ROLE, Output.DEPLOY_ROLE, Output.KEY_ARN}
    of_all = (environment_output(name, one) for name in config.every_environment for one in own)
    some = {Output.TRAIL_BUCKET, Output.EXISTING}
    of_some = {environment_output(config.environment, one) for one in some}
    # The types of own stacks come from CloudFormation, so nothing rendered offline has them.
    absent = {Output.STACK_TYPES}
    return {*(set(Output) - own - some - absent), Output.KEY_ARN, *of_all, *of_some}


def _rendered(case: str, section: str) -> set[str]:
    return {name for content in documents(case).values() for name in content.get(section, {})}


@pytest.mark.parametrize("case", CASES)
def test_every_output_has_a_shared_name(case: str) -> None:
    assert _rendered(case, "Outputs") <= _outputs(case) | foundation_outputs(matrix()[case]).keys()


@pytest.mark.parametrize("case", CASES)
def test_every_parameter_has_a_shared_name(case: str) -> None:
    known = _outputs(case) | set(Parameter) | slot_parameters(matrix()[case]).keys() | POOL_PARAMETERS.keys()
    assert _rendered(case, "Parameters") <= known


def test_every_shared_output_exists() -> None:
    assert _outputs("everything on") <= _rendered("everything on", "Outputs")


def test_every_shared_parameter_exists() -> None:
    assert set(Parameter) <= _rendered("everything on", "Parameters")


def resources(case: str, type_: str = "", *, but: str = "") -> Iterator[tuple[str, Resource]]:
    """Where each resource is, and it."""
    for kind, document in documents(case).items():
        for name, resource in document["Resources"].items():
            if kind != but and resource["Type"].startswith(type_):
                yield f"{kind}: {name}", resource


def granted(case: str) -> Iterator[tuple[str, Resource]]:
    """Every statement of an identity's policy."""
    for where, resource in resources(case, "AWS::IAM::"):
        properties = resource["Properties"]
        documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
        documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
        for document in documents:
            yield from ((where, statement) for statement in document["Statement"])


def of_resources(case: str) -> Iterator[tuple[str, Resource]]:
    """Every statement of a resource's own policy."""
    for where, resource in resources(case):
        properties = resource.get("Properties", {})
        if not resource["Type"].startswith("AWS::IAM::"):
            for key in ("PolicyDocument", "KeyPolicy"):
                yield from ((where, one) for one in properties.get(key, {}).get("Statement", []))


@pytest.mark.parametrize("case", CASES)
def test_nothing_may_do_everything(case: str) -> None:
    """SEC-1, SEC-2"""
    statements = list(granted(case))
    assert statements or not matrix()[case].functions
    for where, statement in statements:
        if statement["Effect"] == "Deny":
            continue
        assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), where
        for action in listed(statement["Action"]):
            assert action not in {"*", "*:*"}, where
            whole_service = action.endswith(":*")
            assert not (whole_service and "*" in listed(statement["Resource"])), f"{where}: {action}"


@pytest.mark.parametrize("case", CASES)
def test_no_resource_is_open_to_everybody(case: str) -> None:
    """SEC-4: each admitted service names its account or resource in a condition."""
    statements = list(of_resources(case))
    assert statements
    for where, statement in statements:
        if statement["Effect"] == "Allow":
            assert statement["Principal"] not in ("*", {"AWS": "*"}), where
            assert "AWS" in statement["Principal"] or statement.get("Condition"), where


@pytest.mark.parametrize("case", CASES)
def test_no_secret_stands_in_a_template(case: str) -> None:
    """INF-4: no value, no parameter for one, nothing for CloudFormation to resolve."""
    keys = r"MasterUserPassword:|\bSecretString:|NoEcho"
    wrong = rf"AKIA[A-Z0-9]{{16}}|hooks\.slack\.com|-----BEGIN|\{{\{{resolve:|{keys}"
    for kind, body in bodies(case).items():
        assert not re.findall(wrong, body.replace("ManageMasterUserPassword:", "")), kind
        for name in documents(case)[kind].get("Parameters", {}):
            assert not re.search("password|token|webhook|secret$", name, re.IGNORECASE), f"{kind}: {name}"


@pytest.mark.parametrize("case", CASES)
def test_no_variable_of_a_function_holds_a_secret(case: str) -> None:
    """INF-4: a password is made by Secrets Manager and read at run time."""
    for where, function in resources(case, "AWS::Lambda::Function"):
        for key in function["Properties"].get("Environment", {}).get("Variables", {}):
            assert not re.search("PASSWORD|TOKEN|WEBHOOK", key), where


@pytest.mark.parametrize("case", CASES)
def test_cloudformation_manages_no_stage(case: str) -> None:
    """A stage is a pointer: a stack's rollback must not move it."""
    assert not list(resources(case, "AWS::ApiGateway::Stage"))


@pytest.mark.parametrize("case", CASES)
def test_every_role_of_the_apps_has_the_boundary(case: str) -> None:
    """SEC-1: with a `github` section there is one."""
    config = matrix()[case]
    roles = list(resources(case, "AWS::IAM::Role", but=BOOTSTRAP))
    assert roles or not config.functions
    for where, role in roles:
        boundary = role["Properties"].get("PermissionsBoundary", {}).get("Sub", "")
        assert boundary.endswith(f":policy/{config.prefix}-boundary") is bool(config.github), where


@pytest.mark.parametrize("case", CASES)
def test_every_bucket_is_reached_by_tls_only(case: str) -> None:
    """SEC-4, INF-8"""
    refused = set()
    for where, policy in resources(case, "AWS::S3::BucketPolicy"):
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            everybody = (one["Effect"], one["Principal"], one["Action"]) == ("Deny", "*", "s3:*")
            if everybody and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}:
                bucket = policy["Properties"]["Bucket"]["Ref"]
                assert one["Resource"] == [{"GetAtt": f"{bucket}.Arn"}, {"Sub": f"${{{bucket}.Arn}}/*"}], (
                    where
                )
                refused.add(f"{where.partition(':')[0]}: {bucket}")
    assert refused == buckets(case).keys()


def buckets(case: str) -> dict[str, Resource]:
    every = resources(case, "AWS::S3::Bucket")
    return {where: one for where, one in every if one["Type"] == "AWS::S3::Bucket"}


@pytest.mark.parametrize("case", CASES)
def test_every_bucket_is_versioned_encrypted_and_private(case: str) -> None:
    """SEC-4, INF-8"""
    assert f"{BOOTSTRAP}: ArtifactBucket" in buckets(case)
    for where, bucket in buckets(case).items():
        properties = bucket["Properties"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}, where
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"], where
        closed = properties["PublicAccessBlockConfiguration"]
        assert len(closed) == 4, where
        assert set(closed.values()) == {True}, where


@pytest.mark.parametrize("case", CASES)
def test_every_log_ends_and_is_encrypted_with_the_apps_key(case: str) -> None:
    """MON-4, SEC-4"""
    logs = list(resources(case, "AWS::Logs::LogGroup"))
    assert logs or not matrix()[case].functions
    for where, group in logs:
        assert group["Properties"]["RetentionInDays"] >= 1, where
        # The trail's copy has the trail's key: the app's roles have no access to it.
        of_trail = where.endswith("TrailLogs")
        key = {"GetAtt": f"{where.rpartition(' ')[2].removesuffix('Logs')}Key.Arn"}
        assert group["Properties"]["KmsKeyId"] == (key if of_trail else {"Ref": "KeyArn"}), where


@pytest.mark.parametrize("case", CASES)
def test_topics_and_queues_are_encrypted(case: str) -> None:
    """SEC-4"""
    for type_ in ("AWS::SNS::Topic", "AWS::SQS::Queue"):
        for where, one in resources(case, type_):
            if one["Type"] == type_:
                assert one["Properties"]["KmsMasterKeyId"], where


_MESSAGES = "observability: Undelivered"
"""What Slack did not take: copies, which may go."""


@pytest.mark.parametrize("case", CASES)
def test_resources_with_state_outlive_their_stack(case: str) -> None:
    """INF-3, INF-4, INF-8"""
    held = [(where, one) for where, one in resources(case) if one["Type"] in STATEFUL]
    assert held
    for where, resource in held:
        if where == _MESSAGES:
            continue
        assert where.split(":")[0] in {BOOTSTRAP, *PROTECTED}
        if resource["Type"] == "AWS::RDS::DBInstance":
            # The storage is the cluster's; CloudFormation knows no snapshot of an instance.
            continue
        assert resource["DeletionPolicy"] in {"RetainExceptOnCreate", "Snapshot"}, where
        assert resource["UpdateReplacePolicy"] in {"Retain", "Snapshot"}, where


_GONE_WITH_ANOTHER = {"AWS::SecretsManager::RotationSchedule"}
"""Its secret goes with the database's cluster, and nobody can delete the schedule alone."""


@pytest.mark.parametrize("case", CASES)
def test_no_failed_creation_leaves_a_name_behind(case: str) -> None:
    """AWS-1: `Retain` keeps a new resource even then, and its name would stop the next creation.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    for content in documents(case).values():
        for name, resource in content["Resources"].items():
            left = resource.get("DeletionPolicy") == "Retain" and resource["Type"] not in _GONE_WITH_ANOTHER
            assert not left, name


@pytest.mark.parametrize("case", CASES)
def test_every_function_is_traced_and_reserves_nothing(case: str) -> None:
    """INF-5, MON-3: if the config wants nothing else."""
    for where, function in resources(case, "AWS::Lambda::Function"):
        tuned = "Layers" in function["Properties"]
        mode = "PassThrough" if tuned else "Active"
        assert function["Properties"]["TracingConfig"] == {"Mode": mode}, where
        assert ("ReservedConcurrentExecutions" in function["Properties"]) is tuned, where


@pytest.mark.parametrize("case", CASES)
def test_left_out_resources_are_in_no_template(case: str) -> None:
    """INF-10: domains, certificates, firewalls and backups of another kind are the account's to decide."""
    out = ("AWS::Route53", "AWS::CertificateManager", "AWS::WAF", "AWS::Backup", "AWS::RDS::GlobalCluster")
    assert not [where for where, resource in resources(case) if resource["Type"].startswith(out)]
