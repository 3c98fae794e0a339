"""The web pointer: `index.html`, replaced by one conditional write, and the files around it.

All releases share the hashed assets. A release's other files come from its bundle, verified, at each move,
forward or back: the pages with their release and its settings inside, and every file with the release's
headers in its metadata. Browsers ask for these files each time (`no-cache`). A preview has the same files
below its whole token, as long as it is open. Nobody keeps a copy of them (`no-store`).

A file without HTML keeps its headers until its content changes, and so does a hashed asset. A browser would
not get them anew either: the same content has the same entity tag.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, is_missing
from kanmon.aws.objects import AT_ONCE, Conflict, as_aws_writes, delete_all, keys_below, put_if_unchanged
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.media import content_type
from kanmon.model import once_fixed
from kanmon.naming import (
    DIGEST_METADATA,
    ENTRY_PAGE,
    HEADER_METADATA,
    PREVIEW_METADATA,
    RELEASE_METADATA,
    preview_folder,
)
from kanmon.traffic.page_data import opened_with_page_data

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

    from kanmon.config.paths import Paths
    from kanmon.model import WebFile

_T = TypeVar("_T")

_FOREVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"
# Neither CloudFront nor a browser keeps such an answer:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
_NEVER_KEPT = "no-store"
_LARGE = 8 * 1024 * 1024
"""Bytes. Larger files are written one after the other: together they could fill the disk."""


class PageConfig(Protocol):
    """What a release's pages are served with: of a new release's config, or of a stored one."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings inside each page."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers of its files."""

    @property
    def paths(self) -> Paths:
        """The files that its paths show."""


class StoredFiles(Protocol):
    """The stored files of bundles: :class:`kanmon.bundle.blobs.Blobs`."""

    def opened(self, sha256: str, largest: int) -> AbstractContextManager[IO[bytes]]:
        """Read the content and verify it. Raises BUNDLE_MISSING, BLOB_REPLACED."""

    def unpacked(self, sha256: str) -> Iterator[tuple[str, bytes]]:
        """Read a pack: its hashed assets, each with its SHA-256. Raises BUNDLE_MISSING, BLOB_REPLACED."""


@dataclass(frozen=True)
class WebRelease:
    """The web app of a release: its files by name, and what they are served with."""

    id: str
    files: Mapping[str, WebFile]
    config: PageConfig

    @property
    def assets(self) -> dict[str, WebFile]:
        """The hashed assets, shared with other releases."""
        return {name: file for name, file in self.files.items() if file.immutable}

    @property
    def own(self) -> dict[str, WebFile]:
        """The files with fixed names."""
        return {name: file for name, file in self.files.items() if not file.immutable}

    def only(self, paths: Iterable[str]) -> WebRelease:
        """The same with no more files than these paths of requests lead to."""
        wanted = {self.config.paths.file_of(path) for path in paths}
        return replace(self, files={name: file for name, file in self.files.items() if name in wanted})


@dataclass(frozen=True)
class WebPages:
    """The web bucket behind the edge. Files come from the artifact bucket, never from this machine."""

    s3: S3Client
    bucket: str
    blobs: StoredFiles
    _large: AbstractContextManager[object] = field(
        default_factory=Lock, init=False, repr=False, compare=False
    )
    """Held by the large file that is under way."""

    def publish(self, web: WebRelease, base: Mapping[str, WebFile], packs: Iterable[str] = ()) -> None:
        """Publish a release's hashed assets beside those of other releases.

        `base` has the files of the live release: with the same content, they need no second look. New assets
        come from the `packs`, or each from its blob.
        Raises ASSET_CHANGED when one exists with other content, or is now a file with a fixed name;
        BUNDLE_MISSING, BLOB_REPLACED.
        """
        if not web.files:
            return
        with aws_errors(phrase("listing the bucket {bucket}", bucket=self.bucket)):
            present = set(keys_below(self.s3, self.bucket, ""))
        later = once_fixed(web.files, base)
        assets = [name for name in web.assets if name not in later]
        seen = [name for name in assets if name in present and base.get(name) != web.files[name]]
        kept = _at_once([partial(self._is_published, name, web.files[name]) for name in seen])
        _at_once(
            [
                partial(self._refuse_kept_copies, name)
                for name in web.own
                if name in present and (name not in base or base[name].immutable)
            ]
        )
        served = present - {name for name, right in zip(seen, kept, strict=True) if not right}
        self._publish_assets(web, [name for name in assets if name not in served], packs)

    def open_preview(self, token: str, web: WebRelease) -> None:
        """Publish a release's own files below the token. Raises BUNDLE_MISSING, BLOB_REPLACED."""
        _at_once([partial(self._publish_below, token, web, *item) for item in web.own.items()])

    def close_preview(self, token: str) -> None:
        """Delete everything below the token. Older versions of these files stay for a day: nobody gets them.

        It lists the folder: a publication that died on the way left no other list.
        """
        with aws_errors(phrase("deleting the files of a preview"), hide=token):
            delete_all(self.s3, self.bucket, keys_below(self.s3, self.bucket, preview_folder(token)))

    def move(self, web: WebRelease, base: Mapping[str, WebFile]) -> int:
        """Make a release's pages live, the entry page last, and return the number of writes.

        `base` has the files of the present live release, perhaps live in part only. Other files than pages
        are not written again with the same content, nor are files written by an interrupted move.
        For a release without a web app, the entry page is removed.
        Raises POINTER_MOVED when another writer replaced the entry page meanwhile, BUNDLE_MISSING,
        BLOB_REPLACED.
        """
        if not web.files:
            return int(self.clear())
        beside = {
            name: file
            for name, file in web.own.items()
            if name != ENTRY_PAGE and (is_page(name, file) or base.get(name) != file)
        }
        beside |= once_fixed(web.files, base)
        writes = sum(_at_once([partial(self._move_file, web, *item) for item in beside.items()]))
        head = self._head(ENTRY_PAGE)
        if head and head["Metadata"].get(RELEASE_METADATA) == web.id:
            return writes
        self._replace_entry(web, head["ETag"] if head else None)
        return writes + 1

    def clear(self) -> bool:
        """Remove the entry page: before the first release there is none.

        Returns True, for one write.
        """
        with aws_errors(phrase("removing the live page")):
            self.s3.delete_object(Bucket=self.bucket, Key=ENTRY_PAGE)
        return True

    def delete_stale_files(self, files: Mapping[str, WebFile], base: Mapping[str, WebFile]) -> None:
        """Remove files of `base` that the live release (`files`) no longer has.

        Hashed assets stay, see :meth:`delete_old_assets`.
        """
        gone = [name for name, file in base.items() if not file.immutable and name not in files]
        for name in gone:
            with aws_errors(phrase("removing {name}", name=name)):
                self.s3.delete_object(Bucket=self.bucket, Key=name)

    def delete_old_assets(self, folders: Iterable[str], needed: Collection[str], before: datetime) -> int:
        """Delete hashed assets that are not `needed`, and published before a time; their number.

        Only those in `folders`, such as `assets/`: the rest of the bucket may be somebody else's. You can
        repeat the call. Raises AWS_FAILED.
        """
        with aws_errors(phrase("deleting old hashed assets")):
            found = [keys_below(self.s3, self.bucket, folder, before) for folder in sorted(folders)]
            old = [key for keys in found for key in keys if key not in needed]
            delete_all(self.s3, self.bucket, old)
        return len(old)

    def _publish_assets(self, web: WebRelease, names: Iterable[str], packs: Iterable[str]) -> None:
        """Publish hashed assets: those that the packs have, then the others, each from its blob."""
        wanted: dict[str, list[str]] = {}
        for name in names:
            wanted.setdefault(web.files[name].sha256, []).append(name)
        single = {file.sha256 for file in web.files.values()}
        for pack in packs:
            if wanted and pack not in single:
                _at_once(
                    [
                        partial(self._put_asset, web, name, content)
                        for sha256, content in self.blobs.unpacked(pack)
                        for name in wanted.pop(sha256, ())
                    ]
                )
        _at_once(
            [
                partial(self._put, name, web, web.files[name], _FOREVER)
                for others in wanted.values()
                for name in others
            ]
        )

    def _put_asset(self, web: WebRelease, name: str, content: bytes) -> None:
        file = web.files[name]
        with aws_errors(phrase("writing {name}", name=name)):
            self.s3.put_object(
                Bucket=self.bucket,
                Key=name,
                Body=content,
                ChecksumSHA256=as_aws_writes(file.sha256),
                **_served_with(web, name, file, _FOREVER),
            )

    def _is_published(self, name: str, file: WebFile) -> bool:
        """Whether an asset is served already. Raises ASSET_CHANGED when its name has other content."""
        present = self._head(name)
        if present and present["Metadata"].get(DIGEST_METADATA) != file.sha256:
            raise KanmonError(
                Code.ASSET_CHANGED,
                phrase("{name} is already served with other content under the same name.", name=name),
                where=f"s3://{self.bucket}/{name}",
            )
        return bool(present) and not (file.encoding and not _is_served_as(present, name, file))

    def _refuse_kept_copies(self, name: str) -> None:
        present = self._head(name)
        if present and present.get("CacheControl") == _FOREVER:
            problem = phrase(
                "{name} was a hashed asset of an earlier release, so browsers keep it for a year.", name=name
            )
            where = f"s3://{self.bucket}/{name}"
            raise KanmonError(Code.ASSET_CHANGED, problem, where=where)

    def _publish_below(self, token: str, web: WebRelease, name: str, file: WebFile) -> None:
        with self._object(web, name, file, _NEVER_KEPT) as written:
            if is_page(name, file):
                # The headers function takes the cookie from here: from a page that was really served. So no
                # link sets a cookie for a preview that is not open.
                written["Metadata"][PREVIEW_METADATA] = token
            doing = phrase("publishing {name} for the preview of {release}", name=name, release=web.id)
            with aws_errors(doing, hide=token):
                self.s3.put_object(Bucket=self.bucket, Key=preview_folder(token) + name, **written)

    def _move_file(self, web: WebRelease, name: str, file: WebFile) -> bool:
        """Write a file under its own name; False when it lies there already."""
        wanted = {DIGEST_METADATA: file.sha256} | ({RELEASE_METADATA: web.id} if is_page(name, file) else {})
        present = self._head(name)
        if present and wanted.items() <= present["Metadata"].items() and _is_served_as(present, name, file):
            return False
        self._put(name, web, file, _ASK_EACH_TIME)
        return True

    def _replace_entry(self, web: WebRelease, expected: str | None) -> None:
        def own_tag() -> str | None:
            head = self._head(ENTRY_PAGE)
            return head["ETag"] if head and head["Metadata"].get(RELEASE_METADATA) == web.id else None

        entry = web.files[ENTRY_PAGE]
        with (
            self._object(web, ENTRY_PAGE, entry, _ASK_EACH_TIME) as page,
            aws_errors(phrase("making the page of {release} live", release=web.id)),
        ):
            try:
                put_if_unchanged(
                    self.s3,
                    self.bucket,
                    ENTRY_PAGE,
                    page.pop("Body"),
                    expected=expected,
                    own_tag=own_tag,
                    **page,
                )
            except Conflict as error:
                problem = phrase("Another process replaced the live page meanwhile.")
                where = f"s3://{self.bucket}/{ENTRY_PAGE}"
                raise KanmonError(Code.POINTER_MOVED, problem, where=where) from error

    @contextmanager
    def _object(self, web: WebRelease, name: str, file: WebFile, cache: str) -> Iterator[dict[str, Any]]:
        """A file as S3 keeps it: PutObject's parameters besides the place. Raises BLOB_REPLACED."""
        served = _served_with(web, name, file, cache)
        with ExitStack() as opened:
            opened.enter_context(self._large if file.size > _LARGE else nullcontext())
            body = opened.enter_context(self.blobs.opened(file.sha256, file.size))
            if is_page(name, file) and not file.immutable:
                body = opened.enter_context(opened_with_page_data(body, web.id, web.config.settings))
                served["Metadata"][RELEASE_METADATA] = web.id
            yield {"Body": body, **served}

    def _put(self, name: str, web: WebRelease, file: WebFile, cache: str) -> None:
        doing = phrase("writing {name}", name=name)
        with self._object(web, name, file, cache) as written, aws_errors(doing):
            self.s3.put_object(Bucket=self.bucket, Key=name, **written)

    def _head(self, key: str) -> Any:  # noqa: ANN401 - the client's typed dictionary, or None
        with aws_errors(phrase("looking at {key}", key=key)):
            try:
                return self.s3.head_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise


