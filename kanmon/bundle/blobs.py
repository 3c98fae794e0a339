"""Blobs: an environment's files in the artifact bucket, named by their SHA-256, never changed.

Other roles than the deploy's can write them. So a blob is written by one conditional call with its SHA-256,
and a present one counts only when S3's own SHA-256 is its name. The bucket's policy lets nobody write a key
twice: one comparison before the first use holds for all later uses.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import hashlib
import io
import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code, is_locked, is_missing, write_was_refused
from kanmon.aws.objects import AT_ONCE, as_aws_writes, delete_all, keys_below, spooled, store
from kanmon.bundle import packs
from kanmon.bundle.manifest import LARGEST as LARGEST_MANIFEST
from kanmon.bundle.manifest import Bundle, Manifest
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.model import once_fixed
from kanmon.naming import blob_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

    from kanmon.model import WebFile

_TRIES = 5
LARGEST = 5 * 1024**3
"""Bytes of one PutObject. A multipart upload would have no SHA-256 of the whole content
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html)."""

_OTHER_CONTENT = deferred("{name} is stored with content that does not fit its name.")
_WITHHELD = deferred("{name} is stored in a way that can withhold it from the deploy.")
_RECORDED = deferred("A recorded file")
_REMOVE = deferred(
    "Find the writer in CloudTrail. As an administrator, run `{remove}`. "
    "Then plan the release again: the plan uploads the right file."
)
_FIND_AND_REMOVE = deferred(
    "Find the writer in CloudTrail. As an administrator, find its `VersionId` with `{look}`, then "
    "run `{remove}`. Then plan the release again: the plan uploads the right file."
)


@dataclass(frozen=True)
class Blobs:
    """The blobs of one environment in the artifact bucket."""

    s3: S3Client
    bucket: str
    environment: str

    def upload_bundle(
        self,
        bundle: Bundle,
        known: Collection[str] = (),
        published: Mapping[str, WebFile] = MappingProxyType({}),
    ) -> tuple[str, ...]:
        """Upload the missing files of a bundle. Returns the blobs with its new hashed assets.

        `known` has the digests of an earlier comparison: see :meth:`verify`. `published` has the files in the
        web bucket. Raises BLOB_REPLACED, BUNDLE_TOO_BIG.
        """
        manifest, present = bundle.manifest, self.present()
        new = {
            file.sha256: f"web/{file.source or name}"
            for name, file in manifest.web.items()
            if packs.is_packed(file) and published.get(name) != file
        }
        # The live release has these with fixed names. The move replaces them, from a blob each.
        single = {file.sha256 for file in once_fixed(manifest.web, published).values()} & new.keys()
        wanted = manifest.uses().keys() | single
        files = {
            sha256: name
            for name, sha256 in manifest.files().items()
            if sha256 in wanted and (sha256 not in present or sha256 not in known)
        }

        def upload(sha256: str, name: str) -> bool:
            path, look = bundle.path(name), sha256 in present
            return self._store(sha256, name, path.stat().st_size, lambda: path.open("rb"), look_first=look)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(upload, files.keys(), files.values()))
        paths = (bundle.path(new[sha256]) for sha256 in sorted(new.keys() - single))
        packed = [self.put(pack, present) for pack in packs.packs_of(paths)]
        # The manifest comes last. After an interrupted upload, the bundle has none and is not used.
        self.put(manifest.stored, present)
        return (*packed, *sorted(single))

    def present(self) -> set[str]:
        """The digests of all blobs, by one listing. What is stored under them is not compared."""
        with aws_errors(phrase("listing the bucket {bucket}", bucket=self.bucket)):
            keys = keys_below(self.s3, self.bucket, self.key(""))
        return {key.removeprefix(self.key("")) for key in keys}

    def manifest(self, digest: str) -> Manifest:
        """The manifest of an uploaded bundle.

        Raises BUNDLE_MISSING, BLOB_REPLACED, BUNDLE_DAMAGED or BUNDLE_OTHER_VERSION.
        """
        return Manifest.parse(self.get(digest, LARGEST_MANIFEST), self._where(digest))

    def put(self, content: bytes, present: Collection[str] | None = None) -> str:
        """Store some content and return its SHA-256. Raises BLOB_REPLACED, BUNDLE_TOO_BIG.

        `present` has the digests of a listing: what is not among them is written without a look.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        look = present is None or sha256 in present
        self._store(sha256, sha256[:12], len(content), lambda: io.BytesIO(content), look_first=look)
        return sha256

    def get(self, sha256: str, largest: int) -> bytes:
        """The content of a blob, verified. The right content has at most `largest` bytes.

        Raises BUNDLE_MISSING or BLOB_REPLACED.
        """
        with self.opened(sha256, largest) as file:
            return file.read()

    @contextmanager
    def opened(self, sha256: str, largest: int) -> Iterator[IO[bytes]]:
        """A blob as a file at its beginning, verified, for the `with` block. See :meth:`get`.

        All of it is read before, because nothing may use content that is not the name's. What is large
        goes to the disk.
        """
        where = self._where(sha256)
        with spooled() as file:
            with aws_errors(phrase("reading {where}", where=where)):
                try:
                    found = self._open(sha256, phrase(_RECORDED))
                except ClientError as error:
                    if is_missing(error):
                        problem = phrase("A recorded file is no longer in the bucket.")
                        raise KanmonError(Code.BUNDLE_MISSING, problem, where=where) from error
                    raise
                stored = store(found, largest, file)
            if stored != sha256:
                raise self._replaced(sha256, phrase(_RECORDED), found)
            yield file

    def unpacked(self, sha256: str) -> Iterator[tuple[str, bytes]]:
        """The hashed assets in a pack, each with its SHA-256. See :meth:`get`."""
        with self.opened(sha256, packs.LARGEST) as pack:
            yield from packs.unpacked(pack)

    def verify(self, names: Mapping[str, str], known: Collection[str] = ()) -> None:
        """Compare S3's own SHA-256 of blobs with their names. `names` has each digest, and its use in words.

        `known` has the digests of an earlier comparison, never deleted since: nobody can write a key twice.
        One listing shows that they are still there. Raises BUNDLE_MISSING with all missing ones, or
        BLOB_REPLACED with the first wrong one.
        """
        present = self.present() if known else names.keys()
        compared = sorted(sha256 for sha256 in names if sha256 in present and sha256 not in known)
        doing = phrase("looking into the bucket {bucket}", bucket=self.bucket)
        with aws_errors(doing), ThreadPoolExecutor(AT_ONCE) as pool:
            there = pool.map(lambda sha256: self._is_there(sha256, names[sha256]), compared)
            gone = {sha256 for sha256, found in zip(compared, there, strict=True) if not found}
        if missing := [use for sha256, use in names.items() if sha256 in gone or sha256 not in present]:
            uses = ", ".join(sorted(missing))
            problem = phrase("These are not in the artifact bucket: {names}.", names=uses)
            where = f"s3://{self.bucket}/{self.key('')}"
            fix = phrase(
                "Run `kanmon plan` again with the bundle: it uploads what is missing. For a rollback, "
                "release the commit again."
            )
            raise KanmonError(Code.BUNDLE_MISSING, problem, where=where, fix=fix)

    def older_than(self, before: datetime) -> set[str]:
        """The digests of the blobs written before a time."""
        with aws_errors(phrase("listing the bucket {bucket}", bucket=self.bucket)):
            keys = keys_below(self.s3, self.bucket, self.key(""), before)
        return {key.removeprefix(self.key("")) for key in keys}

    def delete(self, digests: Iterable[str]) -> None:
        """Delete blobs. You can repeat the call. Raises AWS_FAILED.

        Afterwards another role may write these names again, with any content. So no comparison from before
        may count for them.
        """
        with aws_errors(phrase("deleting old files from the bucket {bucket}", bucket=self.bucket)):
            delete_all(self.s3, self.bucket, sorted(map(self.key, digests)))

    def key(self, sha256: str) -> str:
        """The object key of a blob."""
        return blob_key(self.environment, sha256)

    def url(self, sha256: str) -> str:
        """The URL of a blob for CloudFormation, which accepts only Amazon S3 URLs."""
        region = self.s3.meta.region_name
        return f"https://s3.{region}.amazonaws.com/{self.bucket}/{self.key(sha256)}"

    def _where(self, sha256: str) -> str:
        return f"s3://{self.bucket}/{self.key(sha256)}"

    def _store(
        self,
        sha256: str,
        name: str,
        size: int,
        content: Callable[[], BinaryIO],
        *,
        look_first: bool = True,
    ) -> bool:
        """Write a blob unless it is there; True when this call wrote it."""
        if size > LARGEST:
            problem = phrase(
                "{name} has {size:,} bytes. One file may have {limit:,}.", name=name, size=size, limit=LARGEST
            )
            raise KanmonError(Code.BUNDLE_TOO_BIG, problem)
        with aws_errors(phrase("writing {name} to the bucket {bucket}", name=name, bucket=self.bucket)):
            for number in range(_TRIES):
                if (look_first or number) and self._is_there(sha256, name):
                    return False
                with content() as body:
                    if self._write(sha256, body):
                        return True
        problem, fix = phrase("Other runs keep writing {name}.", name=name), phrase("Run the command again.")
        raise KanmonError(Code.AWS_FAILED, problem, where=self._where(sha256), fix=fix)

    def _write(self, sha256: str, body: BinaryIO) -> bool:
        """Write a blob, if there is none; False when another run wrote it, or writes it now (409)."""
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=self.key(sha256),
                Body=body,
                IfNoneMatch="*",
                ChecksumSHA256=as_aws_writes(sha256),
            )
        except ClientError as error:
            if not write_was_refused(error):
                raise
            return False
        return True

    def _is_there(self, sha256: str, name: str) -> bool:
        """Whether the blob is there. Raises BLOB_REPLACED when its content is not proven to be the name's."""
        try:
            head = self.s3.head_object(Bucket=self.bucket, Key=self.key(sha256), ChecksumMode="ENABLED")
        except ClientError as error:
            if is_missing(error):
                return False
            if error_code(error) in {"400", "403"}:
                self._open(sha256, name)["Body"].close()  # this answer names the cause, and HEAD's can't
            raise
        # A multipart upload has a composite checksum: it proves nothing about the whole content.
        if (head.get("ChecksumType"), head.get("ChecksumSHA256")) != ("FULL_OBJECT", as_aws_writes(sha256)):
            raise self._replaced(sha256, name, head)
        # The right content in an archive, or under a key that somebody can take away: the deploy reads it
        # after the approval.
        kept = head.get("StorageClass", "STANDARD"), head.get("ServerSideEncryption", "AES256")
        if kept != ("STANDARD", "AES256"):
            raise self._replaced(sha256, name, head, _WITHHELD)
        return True

    def _open(self, sha256: str, name: str) -> GetObjectOutputTypeDef:
        """GetObject's answer. Raises BLOB_REPLACED for a blob under a key that this role can't use."""
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=self.key(sha256))
        except ClientError as error:
            if is_locked(error):
                raise self._replaced(sha256, name, {}, _WITHHELD) from error
            raise

    def _replaced(
        self, sha256: str, name: str, found: Mapping[str, Any], how: str = _OTHER_CONTENT
    ) -> KanmonError:
        problem, fix = phrase(how, name=name), self._removal(sha256, found)
        return KanmonError(Code.BLOB_REPLACED, problem, where=self._where(sha256), fix=fix)

    def _removal(self, sha256: str, found: Mapping[str, Any]) -> str:
        """The removal of a blob in words. Without the version, S3 would only hide it."""
        key = self.key(sha256)
        version = found.get("VersionId", "null") if found else "VersionId"
        remove = ["delete-object", "--bucket", self.bucket, "--key", key, "--version-id", version]
        look = ["list-object-versions", "--bucket", self.bucket, "--prefix", key]
        text = _REMOVE if found else _FIND_AND_REMOVE
        return phrase(text, look=f"aws s3api {shlex.join(look)}", remove=f"aws s3api {shlex.join(remove)}")
