"""As much of the S3 client as Kanmon uses, in memory, with conditional writes."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError

from tests.fakes.clock import BEGIN, Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_LOCK = threading.Lock()
_MOST = 1000
"""The names in one answer of ListObjectsV2, and in one call of DeleteObjects."""


def refusal(code: str, operation: str, message: str = "") -> ClientError:
    """An error answer as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message or code}}, operation)


class Pages:
    """A paginator of boto3, with these answers."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = pages

    def paginate(self, **_: object) -> tuple[dict[str, Any], ...]:
        return self.pages


@dataclass(frozen=True)
class StoredObject:
    body: bytes
    type: str = ""
    cache: str = ""
    encoding: str = field(default="", kw_only=True)
    metadata: dict[str, str] = field(default_factory=dict)
    checksum: str = ""
    """The SHA-256 that its writer gave, in Base64. S3 compared it with the content."""
    checksum_type: str = "FULL_OBJECT"
    storage: str = "STANDARD"
    encryption: str = "AES256"
    unreadable: tuple[str, str] | None = None
    """S3's answers to HeadObject and GetObject, when this role can't use the object's key."""
    written: datetime = field(default=BEGIN, compare=False)

    @property
    def tag(self) -> str:
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


@dataclass
class MemoryS3:
    """Buckets, made when they are first written to. The methods are those of boto3's client."""

    buckets: dict[str, dict[str, StoredObject]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(region_name="ap-northeast-1"))

    def objects(self, bucket: str) -> dict[str, StoredObject]:
        return self.buckets.setdefault(bucket, {})

    def head_object(self, *, Bucket: str, Key: str, ChecksumMode: str = "") -> dict[str, Any]:  # noqa: N803 - boto3's names
        found = self.objects(Bucket).get(Key)
        if found is None:
            raise refusal("404", "HeadObject")
        if found.unreadable:
            raise refusal(found.unreadable[0], "HeadObject")
        shown = found.checksum and ChecksumMode == "ENABLED"
        checksum = {"ChecksumSHA256": found.checksum, "ChecksumType": found.checksum_type}
        return {
            "Metadata": dict(found.metadata),
            "ETag": found.tag,
            "ContentType": found.type,
            "CacheControl": found.cache,
            **({"ContentEncoding": found.encoding} if found.encoding else {}),
            "VersionId": f"version-{found.tag[1:7]}",
            "ServerSideEncryption": found.encryption,
            **(checksum if shown else {}),
            # S3 leaves the standard class out.
            **({} if found.storage == "STANDARD" else {"StorageClass": found.storage}),
        }

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        found = self.objects(Bucket).get(Key)
        if found is None:
            raise refusal("NoSuchKey", "GetObject")
        if found.unreadable:
            code, _, message = found.unreadable[1].partition(": ")
            raise refusal(code, "GetObject", message)
        return {
            "Body": io.BytesIO(found.body),
            "ContentLength": len(found.body),
            "ETag": found.tag,
            "ContentType": found.type,
            "CacheControl": found.cache,
            **({"ContentEncoding": found.encoding} if found.encoding else {}),
            "Metadata": dict(found.metadata),
            "VersionId": f"version-{found.tag[1:7]}",
        }

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes | BinaryIO,  # noqa: N803
        **options: Any,
    ) -> dict[str, Any]:
        if not isinstance(Body, bytes):
            Body.seek(0)  # as botocore does before it sends a request again
        body = Body if isinstance(Body, bytes) else Body.read()
        if options.get("ChecksumSHA256", sha256_in_s3(body)) != sha256_in_s3(body):
            raise refusal("BadDigest", "PutObject")
        with _LOCK:
            found = self.objects(Bucket).get(Key)
            wrong_tag = "IfMatch" in options and (found is None or found.tag != options["IfMatch"])
            if wrong_tag or ("IfNoneMatch" in options and found is not None):
                raise refusal("PreconditionFailed", "PutObject")
            written = replace(_stored(body, options), written=self.clock.now())
            self.objects(Bucket)[Key] = written
            self.writes.append(f"{Bucket}/{Key}")
            return {"ETag": written.tag, "VersionId": f"version-{written.tag[1:7]}"}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        self.objects(Bucket).pop(Key, None)
        self.writes.append(f"{Bucket}/{Key}")

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        assert len(Delete["Objects"]) <= _MOST
        for item in Delete["Objects"]:
            self.delete_object(Bucket=Bucket, Key=item["Key"])
        return {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: N803
        found = sorted(key for key in list(self.objects(Bucket)) if key.startswith(Prefix))
        return {"Contents": [{"Key": key} for key in found[:_MOST]], "IsTruncated": len(found) > _MOST}

    def get_paginator(self, operation: str) -> PagedS3:
        assert operation == "list_objects_v2"
        return PagedS3(self)


@dataclass(frozen=True)
class PagedS3:
    """The paginator of ListObjectsV2."""

    s3: MemoryS3

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        items = self.s3.objects(Bucket)
        keys = sorted(key for key in list(items) if key.startswith(Prefix))
        for at in range(0, max(len(keys), 1), _MOST):
            found = [{"Key": key, "LastModified": items[key].written} for key in keys[at : at + _MOST]]
            yield {"Contents": found} if found else {}


def _stored(body: bytes, options: dict[str, Any]) -> StoredObject:
    return StoredObject(
        body,
        options.get("ContentType", ""),
        options.get("CacheControl", ""),
        dict(options.get("Metadata", {})),
        options.get("ChecksumSHA256", ""),
        encoding=options.get("ContentEncoding", ""),
    )


def sha256_in_s3(content: bytes) -> str:
    """The SHA-256 of some content, as S3 and Lambda write it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
