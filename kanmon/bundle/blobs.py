"""Blobs: files in the artifact bucket, named by their SHA-256, never changed and never written twice."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws import error_code, explained, upload
from kanmon.bundle.manifest import Bundle, Manifest
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

_PREFIX = "blobs/"
_AT_ONCE = 16


def blob_key(sha256: str) -> str:
    """The object key of a blob."""
    return _PREFIX + sha256


@dataclass(frozen=True)
class Blobs:
    """The blobs of an artifact bucket."""

    s3: S3Client
    bucket: str

    def upload_bundle(self, bundle: Bundle) -> int:
        """Upload what the bucket doesn't have yet; how many files that were."""
        files = {sha: bundle.path(name) for name, sha in bundle.manifest.files().items()}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sent = list(pool.map(self._upload, files.keys(), files.values()))
        # The manifest comes last: a bundle that has one is whole.
        self.put(bundle.manifest.text().encode())
        return sum(sent)

    def manifest(self, digest: str) -> Manifest:
        """The manifest of a bundle that was uploaded. Raises BUNDLE_MISSING or BUNDLE_DAMAGED."""
        return Manifest.parse(self.get(digest), f"s3://{self.bucket}/{blob_key(digest)}")

    def put(self, content: bytes) -> str:
        """Store some content; its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        with explained(f"writing to the bucket {self.bucket}"):
            if not self._present(sha256):
                self.s3.put_object(Bucket=self.bucket, Key=blob_key(sha256), Body=content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content of a blob, verified. Raises BUNDLE_MISSING or BUNDLE_DAMAGED."""
        where = f"s3://{self.bucket}/{blob_key(sha256)}"
        with explained(f"reading {where}"):
            try:
                content = self.s3.get_object(Bucket=self.bucket, Key=blob_key(sha256))["Body"].read()
            except ClientError as error:
                if error_code(error) in {"NoSuchKey", "404"}:
                    problem = "A recorded file is no longer in the bucket."
                    raise KanmonError(Code.BUNDLE_MISSING, problem, where=where) from error
                raise
        if hashlib.sha256(content).hexdigest() != sha256:
            raise KanmonError(Code.BUNDLE_DAMAGED, "A recorded file has other content.", where=where)
        return content

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        """Those that are not in the bucket."""
        wanted = sorted(set(sha256s))
        with explained(f"looking into the bucket {self.bucket}"), ThreadPoolExecutor(_AT_ONCE) as pool:
            present = list(pool.map(self._present, wanted))
        return [sha256 for sha256, there in zip(wanted, present, strict=True) if not there]

    def url(self, sha256: str) -> str:
        """Where CloudFormation reads a blob. It wants an Amazon S3 URL and no other."""
        region = self.s3.meta.region_name
        return f"https://s3.{region}.amazonaws.com/{self.bucket}/{blob_key(sha256)}"

    def _upload(self, sha256: str, path: Path) -> bool:
        with explained(f"uploading {path.name} to the bucket {self.bucket}"):
            if self._present(sha256):
                return False
            upload(self.s3, path, self.bucket, blob_key(sha256))
            return True

    def _present(self, sha256: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.bucket, Key=blob_key(sha256))
        except ClientError as error:
            if error_code(error) in {"404", "NoSuchKey", "NotFound"}:
                return False
            raise
        return True
