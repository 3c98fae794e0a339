"""The web pointer: `index.html`, replaced by one conditional write, and the files around it.

All releases share the hashed assets. A release's other files lie below `releases/<id>/`: the pages with their
release and its settings inside, and every file with the release's headers in its metadata. The live release's
files also lie under their own names, as copies of these. So a move, forward or back, needs nothing of the
release's config. Browsers ask for these files each time (`no-cache`).

A file without HTML keeps its headers until its content changes, and so does a hashed asset. A browser would
not get them anew either: the same content has the same entity tag.
"""

from __future__ import annotations

import hashlib
import mimetypes
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, is_missing
from kanmon.aws.objects import Conflict, put_if_unchanged
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import (
    DIGEST_METADATA,
    ENTRY_PAGE,
    HEADER_METADATA,
    RELEASE_METADATA,
    blob_key,
    preview_folder,
)
from kanmon.traffic.page_data import with_page_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from kanmon.model import WebFile

_T = TypeVar("_T")

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


class PageConfig(Protocol):
    """What a release's pages are served with: of a new release's config, or of a stored one."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings inside each page."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers of its files."""


@dataclass(frozen=True)
class WebPages:
    """The web bucket behind the edge.

    Files come from the artifact bucket, never from this machine. `web` is the config of published releases.
    """

    s3: S3Client
    bucket: str
    artifacts: str
    environment: str
    web: PageConfig

    def publish(self, release: str, files: Mapping[str, WebFile]) -> None:
        """Publish a release's files beside those of other releases; users don't get them yet.

        Raises ASSET_CHANGED when a hashed asset exists with other content, and BUNDLE_DAMAGED when a page
        differs from its digest.
        """
        _at_once([partial(self._publish_file, release, name, file) for name, file in files.items()])

    def move(self, release: str, files: Mapping[str, WebFile], base: Mapping[str, WebFile]) -> int:
        """Make a published release's pages live, the entry page last, and return the number of writes.

        `base` has the files of the present live release, perhaps live in part only. Other files than pages
        are not written again with the same content, nor are files written by an interrupted move.
        For a release without a web app, the entry page is removed.
        Raises POINTER_MOVED when another writer replaced the entry page meanwhile, and BUNDLE_MISSING when
        the release is not published any more.
        """
        if not files:
            return int(self.clear())
        beside = {
            name: file
            for name, file in files.items()
            if not file.immutable
            and name != ENTRY_PAGE
            and (is_page(name) or name not in base or base[name].sha256 != file.sha256)
        }
        writes = sum(_at_once([partial(self._move_file, release, *item) for item in beside.items()]))
        head = self._head(ENTRY_PAGE)
        if head and head["Metadata"].get(RELEASE_METADATA) == release:
            return writes
        self._replace_entry(release, head["ETag"] if head else None)
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
            self._publish_below(preview_folder(release), release, name, file)
            return
        present = self._head(name)
        if present is None:
            self._copy_blob(name, name, file, _FOREVER)
        elif present["Metadata"].get(DIGEST_METADATA) != file.sha256:
            raise KanmonError(
                Code.ASSET_CHANGED,
                f"{name} is already served with other content under the same name.",
                where=f"s3://{self.bucket}/{name}",
            )

    def _publish_below(self, folder: str, release: str, name: str, file: WebFile) -> None:
        if not is_page(name):
            self._copy_blob(folder + name, name, file, _ASK_EACH_TIME)
            return
        with aws_errors(f"publishing {folder}{name}"):
            blob = self.s3.get_object(Bucket=self.artifacts, Key=blob_key(self.environment, file.sha256))[
                "Body"
            ].read()
            if hashlib.sha256(blob).hexdigest() != file.sha256:
                where = f"s3://{self.artifacts}/{blob_key(self.environment, file.sha256)}"
                raise KanmonError(Code.BUNDLE_DAMAGED, f"{name} differs from its digest.", where=where)
            self.s3.put_object(
                Bucket=self.bucket,
                Key=folder + name,
                Body=with_page_data(blob, release, self.web.settings),
                ContentType=content_type(name),
                CacheControl=_ASK_EACH_TIME,
                Metadata={RELEASE_METADATA: release} | self._metadata(file),
            )

    def _copy_blob(self, key: str, name: str, file: WebFile, cache: str) -> None:
        with aws_errors(f"publishing {key}"):
            self.s3.copy_object(
                Bucket=self.bucket,
                Key=key,
                CopySource={"Bucket": self.artifacts, "Key": blob_key(self.environment, file.sha256)},
                MetadataDirective="REPLACE",
                ContentType=content_type(name),
                CacheControl=cache,
                Metadata=self._metadata(file),
            )

    def _metadata(self, file: WebFile) -> dict[str, str]:
        headers = {f"{HEADER_METADATA}{name}": value for name, value in self.web.headers.items()}
        return {DIGEST_METADATA: file.sha256} | headers

    def _move_file(self, release: str, name: str, file: WebFile) -> bool:
        """Copy a published file to its own name; False when it lies there already."""
        wanted = {DIGEST_METADATA: file.sha256} | ({RELEASE_METADATA: release} if is_page(name) else {})
        present = self._head(name)
        if present and wanted.items() <= present["Metadata"].items():
            return False
        source = preview_folder(release) + name
        with aws_errors(f"copying {source} to {name}"), self._published(release):
            # CopyObject keeps type, cache control and metadata of the source:
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
            self.s3.copy_object(
                Bucket=self.bucket, Key=name, CopySource={"Bucket": self.bucket, "Key": source}
            )
        return True

    @contextmanager
    def _published(self, release: str) -> Iterator[None]:
        """Raise BUNDLE_MISSING when somebody deleted a published file of the release."""
        try:
            yield
        except ClientError as error:
            if not is_missing(error):
                raise
            where = f"s3://{self.bucket}/{preview_folder(release)}"
            problem = f"The published files of {release} are gone."
            raise KanmonError(Code.BUNDLE_MISSING, problem, where=where) from error

    def _replace_entry(self, release: str, expected: str | None) -> None:
        def own_tag() -> str | None:
            head = self._head(ENTRY_PAGE)
            return head["ETag"] if head and head["Metadata"].get(RELEASE_METADATA) == release else None

        with aws_errors(f"making the page of {release} live"):
            with self._published(release):
                page = self.s3.get_object(Bucket=self.bucket, Key=preview_folder(release) + ENTRY_PAGE)
            try:
                put_if_unchanged(
                    self.s3,
                    self.bucket,
                    ENTRY_PAGE,
                    page["Body"].read(),
                    expected=expected,
                    own_tag=own_tag,
                    ContentType=page["ContentType"],
                    CacheControl=page["CacheControl"],
                    Metadata=page["Metadata"],
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


def _at_once(tasks: Sequence[Callable[[], _T]]) -> list[_T]:
    """The results of tasks, done in parallel, in their order. Raises the first error."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [done.result() for done in [pool.submit(task) for task in tasks]]


def is_page(name: str) -> bool:
    """Whether browsers show a file as a page: HTML, by its name's ending."""
    return content_type(name).startswith("text/html")


def content_type(name: str) -> str:
    """The media type of a file, with UTF-8 for text."""
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
