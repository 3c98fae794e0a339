"""The web pointer: the entry page comes last, by one conditional write (CD-8)."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tempfile
import tracemalloc
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from kanmon.bundle.blobs import Blobs
from kanmon.codes import Code
from kanmon.config.web import Web
from kanmon.errors import KanmonError
from kanmon.model import WebFile
from kanmon.naming import PREVIEW_METADATA, RELEASE_METADATA, blob_key
from kanmon.traffic.pages import WebPages, WebRelease
from tests.fakes.app import make_bundle
from tests.fakes.cloud import ARTIFACTS, ENVIRONMENT, WEB
from tests.fakes.objects import MemoryS3, StoredObject, refusal
from tests.fakes.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client

    from tests.fakes.cloud import Cloud

Files = dict[str, WebFile]


def _web(s3: object) -> WebPages:
    client = cast("Any", s3)
    return WebPages(client, WEB, Blobs(client, ARTIFACTS, ENVIRONMENT))


def _of(release: str, files: Mapping[str, WebFile], **changes: Any) -> WebRelease:
    """A release with these files, and with changes of its config."""
    return WebRelease(release, files, Web(directory="web/dist", **changes))


@pytest.fixture
def web(cloud: Cloud) -> WebPages:
    return _web(cloud.s3)


def _files(cloud: Cloud, version: str, **pages: str) -> Files:
    return make_bundle(cloud, version, pages=pages).web


def _publish(cloud: Cloud, web: WebPages, version: str, release: str, **pages: str) -> Files:
    files = _files(cloud, version, **pages)
    web.publish(_of(release, files), {})
    return files


def _make_live(cloud: Cloud, web: WebPages, version: str, release: str = "r1", **pages: str) -> Files:
    files = _publish(cloud, web, version, release, **pages)
    web.move(_of(release, files), {})
    return files


def _replace_put(cloud: Cloud, put: Callable[..., object]) -> None:
    cloud.s3.put_object = put  # type: ignore[method-assign, assignment]


def _failing_at_the_page(put: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def fail_at_the_page(**request: Any) -> dict[str, Any]:
        if request["Key"].endswith("index.html"):
            raise refusal("ServiceUnavailable", "PutObject")
        return put(**request)

    return fail_at_the_page


def test_publishing_makes_nothing_live(cloud: Cloud, web: WebPages) -> None:
    web.publish(_of("r1", _files(cloud, "one")), {})
    assert cloud.page_release() is None
    assert cloud.pages() == {}


def test_publishing_leaves_the_assets_alone(cloud: Cloud, web: WebPages) -> None:
    """TRU-2: nobody gets anything else of a release before its preview."""
    web.publish(_of("r1", _files(cloud, "one")), {})
    (asset,) = cloud.s3.objects(WEB)
    assert asset.startswith("assets/app-")


def test_assets_are_cached_for_ever_and_pages_are_not(cloud: Cloud, web: WebPages) -> None:
    """INF-8"""
    _make_live(cloud, web, "one")
    for name, item in cloud.s3.objects(WEB).items():
        cache = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        assert item.cache == cache, name


def test_the_entry_page_is_written_last(cloud: Cloud, web: WebPages) -> None:
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    cloud.s3.writes.clear()
    assert web.move(_of("r2", files), base) == 2
    assert [name for name in cloud.s3.writes if name.startswith(WEB)] == ["web/sw.js", "web/index.html"]
    assert cloud.page_release() == "r2"


def test_a_repeated_move_writes_nothing(cloud: Cloud, web: WebPages) -> None:
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    web.move(_of("r2", files), base)
    assert web.move(_of("r2", files), base) == 0


def test_an_interrupted_move_is_undone_file_by_file(cloud: Cloud, web: WebPages) -> None:
    """CD-10: the entry page never moved, but a file beside it did."""
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    before, put = cloud.pages(), cloud.s3.put_object

    _replace_put(cloud, _failing_at_the_page(put))
    with pytest.raises(KanmonError):
        web.move(_of("r2", files), base)
    _replace_put(cloud, put)
    assert cloud.pages() != before
    assert web.move(_of("r1", base), files) == 1
    assert cloud.pages() == before


def test_a_page_written_by_somebody_else_is_a_moved_pointer(cloud: Cloud, web: WebPages) -> None:
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    put = cloud.s3.put_object

    def put_too_late(**request: Any) -> dict[str, Any]:
        if request["Key"] == "index.html":
            theirs = StoredObject(b"theirs", metadata={RELEASE_METADATA: "r9"})
            cloud.s3.objects(WEB)["index.html"] = theirs
        return put(**request)

    _replace_put(cloud, put_too_late)
    with pytest.raises(KanmonError) as caught:
        web.move(_of("r2", files), base)
    assert caught.value.code is Code.POINTER_MOVED
    assert cloud.page_release() == "r9"


def test_a_repeated_write_after_a_lost_answer_succeeds(cloud: Cloud, web: WebPages) -> None:
    """CD-13: botocore repeats the call, and S3 refuses it, because of Kanmon's own first write."""
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    put = cloud.s3.put_object

    def put_twice(**request: Any) -> dict[str, Any]:
        put(**request)
        return put(**request)

    _replace_put(cloud, put_twice)
    web.move(_of("r2", files), base)
    assert cloud.page_release() == "r2"


