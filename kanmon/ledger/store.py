"""Where the ledger's records lie: objects that are only ever written on a condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from kanmon.aws import error_code, explained, write_was_refused

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Conflict(Exception):  # noqa: N818 - the field's word for a lost conditional write
    """The object isn't what the writer thought it was."""


class Store(Protocol):
    """Objects with an entity tag each, strongly consistent."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's content and tag, or None when there is no such object."""

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        """Write if the object still has the tag `expected` (None: if it doesn't exist); the new tag.

        Raises Conflict otherwise.
        """

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix, in order."""


@dataclass(frozen=True)
class S3Store:
    """Objects in an S3 bucket below a prefix.

    Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
    S3 answers a lost race with 412 (condition) or 409 (a concurrent write), both a conflict.
    """

    s3: S3Client
    bucket: str
    prefix: str

    def get(self, key: str) -> tuple[bytes, str] | None:
        """See :class:`Store`."""
        with explained(f"reading {self.prefix}{key} from the ledger"):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=self.prefix + key)
            except ClientError as error:
                if error_code(error) in {"NoSuchKey", "404"}:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        """See :class:`Store`."""
        condition: Any = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        with explained(f"writing {self.prefix}{key} to the ledger"):
            try:
                answer = self.s3.put_object(
                    Bucket=self.bucket,
                    Key=self.prefix + key,
                    Body=body,
                    ContentType="application/json",
                    **condition,
                )
            except ClientError as error:
                if write_was_refused(error):
                    # A retry after a lost answer meets our own write: the same bytes mean that it came.
                    present = self.get(key)
                    if present and present[0] == body:
                        return present[1]
                    raise Conflict(key) from error
                raise
            return answer["ETag"]

    def keys(self, prefix: str) -> list[str]:
        """See :class:`Store`."""
        with explained(f"listing {self.prefix}{prefix} in the ledger"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            return [
                item["Key"].removeprefix(self.prefix) for page in pages for item in page.get("Contents", [])
            ]