def _served_with(web: WebRelease, name: str, file: WebFile, cache: str) -> dict[str, Any]:
    """PutObject's parameters for what a file is served with."""
    metadata = {f"{HEADER_METADATA}{header}": value for header, value in web.config.headers.items()}
    metadata[DIGEST_METADATA] = file.sha256
    encoding = {"ContentEncoding": file.encoding} if file.encoding else {}
    return {"Metadata": metadata, "ContentType": _type(name, file), "CacheControl": cache, **encoding}


def _is_served_as(present: Mapping[str, Any], name: str, file: WebFile) -> bool:
    """Whether an object has the type and the encoding of a file: the same bytes may get others."""
    wanted = (_type(name, file), file.encoding)
    return (present.get("ContentType"), present.get("ContentEncoding", "")) == wanted


def _at_once(tasks: Sequence[Callable[[], _T]]) -> list[_T]:
    """The results of tasks, done in parallel, in their order. Raises the first error."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [done.result() for done in [pool.submit(task) for task in tasks]]


def is_page(name: str, file: WebFile | None = None) -> bool:
    """Whether browsers show a file as a page, and Kanmon can write into it: HTML, not compressed."""
    return _type(name, file).startswith("text/html") and not (file and file.encoding)


def _type(name: str, file: WebFile | None) -> str:
    return (file and file.type) or content_type(name)
