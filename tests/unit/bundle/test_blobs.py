"""Blobs in S3 (moto): named by their content, written once, verified when read (CD-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from kanmon.bundle.blobs import Blobs, refuse_missing
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import blob_key
from tests.fakes.app import make_bundle, make_full_config
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.cloud import Cloud

BUCKET = "artifacts"


@pytest.fixture
def blobs() -> Iterator[Blobs]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="ap-northeast-1")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
        yield Blobs(s3, BUCKET, "test")


def test_a_bundle_is_uploaded_once(blobs: Blobs, tmp_path: Path) -> None:
    bundle = build(make_project(tmp_path))
    assert blobs.upload_bundle(bundle) == len(set(bundle.manifest.files().values()))
    assert blobs.upload_bundle(bundle) == 0


def test_an_uploaded_bundle_can_be_read_again(blobs: Blobs, tmp_path: Path) -> None:
    bundle = build(make_project(tmp_path))
    blobs.upload_bundle(bundle)
    assert blobs.manifest(bundle.manifest.digest) == bundle.manifest
    assert blobs.missing(bundle.manifest.files().values()) == []


@pytest.mark.parametrize("size", [0, 9 * 1024 * 1024], ids=["empty", "above 8 MiB, in several calls"])
def test_a_file_of_any_size_is_uploaded_whole(blobs: Blobs, tmp_path: Path, size: int) -> None:
    project, content = make_project(tmp_path), b"x" * size
    (project / "web/dist/file.bin").write_bytes(content)
    bundle = build(project)
    blobs.upload_bundle(bundle)
    assert blobs.get(bundle.manifest.web["file.bin"].sha256) == content


def test_a_refused_upload_is_an_aws_error(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(KanmonError, match="NoSuchBucket") as caught:
        Blobs(blobs.s3, "no-such-bucket", "test").upload_bundle(build(make_project(tmp_path)))
    assert caught.value.code is Code.AWS_FAILED


def test_content_is_read_as_it_was_written(blobs: Blobs) -> None:
    assert blobs.get(blobs.put(b"content")) == b"content"


def test_a_changed_blob_is_refused(blobs: Blobs) -> None:
    sha256 = blobs.put(b"content")
    blobs.s3.put_object(Bucket=BUCKET, Key=blob_key("test", sha256), Body=b"other")
    with pytest.raises(KanmonError) as caught:
        blobs.get(sha256)
    assert caught.value.code is Code.BUNDLE_DAMAGED


def test_a_missing_blob_is_an_error(blobs: Blobs) -> None:
    with pytest.raises(KanmonError) as caught:
        blobs.get("0" * 64)
    assert caught.value.code is Code.BUNDLE_MISSING


def test_missing_blobs_are_listed(blobs: Blobs) -> None:
    there = blobs.put(b"content")
    assert blobs.missing([there, "0" * 64]) == ["0" * 64]


def test_cloudformation_gets_an_s3_url(blobs: Blobs) -> None:
    assert blobs.url("ab") == "https://s3.ap-northeast-1.amazonaws.com/artifacts/test/blobs/ab"


class _Holding:
    """A bucket with some blobs only."""

    def __init__(self, *missing: str) -> None:
        self.absent = missing

    def missing(self, _: object) -> list[str]:
        return list(self.absent)


def test_a_missing_package_is_refused_by_a_functions_name(cloud: Cloud) -> None:
    """CD-6"""
    manifest = make_bundle(cloud, "one")
    refuse_missing(_Holding(), manifest)
    with pytest.raises(KanmonError, match="migrate") as caught:
        refuse_missing(_Holding(manifest.functions["api"].sha256), manifest)
    assert caught.value.code is Code.BUNDLE_MISSING


def test_a_missing_definition_is_refused_by_its_name(cloud: Cloud) -> None:
    """CD-6, INF-7"""
    manifest = make_bundle(cloud, "one", config=make_full_config())
    with pytest.raises(KanmonError, match="quick") as caught:
        refuse_missing(_Holding(manifest.state_machines["quick"].sha256), manifest)
    assert caught.value.code is Code.BUNDLE_MISSING
