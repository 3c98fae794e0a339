"""Objects in S3 can be made older: an address that AWS does not have, for tests of old ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import urllib3

if TYPE_CHECKING:
    from datetime import datetime

    from .conftest import App

pytestmark = pytest.mark.emulator


def test_the_objects_of_one_bucket_are_made_older(app: App) -> None:
    """Those of other buckets stay as they are."""
    s3 = app.client("s3")
    for bucket in ("aged", "young"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
        s3.put_object(Bucket=bucket, Key="a/b", Body=b"content")

    def written(bucket: str) -> datetime:
        found: datetime = s3.list_objects_v2(Bucket=bucket)["Contents"][0]["LastModified"]
        return found

    before = written("aged"), written("young")
    endpoint = app.aws.environment["AWS_ENDPOINT_URL"]
    assert urllib3.request("POST", f"{endpoint}/_embedded/buckets/aged/age/32").json() == {"objects": 1}
    assert written("aged") == before[0] - timedelta(days=32)
    assert written("young") == before[1]
    assert s3.get_object(Bucket="aged", Key="a/b")["Body"].read() == b"content"
