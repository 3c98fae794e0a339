"""The web pointer: `index.html`, replaced by one conditional write, and the files around it.

Hashed assets lie once for all releases; a release's other files lie below `releases/<id>/` and, when it is
live, at their own names, always asked for anew by browsers (`no-cache`).
"""

from __future__ import annotations

import mimetypes
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.aws import error_code, explained, write_was_refused
from kanmon.bundle.blobs import blob_key
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from kanmon.bundle import Manifest, WebFile

ENTRY = "index.html"
"""The page that is the pointer; the config knows no other."""
RELEASE_METADATA = "kanmon-release"
_DIGEST_METADATA = "sha256"
_FOREVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
_MISSING = {"404", "NoSuchKey", "NotFound"}
_AT_ONCE = 16
# What Python's table lacks or the machine's own table may name differently.
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
    """The web bucket behind the edge; files come from the artifact bucket, never from this machine."""

    s3: S3Client
    bucket: str
    artifacts: str

    def live(self) -> str | None:
        """The release whose entry page is live, None without one."""
        head = self._head(ENTRY)
        return head["Metadata"].get(RELEASE_METADATA) if head else None

    def publish(self, release: str, manifest: Manifest) -> None:
        """Lay a release's files beside those of the others; nobody is pointed at them yet.

        Raises ASSET_CHANGED when a hashed asset exists with other content.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            tasks = [
                pool.submit(self._publish_file, release, name, file) for name, file in manifest.web.items()
            ]
            for task in tasks:
                task.result()

    def move(self, release: str, manifest: Manifest, base: Manifest | None) -> int:
        """Make a release's pages live, the entry page last; how many writes that took.

        `base` is the manifest of the release that is live now, or partly so: files that it shares, and
        files that a move which was cut short has brought already, are left alone.
        A release without a web app has no entry page, so there will be none.
        Raises POINTER_MOVED when another writer replaced the entry page meanwhile.
        """
        if not manifest.web:
            return int(self.clear())
        writes = 0
        for name, file in manifest.web.items():
            same = base is not None and name in base.web and base.web[name].sha256 == file.sha256
            if file.immutable or name == ENTRY or same or self._has(name, file):
                continue
            self._copy(name, file, _ASK_EACH_TIME, {_DIGEST_METADATA: file.sha256})
            writes += 1
        head = self._head(ENTRY)
        if head and head["Metadata"].get(RELEASE_METADATA) == release:
            return writes
        self._replace_entry(release, manifest, head["ETag"] if head else None)
        return writes + 1

    def clear(self) -> bool:
        """Take the entry page away: before the first release that succeeds there is none. That is a write."""
        with explained("removing the live page"):
            self.s3.delete_object(Bucket=self.bucket, Key=ENTRY)
        return True

    def settle(self, manifest: Manifest, base: Manifest | None) -> None:
        """Remove the fixed-name files of `base` that the live release no longer has."""
        gone = [
            name
            for name, file in (base.web.items() if base else ())
            if not file.immutable and name not in manifest.web
        ]
        for name in gone:
            with explained(f"removing {name}"):
                self.s3.delete_object(Bucket=self.bucket, Key=name)

    def _publish_file(self, release: str, name: str, file: WebFile) -> None:
        if not file.immutable:
            metadata = {_DIGEST_METADATA: file.sha256}
            if name == ENTRY:
                metadata[RELEASE_METADATA] = release
            self._copy(name, file, _ASK_EACH_TIME, metadata, below=f"releases/{release}/")
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
        with explained(f"publishing {below}{name}"):
            self.s3.copy_object(
                Bucket=self.bucket,
                Key=below + name,
                CopySource={"Bucket": self.artifacts, "Key": blob_key(file.sha256)},
                MetadataDirective="REPLACE",
                ContentType=content_type(name),
                CacheControl=cache,
                Metadata=metadata,
            )

    def _replace_entry(self, release: str, manifest: Manifest, expected: str | None) -> None:
        file = manifest.web[ENTRY]
        condition: Any = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        with explained(f"making the page of {release} live"):
            content = self.s3.get_object(Bucket=self.artifacts, Key=blob_key(file.sha256))["Body"].read()
            try:
                self.s3.put_object(
                    Bucket=self.bucket,
                    Key=ENTRY,
                    Body=content,
                    ContentType=content_type(ENTRY),
                    CacheControl=_ASK_EACH_TIME,
                    Metadata={RELEASE_METADATA: release, _DIGEST_METADATA: file.sha256},
                    **condition,
                )
            except ClientError as error:
                if not write_was_refused(error):
                    raise
                # The answer to our own write may have been lost and the call repeated.
                if self.live() != release:
                    problem = "Somebody else replaced the live page meanwhile."
                    raise KanmonError(
                        Code.POINTER_MOVED, problem, where=f"s3://{self.bucket}/{ENTRY}"
                    ) from error

    def _head(self, key: str) -> Any:  # noqa: ANN401 - the client's typed dictionary, or None
        with explained(f"looking at {key}"):
            try:
                return self.s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) in _MISSING:
                    return None
                raise


def content_type(name: str) -> str:
    """The media type of a file, with UTF-8 for text."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