def test_an_asset_with_other_content_is_refused(cloud: Cloud, web: WebPages) -> None:
    files = _files(cloud, "one")
    web.publish(_of("r1", files), {})
    name = next(name for name in files if name.startswith("assets/"))
    other = WebFile(sha256=cloud.keep(b"other"), size=5, immutable=True)
    with pytest.raises(KanmonError) as caught:
        web.publish(_of("r2", files | {name: other}), {})
    assert caught.value.code is Code.ASSET_CHANGED
    assert name in caught.value.message


def test_an_existing_asset_is_not_written_again(cloud: Cloud, web: WebPages) -> None:
    """CD-6"""
    files = _files(cloud, "one")
    web.publish(_of("r1", files), {})
    cloud.s3.writes.clear()
    for base in ({}, files):
        web.publish(_of("r2", files), base)
    assert not [name for name in cloud.s3.writes if "assets/" in name]


def test_an_asset_of_the_live_release_needs_no_look(cloud: Cloud, web: WebPages) -> None:
    """CD-6: one listing shows that it is there. A deleted one is published again."""
    files = _files(cloud, "one")
    web.publish(_of("r1", files), {})
    name = next(name for name in files if name.startswith("assets/"))
    looks: list[str] = []
    head = cloud.s3.head_object

    def look(**request: Any) -> dict[str, Any]:
        looks.append(request["Key"])
        return head(**request)

    object.__setattr__(cloud.s3, "head_object", look)
    web.publish(_of("r2", files), files)
    assert looks == []
    del cloud.s3.objects(WEB)[name]
    web.publish(_of("r2", files), files)
    assert name in cloud.s3.objects(WEB)


def test_a_move_leaves_files_of_the_older_release(cloud: Cloud, web: WebPages) -> None:
    base = _make_live(cloud, web, "one", old="a page")
    web.move(_of("r2", _publish(cloud, web, "two", "r2")), base)
    assert "old" in cloud.pages()


def test_stale_files_are_deleted(cloud: Cloud, web: WebPages) -> None:
    base = _make_live(cloud, web, "one", old="a page")
    files = _publish(cloud, web, "two", "r2")
    web.move(_of("r2", files), base)
    web.delete_stale_files(files, base)
    assert cloud.pages().keys() == {"index.html", "robots.txt", "sw.js"}


def test_the_entry_page_can_be_removed(cloud: Cloud, web: WebPages) -> None:
    _make_live(cloud, web, "one")
    assert web.clear()
    assert cloud.page_release() is None


# A release is served with its own page data and headers.

STRICT, LOOSE = "default-src 'self'", "default-src 'self' https://maps.example"
HEADER = "kanmon-header-content-security-policy"
ABOUT: dict[str, str] = {"about.html": "<head><title>about</title>"}


