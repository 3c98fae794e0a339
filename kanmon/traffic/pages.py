"""The web pointer: `index.html`, replaced by one conditional write, and the files around it.

All releases share the hashed assets. A release's other files lie below `releases/<id>/`. The live release's
files also lie under their own names, and browsers ask for them each time (`no-cache`).
"""

from __future__ import annotations

import mimetypes
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, is_missing
from kanmon.aws.objects import Conflict, put_if_unchanged
from kanmon.errors import Code, KanmonError
from kanmon.naming import ENTRY_PAGE, RELEASE_METADATA, blob_key, preview_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client

    from kanmon.model import WebFile

_DIGEST_METADATA = "sha256"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_AT_ONCE = 16
# Python's table lacks some of these types, and a machine's own table may have others.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class WebPages:
    """The web bucket behind the edge.

    Files come from the artifact bucket, never from this machine.
    """

    s3: S3Client
    bucket: str
    artifacts: str

    def publish(self, release: str, files: Mapping[str, WebFile]) -> None:
        """Publish a release's files beside those of other releases; users don't get them yet.

        Raises ASSET_CHANGED when a hashed asset exists with other content.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            tasks = [pool.submit(self._publish_file, release, name, file) for name, file in files.items()]
            for task in tasks:
                task.result()

    def move(self, release: str, files: Mapping[str, WebFile], base: Mapping[str, WebFile]) -> int:
        """Make a release's pages live, the entry page last, and return the number of writes.

        `base` has the files of the present live release, perhaps live in part only. Files with the same
        content are not written again, nor are files written by an interrupted move.
        For a release without a web app, the entry page is removed.
        Raises POINTER_MOVED when another writer replaced the entry page meanwhile.
        """
        if not files:
            return int(self.clear())
        writes = 0
        for name, file in files.items():
            same = name in base and base[name].sha256 == file.sha256
            if file.immutable or name == ENTRY_PAGE or same or self._has(name, file):
                continue
            self._copy(name, file, _ASK_EACH_TIME, {_DIGEST_METADATA: file.sha256})
            writes += 1
        head = self._head(ENTRY_PAGE)
        if head and _release_of(head) == release:
            return writes
        self._replace_entry(release, files[ENTRY_PAGE], head["ETag"] if head else None)
        return writes + 1

    def clear(self) -> bool:
        """Remove the entry page: before the first release there is none.

        Returns True, for one write.
        """
        with aws_errors("removing the live page"):
            self.s3.delete_object(Bucket=self.bucket, Key=ENTRY_PAGE)
        return True

    def delete_stale_files(self, files: Mapping[str, WebFile], base: Mapping[str, WebFile]) -> None:
        """Remove files of `base` that the live release (`files`) no longer has.

        Hashed assets stay.
        """
        gone = [name for name, file in base.items() if not file.immutable and name not in files]
        for name in gone:
            with aws_errors(f"removing {name}"):
                self.s3.delete_object(Bucket=self.bucket, Key=name)

    def _publish_file(self, release: str, name: str, file: WebFile) -> None:
        if not file.immutable:
            metadata = {_DIGEST_METADATA: file.sha256}
            if name == ENTRY_PAGE:
                metadata[RELEASE_METADATA] = release
            self._copy(name, file, _ASK_EACH_TIME, metadata, below=preview_folder(release))
            return
        present = self._head(name)
        if present is None:
            self._copy(name, file, _FOREVER, {_DIGEST_METADATA: file.sha256})
        elif present["Metadata"].get(_DIGEST_METADATA) != file.sha256:
            raise KanmonError(
                Code.ASSET_CHANGED,
                f"{name} is already served with other content under the same name.",
                where=f"s3://{self.bucket}/{name}",
            )

    def _has(self, name: str, file: WebFile) -> bool:
        present = self._head(name)
        return present is not None and present["Metadata"].get(_DIGEST_METADATA) == file.sha256

    def _copy(
        self, name: str, file: WebFile, cache: str, metadata: dict[str, str], *, below: str = ""
    ) -> None:
        with aws_errors(f"publishing {below}{name}"):
            self.s3.copy_object(
                Bucket=self.bucket,
                Key=below + name,
                CopySource={"Bucket": self.artifacts, "Key": blob_key(file.sha256)},
                MetadataDirective="REPLACE",
                ContentType=content_type(name),
                CacheControl=cache,
                Metadata=metadata,
            )

    def _replace_entry(self, release: str, file: WebFile, expected: str | None) -> None:
        def own_tag() -> str | None:
            head = self._head(ENTRY_PAGE)
            return head["ETag"] if head and _release_of(head) == release else None

        with aws_errors(f"making the page of {release} live"):
            content = self.s3.get_object(Bucket=self.artifacts, Key=blob_key(file.sha256))["Body"].read()
            try:
                put_if_unchanged(
                    self.s3,
                    self.bucket,
                    ENTRY_PAGE,
                    content,
                    expected=expected,
                    own_tag=own_tag,
                    ContentType=content_type(ENTRY_PAGE),
                    CacheControl=_ASK_EACH_TIME,
                    Metadata={RELEASE_METADATA: release, _DIGEST_METADATA: file.sha256},
                )
            except Conflict as error:
                problem = "Another process replaced the live page meanwhile."
                where = f"s3://{self.bucket}/{ENTRY_PAGE}"
                raise KanmonError(Code.POINTER_MOVED, problem, where=where) from error

    def _head(self, key: str) -> Any:  # noqa: ANN401 - the client's typed dictionary, or None
        with aws_errors(f"looking at {key}"):
            try:
                return self.s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise


def _release_of(head: Any) -> str | None:  # noqa: ANN401 - the client's typed dictionary
    release: str | None = head["Metadata"].get(RELEASE_METADATA)
    return release


def content_type(name: str) -> str:
    """The media type of a file, with UTF-8 for text."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
