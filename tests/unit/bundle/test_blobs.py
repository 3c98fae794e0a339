"""Blobs in S3 (moto): named by their content, written once, verified when read (CD-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from kanmon.bundle import Blobs, build_bundle
from kanmon.bundle.blobs import blob_key
from kanmon.errors import Code, KanmonError
from tests.fakes.app import make_config
from tests.unit.bundle.test_build import _app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def blobs() -> Iterator[Blobs]:
    with mock_aws():
        s3 = boto3.client("s3", region_name="ap-northeast-1")
        s3.create_bucket(
            Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
        )
        yield Blobs(s3, "artifacts")


def test_a_bundle_is_uploaded_once_and_can_be_read_again(blobs: Blobs, tmp_path: Path) -> None:
    app = _app(tmp_path)
    bundle = build_bundle(make_config(), app, app / "out/bundle", commit="c", say=lambda _: None)
    assert blobs.upload_bundle(bundle) == len(set(bundle.manifest.files().values()))
    assert blobs.upload_bundle(bundle) == 0
    assert blobs.manifest(bundle.manifest.digest) == bundle.manifest


def test_content_comes_back(blobs: Blobs) -> None:
    assert blobs.get(blobs.put(b"content")) == b"content"


def test_a_blob_that_was_changed_is_refused(blobs: Blobs) -> None:
    sha256 = blobs.put(b"content")
    blobs.s3.put_object(Bucket="artifacts", Key=blob_key(sha256), Body=b"other")
    with pytest.raises(KanmonError) as caught:
        blobs.get(sha256)
    assert caught.value.code is Code.BUNDLE_DAMAGED


def test_a_blob_that_is_gone_is_told(blobs: Blobs) -> None:
    with pytest.raises(KanmonError) as caught:
        blobs.get("0" * 64)
    assert caught.value.code is Code.BUNDLE_MISSING


def test_cloudformation_gets_an_s3_url(blobs: Blobs) -> None:
    assert blobs.url("ab") == "https://s3.ap-northeast-1.amazonaws.com/artifacts/blobs/ab"