def test_live_pages_have_their_release_and_settings(cloud: Cloud, web: WebPages) -> None:
    web.move(_of("r1", _files(cloud, "one", **ABOUT), settings={"MAPS": "on"}), {})
    live = cloud.s3.objects(WEB)
    for name in ("index.html", "about.html"):
        assert b'{"release": "r1", "settings": {"MAPS": "on"}}</script>' in live[name].body
        assert live[name].metadata[RELEASE_METADATA] == "r1"
    assert live["sw.js"].body == b"// one"


def test_every_file_has_the_headers_of_its_release(cloud: Cloud, web: WebPages) -> None:
    """A worker takes its policy from its own answer, so scripts have it, too."""
    release = _of("r1", _files(cloud, "one"), content_security_policy=LOOSE)
    web.publish(release, {})
    web.move(release, {})
    assert {item.metadata[HEADER] for item in cloud.s3.objects(WEB).values()} == {LOOSE}


def test_a_change_of_headers_alone_gives_pages_other_tags(cloud: Cloud, web: WebPages) -> None:
    """A browser asks with the tag of its copy. With the same tag it would keep the old headers."""
    files = _files(cloud, "one", **ABOUT)
    tags = []
    for release, policy in (("r1", STRICT), ("r2", LOOSE)):
        base = files if release == "r2" else {}
        web.move(_of(release, files, content_security_policy=policy), base)
        live = cloud.s3.objects(WEB)
        tags.append({live["index.html"].tag, live["about.html"].tag})
        assert {live[name].metadata[HEADER] for name in ("index.html", "about.html")} == {policy}
    assert not tags[0] & tags[1]


def test_a_move_back_brings_the_old_headers_and_settings(cloud: Cloud, web: WebPages) -> None:
    """CD-10"""
    files = _files(cloud, "one", **ABOUT)
    old = _of("r1", files, settings={"A": "1"}, content_security_policy=STRICT)
    new = _of("r2", files, settings={"A": "2"}, content_security_policy=LOOSE)
    web.move(old, {})
    before = dict(cloud.s3.objects(WEB))
    web.move(new, files)
    web.move(old, files)
    assert cloud.s3.objects(WEB) == before


def test_the_move_of_one_page_takes_three_calls(cloud: Cloud) -> None:
    """NFR-3"""
    process = Process()
    web = _web(process.watched(cast("Any", cloud.s3), "s3"))
    base, files = _files(cloud, "one"), _files(cloud, "two")
    files |= {"sw.js": base["sw.js"]}
    web.publish(_of("r1", base), {})
    web.publish(_of("r2", files), {})
    web.move(_of("r1", base), {})
    before = len(process.calls)
    web.move(_of("r2", files), base)
    assert len(process.calls) - before == 3


def _act(web: WebPages, act: str, release: WebRelease) -> None:
    if act == "publish":
        web.publish(release, {})
    elif act == "open the preview":
        web.open_preview(TOKEN, release)
    else:
        web.move(release, {})


@pytest.mark.parametrize(
    ("act", "name"),
    [
        ("publish", "assets/app-7692c3ad.js"),
        ("open the preview", "index.html"),
        ("open the preview", "robots.txt"),
        ("move", "index.html"),
        ("move", "robots.txt"),
    ],
)
def test_content_other_than_its_digest_never_lies_there(
    cloud: Cloud, web: WebPages, act: str, name: str
) -> None:
    """TRU-1: somebody replaced a blob."""
    files = _files(cloud, "one")
    cloud.s3.objects(ARTIFACTS)[blob_key(ENVIRONMENT, files[name].sha256)] = StoredObject(b"other")
    with pytest.raises(KanmonError) as caught:
        _act(web, act, _of("r1", files))
    assert caught.value.code is Code.BLOB_REPLACED
    assert not [item for item in cloud.s3.objects(WEB).values() if b"other" in item.body]
    assert cloud.page_release() is None


# A preview: the whole token leads to it, and nothing stays.

TOKEN, OTHER_TOKEN = "r1-" + "0" * 32, "r1-" + "1" * 32


