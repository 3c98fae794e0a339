"""Blobs: an environment's files in the artifact bucket, named by their SHA-256, never changed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, is_missing
from kanmon.bundle.manifest import Bundle, Manifest
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import blob_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

_AT_ONCE = 16


@dataclass(frozen=True)
class Blobs:
    """The blobs of one environment in the artifact bucket."""

    s3: S3Client
    bucket: str
    environment: str

    def upload_bundle(self, bundle: Bundle) -> int:
        """Upload the missing files of a bundle and return their number."""
        files = {sha: bundle.path(name) for name, sha in bundle.manifest.files().items()}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            sent = list(pool.map(self._upload, files.keys(), files.values()))
        # The manifest comes last. After an interrupted upload, the bundle has none and is not used.
        self.put(bundle.manifest.stored)
        return sum(sent)

    def manifest(self, digest: str) -> Manifest:
        """The manifest of an uploaded bundle.

        Raises BUNDLE_MISSING, BUNDLE_DAMAGED or BUNDLE_OTHER_VERSION.
        """
        return Manifest.parse(self.get(digest), f"s3://{self.bucket}/{self.key(digest)}")

    def put(self, content: bytes) -> str:
        """Store some content and return its SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        with aws_errors(f"writing to the bucket {self.bucket}"):
            if not self._present(sha256):
                self.s3.put_object(Bucket=self.bucket, Key=self.key(sha256), Body=content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The content of a blob, verified.

        Raises BUNDLE_MISSING or BUNDLE_DAMAGED.
        """
        where = f"s3://{self.bucket}/{self.key(sha256)}"
        with aws_errors(f"reading {where}"):
            try:
                content = self.s3.get_object(Bucket=self.bucket, Key=self.key(sha256))["Body"].read()
            except ClientError as error:
                if is_missing(error):
                    problem = "A recorded file is no longer in the bucket."
                    raise KanmonError(Code.BUNDLE_MISSING, problem, where=where) from error
                raise
        if hashlib.sha256(content).hexdigest() != sha256:
            raise KanmonError(Code.BUNDLE_DAMAGED, "A recorded file has other content.", where=where)
        return content

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        """The digests without a blob in the bucket, sorted."""
        wanted = sorted(set(sha256s))
        with aws_errors(f"looking into the bucket {self.bucket}"), ThreadPoolExecutor(_AT_ONCE) as pool:
            present = list(pool.map(self._present, wanted))
        return [sha256 for sha256, there in zip(wanted, present, strict=True) if not there]

    def key(self, sha256: str) -> str:
        """The object key of a blob."""
        return blob_key(self.environment, sha256)

    def url(self, sha256: str) -> str:
        """The URL of a blob for CloudFormation, which accepts only Amazon S3 URLs."""
        region = self.s3.meta.region_name
        return f"https://s3.{region}.amazonaws.com/{self.bucket}/{self.key(sha256)}"

    def _upload(self, sha256: str, path: Path) -> bool:
        with aws_errors(f"uploading {path.name} to the bucket {self.bucket}"):
            if self._present(sha256):
                return False
            # `upload_file` would hide AWS's error in one of its own.
            with path.open("rb") as file:
                self.s3.upload_fileobj(file, self.bucket, self.key(sha256))
            return True

    def _present(self, sha256: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.bucket, Key=self.key(sha256))
        except ClientError as error:
            if is_missing(error):
                return False
            raise
        return True


class Missing(Protocol):
    """A list of blobs: the bucket, or a fake in tests."""

    def missing(self, sha256s: Iterable[str]) -> list[str]:
        """The digests without a blob."""


def refuse_missing(blobs: Missing, manifest: Manifest) -> None:
    """Raise BUNDLE_MISSING when a function package or a state machine definition is not in the bucket."""
    users = {package.sha256: name for name, package in manifest.functions.items()}
    users |= {definition.sha256: name for name, definition in manifest.state_machines.items()}
    missing = blobs.missing(users)
    if missing:
        names = ", ".join(sorted(users[sha256] for sha256 in missing))
        problem = f"The files of these are not in the artifact bucket: {names}."
        raise KanmonError(Code.BUNDLE_MISSING, problem, where=manifest.digest[:12])
