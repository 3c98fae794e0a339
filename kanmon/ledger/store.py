"""Stores the ledger's records as objects, with conditional writes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, is_missing
from kanmon.aws.objects import content_of, put_if_unchanged
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.regular_file import size_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


LARGEST = 4 * 1024 * 1024
"""Bytes of a record. Kanmon's own have some kilobytes."""


class Store(Protocol):
    """Objects, each with an entity tag, and strongly consistent reads."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """The object's content and tag, or None when it does not exist. Raises LEDGER_UNREADABLE."""

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        """Write if the object still has the tag `expected` (None: if it doesn't exist).

        Returns the new tag. Raises Conflict when the object has changed.
        """

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix, in order."""


@dataclass(frozen=True)
class S3Store:
    """Objects in an S3 bucket below a prefix.

    Conditional writes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
    S3 answers a lost race with 412 (condition) or 409 (a concurrent write). Both raise Conflict.
    """

    s3: S3Client
    bucket: str
    prefix: str

    def get(self, key: str) -> tuple[bytes, str] | None:
        """See :class:`Store`."""
        with aws_errors(phrase("reading {key} from the ledger", key=self.prefix + key)):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=self.prefix + key)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise
            content = content_of(answer, LARGEST)
        if content is None:
            problem = phrase("{key} is larger than {size}.", key=key, size=size_of(LARGEST))
            raise KanmonError(Code.LEDGER_UNREADABLE, problem, where=f"s3://{self.bucket}/{self.prefix}{key}")
        return content, answer["ETag"]

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        """See :class:`Store`."""

        def own_tag() -> str | None:
            present = self.get(key)
            return present[1] if present and present[0] == body else None

        with aws_errors(phrase("writing {key} to the ledger", key=self.prefix + key)):
            return put_if_unchanged(
                self.s3,
                self.bucket,
                self.prefix + key,
                body,
                expected=expected,
                own_tag=own_tag,
                ContentType="application/json",
            )

    def keys(self, prefix: str) -> list[str]:
        """See :class:`Store`."""
        with aws_errors(phrase("listing {prefix} in the ledger", prefix=self.prefix + prefix)):
            pages = self.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            return [
                item["Key"].removeprefix(self.prefix) for page in pages for item in page.get("Contents", [])
            ]