def test_a_previews_files_lie_below_the_whole_token(cloud: Cloud, web: WebPages) -> None:
    """TRU-2"""
    web.open_preview(TOKEN, _of("r1", _files(cloud, "one", **ABOUT)))
    names = ("about.html", "index.html", "robots.txt", "sw.js")
    assert sorted(cloud.s3.objects(WEB)) == [f".previews/{TOKEN}/{name}" for name in names]
    assert cloud.page_release() is None


def test_nobody_keeps_a_copy_of_a_previews_files(cloud: Cloud, web: WebPages) -> None:
    """TRU-2: otherwise the edge or a browser would show a candidate after its end."""
    web.open_preview(TOKEN, _of("r1", _files(cloud, "one", **ABOUT)))
    assert {item.cache for item in cloud.s3.objects(WEB).values()} == {"no-store"}


def test_pages_of_a_preview_alone_carry_its_token(cloud: Cloud, web: WebPages) -> None:
    """The headers function makes a cookie of it."""
    release = _of("r1", _files(cloud, "one", **ABOUT))
    web.open_preview(TOKEN, release)
    web.publish(release, {})
    web.move(release, {})
    marked = [name for name, item in cloud.s3.objects(WEB).items() if PREVIEW_METADATA in item.metadata]
    assert sorted(marked) == [f".previews/{TOKEN}/{name}" for name in ("about.html", "index.html")]


def test_a_previews_pages_are_those_that_go_live(cloud: Cloud, web: WebPages) -> None:
    """CD-8: with their settings and headers."""
    release = _of("r1", _files(cloud, "one"), settings={"A": "1"}, content_security_policy=STRICT)
    web.open_preview(TOKEN, release)
    web.move(release, {})
    stored = cloud.s3.objects(WEB)
    preview = stored[f".previews/{TOKEN}/index.html"]
    assert preview.body == stored["index.html"].body
    assert preview.metadata[HEADER] == STRICT


def test_a_closed_preview_leaves_only_other_files(cloud: Cloud, web: WebPages) -> None:
    release = _of("r1", _files(cloud, "one"))
    web.publish(release, {})
    web.move(release, {})
    web.open_preview(OTHER_TOKEN, release)
    before = set(cloud.s3.objects(WEB))
    web.open_preview(TOKEN, release)
    web.close_preview(TOKEN)
    assert set(cloud.s3.objects(WEB)) == before
    web.close_preview(TOKEN)


def test_a_preview_of_many_files_is_deleted_in_batches(cloud: Cloud, web: WebPages) -> None:
    web.open_preview(TOKEN, _of("r1", _files(cloud, "one")))
    stored = cloud.s3.objects(WEB)
    stored |= {f".previews/{TOKEN}/{number}.txt": StoredObject(b"") for number in range(2500)}
    web.close_preview(TOKEN)
    assert stored == {}


def test_a_preview_published_in_part_is_deleted(cloud: Cloud, web: WebPages) -> None:
    """CD-13"""
    _replace_put(cloud, _failing_at_the_page(cloud.s3.put_object))
    with pytest.raises(KanmonError) as caught:
        web.open_preview(TOKEN, _of("r1", _files(cloud, "one")))
    assert TOKEN not in str(caught.value)
    assert cloud.s3.objects(WEB)
    web.close_preview(TOKEN)
    assert not cloud.s3.objects(WEB)


def test_a_failed_deletion_is_an_error_without_the_token(cloud: Cloud, web: WebPages) -> None:
    """The answer has the status 200 and names the failures."""
    web.open_preview(TOKEN, _of("r1", _files(cloud, "one")))
    key = f".previews/{TOKEN}/index.html"
    refused = {"Errors": [{"Key": key, "Code": "AccessDenied", "Message": f"no {key}"}]}
    cloud.s3.delete_objects = lambda **_: refused  # type: ignore[method-assign]
    with pytest.raises(KanmonError, match="AccessDenied") as caught:
        web.close_preview(TOKEN)
    assert TOKEN not in str(caught.value)


# A file's type and encoding come from the build.


def _kept(cloud: Cloud, content: bytes, **known: str) -> WebFile:
    return WebFile(sha256=cloud.keep(content), size=len(content), immutable=False, **known)


