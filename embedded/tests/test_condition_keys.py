"""The condition keys and the resources of single requests, by AWS's own pages (TRU-1, SEC-1)."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.authorisation import condition_keys, resources

MADE = "s3:objectcreationoperation"


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ({}, {"if-none-match": "*"}, {MADE: "true", "s3:if-none-match": "*"}),
        ({}, {"if-match": '"e"'}, {MADE: "true", "s3:if-match": '"e"'}),
        ({}, {"x-amz-copy-source": "a/b"}, {MADE: "true", "s3:x-amz-copy-source": "a/b"}),
        ({"uploads": [""]}, {}, {MADE: "false"}),
        ({"uploadId": ["u"], "partNumber": ["1"]}, {}, {MADE: "false"}),
        ({"uploadId": ["u"]}, {"if-none-match": "*"}, {MADE: "true", "s3:if-none-match": "*"}),
    ],
)
def test_a_write_shows_whether_it_makes_an_object(query: Any, headers: Any, expected: Any) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html"""
    assert condition_keys.of_object("s3:PutObject", query, headers) == expected


@pytest.mark.parametrize(
    "header",
    [
        "x-amz-storage-class",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-customer-algorithm",
    ],
)
def test_a_write_shows_its_class_and_its_key(header: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html"""
    found = condition_keys.of_object("s3:PutObject", {}, {header: "x"})
    assert found == {MADE: "true", f"s3:{header}": "x"}


def test_a_read_has_its_version_and_makes_nothing() -> None:
    assert condition_keys.of_object("s3:GetObjectVersion", {"versionId": ["1"]}, {}) == {"s3:versionid": "1"}


def test_a_change_set_has_its_role_name_and_template() -> None:
    query = {"RoleARN": ["r"], "ChangeSetName": ["c"], "TemplateURL": ["https://t"], "StackName": ["s"]}
    assert condition_keys.of_change_set(query) == {
        "cloudformation:rolearn": "r",
        "cloudformation:changesetname": "c",
        "cloudformation:templateurl": "https://t",
    }


def test_each_claim_of_a_token_is_a_key_below_its_issuer() -> None:
    keys = condition_keys.of_token("https://issuer.example/", {"sub": "a", "job_workflow_ref": "b"})
    assert keys == {"issuer.example:sub": "a", "issuer.example:job_workflow_ref": "b"}


def test_a_snapshot_names_its_cluster_and_itself() -> None:
    query = {
        "DBClusterIdentifier": ["a"],
        "DBClusterSnapshotIdentifier": ["arn:aws:rds:r:1:cluster-snapshot:b"],
    }
    assert resources.of_database(query, "r", "1") == [
        "arn:aws:rds:r:1:cluster:a",
        "arn:aws:rds:r:1:cluster-snapshot:b",
    ]


def test_a_web_acl_is_named_by_its_id() -> None:
    """AWS-4: otherwise a role with the right on one web ACL would have it on none."""
    assert resources.of_web_acl(b'{"Name": "a", "Id": "12-34", "Scope": "CLOUDFRONT"}') == "12-34"
    assert [resources.of_web_acl(body) for body in (b"", b"{", b"[]", b"{}")] == ["", "", "", ""]
