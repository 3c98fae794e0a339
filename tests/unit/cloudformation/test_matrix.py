"""What holds for every template of every config that stands for all (INF-9, SEC-1, SEC-2, SEC-4)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cloudformation.changes import STATEFUL
from kanmon.cloudformation.document import read
from kanmon.release.blueprint import PROTECTED
from tests.fakes.configs import MANY, matrix, templates
from tests.unit.cloudformation.iam import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

Resource = dict[str, Any]
# Of the many functions each is like the other.
CASES = [name for name in matrix() if name != f"{MANY} functions"]
BOOTSTRAP = "bootstrap"


@cache
def bodies(case: str) -> dict[str, str]:
    return {part: template.body for part, template in templates(matrix()[case]).items()}


@cache
def documents(case: str) -> dict[str, Any]:
    return {part: read(body) for part, body in bodies(case).items()}


def resources(case: str, kind: str = "", *, but: str = "") -> Iterator[tuple[str, Resource]]:
    """Where each resource is, and it."""
    for part, document in documents(case).items():
        for name, resource in document["Resources"].items():
            if part != but and resource["Type"].startswith(kind):
                yield f"{part}: {name}", resource


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
        assert statement["Effect"] == "Allow", where
        assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), where
        for action in listed(statement["Action"]):
            assert action not in {"*", "*:*"}, where
            whole_service = action.endswith(":*")
            assert not (whole_service and "*" in listed(statement["Resource"])), f"{where}: {action}"


@pytest.mark.parametrize("case", CASES)
def test_no_resource_is_open_to_everybody(case: str) -> None:
    """SEC-4: a service that is let in says for whose sake."""
    statements = list(of_resources(case))
    assert statements
    for where, statement in statements:
        if statement["Effect"] == "Allow":
            assert statement["Principal"] not in ("*", {"AWS": "*"}), where
            assert "AWS" in statement["Principal"] or statement.get("Condition"), where


@pytest.mark.parametrize("case", CASES)
def test_no_secret_stands_in_a_template(case: str) -> None:
    """INF-4: no value, no parameter that would take one, nothing that CloudFormation would resolve."""
    keys = r"MasterUserPassword:|\bSecretString:|NoEcho"
    wrong = rf"AKIA[A-Z0-9]{{16}}|hooks\.slack\.com|-----BEGIN|\{{\{{resolve:|{keys}"
    for part, body in bodies(case).items():
        assert not re.findall(wrong, body.replace("ManageMasterUserPassword:", "")), part
        for name in documents(case)[part].get("Parameters", {}):
            assert not re.search("password|token|webhook|secret$", name, re.IGNORECASE), f"{part}: {name}"


@pytest.mark.parametrize("case", CASES)
def test_every_role_of_the_apps_has_the_boundary(case: str) -> None:
    """SEC-1: where there is one, which `github` asks for."""
    config = matrix()[case]
    roles = list(resources(case, "AWS::IAM::Role", but=BOOTSTRAP))
    assert roles or not config.functions
    for where, role in roles:
        boundary = role["Properties"].get("PermissionsBoundary", {}).get("Sub", "")
        assert boundary.endswith(f":policy/{config.prefix}-boundary") is bool(config.github), where


@pytest.mark.parametrize("case", CASES)
def test_every_bucket_is_versioned_encrypted_private_and_reached_by_tls_only(case: str) -> None:
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
    buckets = dict(resources(case, "AWS::S3::Bucket"))
    buckets = {where: one for where, one in buckets.items() if one["Type"] == "AWS::S3::Bucket"}
    assert f"{BOOTSTRAP}: ArtifactBucket" in buckets
    for where, bucket in buckets.items():
        properties = bucket["Properties"]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}, where
        assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"], where
        closed = properties["PublicAccessBlockConfiguration"]
        assert len(closed) == 4, where
        assert set(closed.values()) == {True}, where
    assert refused == buckets.keys()


@pytest.mark.parametrize("case", CASES)
def test_every_log_ends_and_is_encrypted_with_the_apps_key(case: str) -> None:
    """MON-4, SEC-4"""
    logs = list(resources(case, "AWS::Logs::LogGroup"))
    assert logs or not matrix()[case].functions
    for where, group in logs:
        assert group["Properties"]["RetentionInDays"] >= 1, where
        assert group["Properties"]["KmsKeyId"] in ({"Ref": "KeyArn"}, {"GetAtt": "Key.Arn"}), where


@pytest.mark.parametrize("case", CASES)
def test_topics_and_queues_are_encrypted(case: str) -> None:
    """SEC-4"""
    for kind in ("AWS::SNS::Topic", "AWS::SQS::Queue"):
        for where, one in resources(case, kind):
            if one["Type"] == kind:
                assert one["Properties"]["KmsMasterKeyId"], where


_MESSAGES = "observability: Untold"
"""What Slack was not told: copies, which may go."""


@pytest.mark.parametrize("case", CASES)
def test_what_holds_state_outlives_its_stack(case: str) -> None:
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
        assert resource["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate", "Snapshot"}, where
        assert resource["UpdateReplacePolicy"] in {"Retain", "Snapshot"}, where


@pytest.mark.parametrize("case", CASES)
def test_every_function_is_traced_and_reserves_nothing(case: str) -> None:
    """INF-5, MON-3"""
    for where, function in resources(case, "AWS::Lambda::Function"):
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}, where
        assert "ReservedConcurrentExecutions" not in function["Properties"], where


def test_many_functions_fit_into_one_app() -> None:
    """INF-5: any number, up to what one stack takes."""
    assert len(matrix()[f"{MANY} functions"].functions) == 200
    assert templates(matrix()[f"{MANY} functions"])


@pytest.mark.parametrize("case", CASES)
def test_what_is_left_out_is_in_no_template(case: str) -> None:
    """INF-10: domains, certificates, firewalls and backups of another kind are the account's to decide."""
    out = ("AWS::Route53", "AWS::CertificateManager", "AWS::WAF", "AWS::Backup", "AWS::RDS::GlobalCluster")
    assert not [where for where, resource in resources(case) if resource["Type"].startswith(out)]