def test_a_file_goes_live_with_the_encoding_of_the_build(cloud: Cloud, web: WebPages) -> None:
    """INF-8: as page data never enters compressed bytes, and as a hashed asset."""
    packed = gzip.compress(b"<head></head>")
    kind = {"type": "text/html; charset=utf-8", "encoding": "gzip"}
    files = _files(cloud, "one") | {"about.html.gz": _kept(cloud, packed, **kind)}
    files["assets/game-12345678.wasm.gz"] = files["about.html.gz"].model_copy(update={"immutable": True})
    release = _of("r1", files)
    web.publish(release, {})
    web.open_preview(TOKEN, release)
    web.move(release, {})
    stored = cloud.s3.objects(WEB)
    for name in ("about.html.gz", f".previews/{TOKEN}/about.html.gz", "assets/game-12345678.wasm.gz"):
        assert (stored[name].type, stored[name].encoding) == (kind["type"], "gzip"), name
        assert stored[name].body == packed, name
    assert stored["index.html"].encoding == ""


def test_the_same_bytes_with_another_type_are_written_again(cloud: Cloud, web: WebPages) -> None:
    """An earlier version of Kanmon knew less of the file, and so does its bundle after a rollback."""
    packed = gzip.compress(b"1")
    names = ("game.js.gz", "assets/game-12345678.js.gz")
    old = _files(cloud, "one") | {name: _kept(cloud, packed) for name in names}
    old[names[1]] = old[names[1]].model_copy(update={"immutable": True})
    new = old | {name: old[name].model_copy(update={"type": "x/y", "encoding": "gzip"}) for name in names}
    for release, files, base in (("r1", old, {}), ("r2", new, old)):
        web.publish(_of(release, files), base)
        web.move(_of(release, files), base)
    stored = cloud.s3.objects(WEB)
    assert [(stored[name].type, stored[name].encoding) for name in names] == [("x/y", "gzip")] * 2
    web.move(_of("r1", old), new)
    assert (stored[names[0]].type, stored[names[0]].encoding) == ("application/gzip", "")


def test_a_file_with_another_name_is_served_as_what_it_is(cloud: Cloud, web: WebPages) -> None:
    """`LICENSE` of a site lies where its path leads, and is no page there."""
    text = _kept(cloud, b"All rights", type="text/plain; charset=utf-8", source="LICENSE")
    web.move(_of("r1", _files(cloud, "one") | {"LICENSE/index.html": text}), {})
    stored = cloud.s3.objects(WEB)["LICENSE/index.html"]
    assert (stored.type, stored.body) == ("text/plain; charset=utf-8", b"All rights")
    assert RELEASE_METADATA not in stored.metadata


def test_a_rollback_brings_back_an_asset_that_became_a_fixed_file(cloud: Cloud, web: WebPages) -> None:
    """CD-10: each path has the content of the release that users are on."""
    name = "assets/en.json"
    old = _files(cloud, "one") | {name: _kept(cloud, b"one").model_copy(update={"immutable": True})}
    new = _files(cloud, "two") | {name: _kept(cloud, b"two")}
    web.publish(_of("r1", old), {})
    web.move(_of("r1", old), {})
    web.move(_of("r2", new), old)
    web.publish(_of("r1", old), new)
    assert cloud.s3.objects(WEB)[name].body == b"two"
    web.move(_of("r1", old), new)
    assert cloud.s3.objects(WEB)[name].body == b"one"


@pytest.mark.parametrize("base", ["live", "older"])
def test_a_hashed_asset_is_no_file_with_a_fixed_name_later(cloud: Cloud, web: WebPages, base: str) -> None:
    """INF-8: browsers keep their copy for a year."""
    name = "assets/en.json"
    old = _files(cloud, "one") | {name: _kept(cloud, b"one").model_copy(update={"immutable": True})}
    web.publish(_of("r1", old), {})
    web.move(_of("r1", old), {})
    new = _files(cloud, "two") | {name: _kept(cloud, b"two")}
    with pytest.raises(KanmonError, match=r"assets/en\.json was a hashed asset") as caught:
        web.publish(_of("r3", new), old if base == "live" else _files(cloud, "three"))
    assert caught.value.code is Code.ASSET_CHANGED
    assert cloud.s3.objects(WEB)[name].body == b"one"


# Large files take no memory.

MIB = 1024 * 1024
LARGE = 9 * MIB


class _Zeros(io.RawIOBase):
    """A body of zeros, as long as a large file."""

    def __init__(self) -> None:
        self.left = LARGE

    def read(self, size: int = -1) -> bytes:
        size = self.left if size < 0 else min(size, self.left)
        self.left -= size
        return bytes(size)


class _LargeS3(MemoryS3):
    """Its blobs are large, and it counts those between their read and their write."""

    under_way = most = 0

    def get_object(self, **_: Any) -> dict[str, Any]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        return {"Body": _Zeros(), "ContentLength": LARGE}

    def put_object(self, *, Key: str, Body: Any, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's names
        body = io.BytesIO(Body) if isinstance(Body, bytes) else Body
        while body.read(MIB):
            pass
        self.under_way -= 1
        self.writes.append(Key)
        return {"ETag": "x"}


def _large(*names: str) -> Files:
    sha256 = hashlib.sha256(bytes(LARGE)).hexdigest()
    return {name: WebFile(sha256=sha256, size=LARGE, immutable=name.startswith("assets/")) for name in names}


def _preview(web: WebPages, release: WebRelease) -> None:
    web.open_preview(TOKEN, release)


@pytest.mark.parametrize(
    "act",
    [lambda web, release: web.publish(release, {}), _preview, lambda web, release: web.move(release, {})],
    ids=["publish", "preview", "move"],
)
def test_no_large_file_is_ever_in_memory(act: Callable[[WebPages, WebRelease], object]) -> None:
    """TRU-6: a release may have files of 5 GB."""
    s3 = _LargeS3()
    files = _large("assets/a-1.wasm", "assets/b-2.wasm", "index.html", "about.html", "map.bin")
    tracemalloc.start()
    try:
        act(_web(s3), _of("r1", files))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(s3.writes) in {2, 3}
    assert s3.most == 1
    assert peak < 8 * MIB


def test_a_full_disk_is_an_error_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """TRU-6"""
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/none")
    with pytest.raises(KanmonError, match="temporary file") as caught:
        _web(_LargeS3()).publish(_of("r1", _large("assets/a-1.wasm")), {})
    assert caught.value.code is Code.FILE_REFUSED


# The same against moto's S3, whose conditional writes are not Kanmon's own.

OLD = {"index.html": "old", "assets/a-1.js": "1", "sw.js": "old", "robots.txt": "all"}
NEW = {"index.html": "new", "assets/b-2.js": "2", "sw.js": "new", "robots.txt": "all", "icon.svg": "<svg/>"}


class Watched:
    """An S3 with a record of written names. It acts just before the entry page is written."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3
        self.written: list[str] = []
        self.before_entry: Callable[[], object] = lambda: None
        self.after_put: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def put_object(self, **options: Any) -> Any:
        if options["Key"] == "index.html":
            self.before_entry()
        answer = self.s3.put_object(**options)
        self.written.append(options["Key"])
        self.after_put()
        return answer


@pytest.fixture
def s3() -> Iterator[Watched]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        for bucket in (WEB, ARTIFACTS):
            client.create_bucket(Bucket=bucket)
        yield Watched(client)


@pytest.fixture
def s3_web(s3: Watched) -> WebPages:
    return _web(s3)


def _stored(s3: Watched, files: Mapping[str, str]) -> Files:
    """Files with their content in the artifact bucket."""
    stored = {}
    for name, content in files.items():
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        s3.s3.put_object(Bucket=ARTIFACTS, Key=blob_key(ENVIRONMENT, sha256), Body=content.encode())
        stored[name] = WebFile(sha256=sha256, size=len(content), immutable=name.startswith("assets/"))
    return stored


def _entry(s3: Watched) -> tuple[str, str | None]:
    """The content of the entry page besides its block, and its release."""
    found = s3.s3.get_object(Bucket=WEB, Key="index.html")
    text = re.sub("<script.*?</script>", "", found["Body"].read().decode())
    return text, found["Metadata"].get(RELEASE_METADATA)


def _live_in_s3(s3: Watched, web: WebPages, files: Mapping[str, str], release: str = "r1") -> Files:
    stored = _stored(s3, files)
    web.publish(_of(release, stored), {})
    web.move(_of(release, stored), {})
    return stored


def _published(s3: Watched, web: WebPages, files: Mapping[str, str], release: str = "r2") -> Files:
    stored = _stored(s3, files)
    web.publish(_of(release, stored), {})
    s3.written.clear()
    return stored


def test_in_s3_the_first_move_writes_all_pages(s3_web: WebPages, s3: Watched) -> None:
    old = _stored(s3, OLD)
    s3_web.publish(_of("r1", old), {})
    assert s3_web.move(_of("r1", old), {}) == 3
    assert _entry(s3) == ("old", "r1")


def test_in_s3_a_move_writes_the_differences_then_the_entry(s3_web: WebPages, s3: Watched) -> None:
    """CD-8: nobody gets a page before its other files."""
    old, new = _live_in_s3(s3, s3_web, OLD), _published(s3, s3_web, NEW)
    assert s3_web.move(_of("r2", new), old) == 3
    assert sorted(s3.written[:-1]) == ["icon.svg", "sw.js"]
    assert s3.written[-1] == "index.html"
    assert _entry(s3) == ("new", "r2")


def test_in_s3_a_repeated_move_writes_nothing(s3_web: WebPages, s3: Watched) -> None:
    """CD-13"""
    old, new = _live_in_s3(s3, s3_web, OLD), _published(s3, s3_web, NEW)
    s3_web.move(_of("r2", new), old)
    assert s3_web.move(_of("r2", new), old) == 0


@pytest.mark.parametrize("first", [True, False], ids=["first release", "later release"])
def test_in_s3_the_page_of_somebody_else_is_not_overwritten(
    s3_web: WebPages, s3: Watched, *, first: bool
) -> None:
    old = {} if first else _live_in_s3(s3, s3_web, OLD)
    new = _published(s3, s3_web, NEW)
    s3.before_entry = lambda: s3.s3.put_object(Bucket=WEB, Key="index.html", Body=b"theirs")
    with pytest.raises(KanmonError, match="replaced the live page") as caught:
        s3_web.move(_of("r2", new), old)
    assert caught.value.code is Code.POINTER_MOVED
    assert _entry(s3) == ("theirs", None)


def test_in_s3_a_removed_page_is_a_moved_pointer(s3_web: WebPages, s3: Watched) -> None:
    old, new = _live_in_s3(s3, s3_web, OLD), _published(s3, s3_web, NEW)
    s3.before_entry = s3_web.clear
    with pytest.raises(KanmonError) as caught:
        s3_web.move(_of("r2", new), old)
    assert caught.value.code is Code.POINTER_MOVED


def test_in_s3_a_write_with_a_lost_answer_counts_as_done(s3_web: WebPages, s3: Watched) -> None:
    """CD-13: botocore repeats the call, and the repetition meets our own page."""

    def refuse() -> None:
        if s3.written[-1] == "index.html":
            raise refusal("PreconditionFailed", "PutObject")

    new = _published(s3, s3_web, NEW)
    s3.after_put = refuse
    assert s3_web.move(_of("r2", new), {}) == 4
    assert _entry(s3) == ("new", "r2")


def test_in_s3_a_preview_comes_and_goes(s3_web: WebPages, s3: Watched) -> None:
    """TRU-2"""
    old = _live_in_s3(s3, s3_web, OLD)
    s3_web.open_preview(TOKEN, _of("r2", _stored(s3, NEW)))
    assert _names(s3, ".previews/") == [
        f".previews/{TOKEN}/{name}" for name in ("icon.svg", "index.html", "robots.txt", "sw.js")
    ]
    s3_web.close_preview(TOKEN)
    assert _names(s3) == sorted(old)


def _names(s3: Watched, prefix: str = "") -> list[str]:
    return [item["Key"] for item in s3.s3.list_objects_v2(Bucket=WEB, Prefix=prefix).get("Contents", [])]
