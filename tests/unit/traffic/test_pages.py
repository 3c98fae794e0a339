"""The web pointer: the entry page comes last, by one conditional write (CD-8)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from kanmon.codes import Code
from kanmon.config.web import Web
from kanmon.errors import KanmonError
from kanmon.model import WebFile
from kanmon.naming import RELEASE_METADATA, blob_key
from kanmon.traffic.pages import WebPages, content_type
from tests.fakes.app import make_bundle
from tests.fakes.cloud import ARTIFACTS, ENVIRONMENT, WEB
from tests.fakes.objects import StoredObject, refusal
from tests.fakes.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_s3 import S3Client

    from tests.fakes.cloud import Cloud

Files = dict[str, WebFile]


def _web(s3: object, **changes: Any) -> WebPages:
    return WebPages(cast("Any", s3), WEB, ARTIFACTS, ENVIRONMENT, Web(directory="web/dist", **changes))


@pytest.fixture
def web(cloud: Cloud) -> WebPages:
    return _web(cloud.s3)


def _files(cloud: Cloud, version: str, **pages: str) -> Files:
    return make_bundle(cloud, version, pages=pages).web


def _publish(cloud: Cloud, web: WebPages, version: str, release: str, **pages: str) -> Files:
    files = _files(cloud, version, **pages)
    web.publish(release, files)
    return files


def _make_live(cloud: Cloud, web: WebPages, version: str, release: str = "r1", **pages: str) -> Files:
    files = _publish(cloud, web, version, release, **pages)
    web.move(release, files, {})
    return files


def _replace_put(cloud: Cloud, put: Callable[..., object]) -> None:
    cloud.s3.put_object = put  # type: ignore[method-assign, assignment]


def test_publishing_makes_nothing_live(cloud: Cloud, web: WebPages) -> None:
    web.publish("r1", _files(cloud, "one"))
    assert cloud.page_release() is None
    assert cloud.pages() == {}


def test_assets_are_shared_and_pages_are_the_releases_own(cloud: Cloud, web: WebPages) -> None:
    web.publish("r1", _files(cloud, "one"))
    asset, *pages = sorted(cloud.s3.objects(WEB))
    assert asset.startswith("assets/app-")
    assert pages == ["releases/r1/index.html", "releases/r1/robots.txt", "releases/r1/sw.js"]


def test_assets_are_cached_for_ever_and_pages_are_not(cloud: Cloud, web: WebPages) -> None:
    """INF-8"""
    _make_live(cloud, web, "one")
    for name, item in cloud.s3.objects(WEB).items():
        cache = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        assert item.cache == cache, name


def test_the_entry_page_is_written_last(cloud: Cloud, web: WebPages) -> None:
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    cloud.s3.writes.clear()
    assert web.move("r2", files, base) == 2
    assert [name for name in cloud.s3.writes if name.startswith(WEB)] == ["web/sw.js", "web/index.html"]
    assert cloud.page_release() == "r2"


def test_a_repeated_move_writes_nothing(cloud: Cloud, web: WebPages) -> None:
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    web.move("r2", files, base)
    assert web.move("r2", files, base) == 0


def test_an_interrupted_move_is_undone_file_by_file(cloud: Cloud, web: WebPages) -> None:
    """CD-10: the entry page never moved, but a file beside it did."""
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    before, put = cloud.pages(), cloud.s3.put_object

    def fail(**_: Any) -> None:
        raise refusal("ServiceUnavailable", "PutObject")

    _replace_put(cloud, fail)
    with pytest.raises(KanmonError):
        web.move("r2", files, base)
    _replace_put(cloud, put)
    assert cloud.pages() != before
    assert web.move("r1", base, files) == 1
    assert cloud.pages() == before


def test_a_page_written_by_somebody_else_is_a_moved_pointer(cloud: Cloud, web: WebPages) -> None:
    base, files = _make_live(cloud, web, "one"), _publish(cloud, web, "two", "r2")
    put = cloud.s3.put_object

    def put_too_late(**request: Any) -> dict[str, Any]:
        cloud.s3.objects(WEB)["index.html"] = StoredObject(b"theirs", metadata={RELEASE_METADATA: "r9"})
        return put(**request)

    _replace_put(cloud, put_too_late)
    with pytest.raises(KanmonError) as caught:
        web.move("r2", files, base)
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
    web.move("r2", files, base)
    assert cloud.page_release() == "r2"


def test_an_asset_with_other_content_is_refused(cloud: Cloud, web: WebPages) -> None:
    files = _files(cloud, "one")
    web.publish("r1", files)
    name = next(name for name in files if name.startswith("assets/"))
    other = WebFile(sha256=cloud.keep(b"other"), size=5, immutable=True)
    with pytest.raises(KanmonError) as caught:
        web.publish("r2", files | {name: other})
    assert caught.value.code is Code.ASSET_CHANGED
    assert name in caught.value.message


def test_an_existing_asset_is_not_written_again(cloud: Cloud, web: WebPages) -> None:
    """CD-6"""
    files = _files(cloud, "one")
    web.publish("r1", files)
    cloud.s3.writes.clear()
    web.publish("r1", files)
    assert not [name for name in cloud.s3.writes if "assets/" in name]


def test_a_move_leaves_files_of_the_older_release(cloud: Cloud, web: WebPages) -> None:
    base = _make_live(cloud, web, "one", old="a page")
    web.move("r2", _publish(cloud, web, "two", "r2"), base)
    assert "old" in cloud.pages()


def test_stale_files_are_deleted(cloud: Cloud, web: WebPages) -> None:
    base = _make_live(cloud, web, "one", old="a page")
    files = _publish(cloud, web, "two", "r2")
    web.move("r2", files, base)
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


def test_published_pages_have_their_release_and_settings(cloud: Cloud) -> None:
    web = _web(cloud.s3, settings={"MAPS": "on"})
    web.publish("r1", _files(cloud, "one", **ABOUT))
    published = cloud.s3.objects(WEB)
    for name in ("index.html", "about.html"):
        item = published[f"releases/r1/{name}"]
        assert b'{"release": "r1", "settings": {"MAPS": "on"}}</script>' in item.body
        assert item.metadata[RELEASE_METADATA] == "r1"
    assert published["releases/r1/sw.js"].body == b"// one"


def test_every_file_has_the_headers_of_its_release(cloud: Cloud) -> None:
    """A worker takes its policy from its own answer, so scripts have it, too."""
    _web(cloud.s3, content_security_policy=LOOSE).publish("r1", _files(cloud, "one"))
    assert {item.metadata[HEADER] for item in cloud.s3.objects(WEB).values()} == {LOOSE}


def test_a_change_of_headers_alone_gives_pages_other_tags(cloud: Cloud) -> None:
    """A browser asks with the tag of its copy. With the same tag it would keep the old headers."""
    files = _files(cloud, "one", **ABOUT)
    tags = []
    for release, policy in (("r1", STRICT), ("r2", LOOSE)):
        web = _web(cloud.s3, content_security_policy=policy)
        web.publish(release, files)
        web.move(release, files, files if release == "r2" else {})
        live = cloud.s3.objects(WEB)
        tags.append({live["index.html"].tag, live["about.html"].tag})
        assert {live[name].metadata[HEADER] for name in ("index.html", "about.html")} == {policy}
    assert not tags[0] & tags[1]


def test_a_move_back_brings_the_old_headers_and_settings(cloud: Cloud) -> None:
    """CD-10: an automatic rollback moves while the site is open with the config of the bad release."""
    files = _files(cloud, "one", **ABOUT)
    old = _web(cloud.s3, settings={"A": "1"}, content_security_policy=STRICT)
    new = _web(cloud.s3, settings={"A": "2"}, content_security_policy=LOOSE)
    old.publish("r1", files)
    old.move("r1", files, {})
    before = dict(cloud.s3.objects(WEB))
    new.publish("r2", files)
    new.move("r2", files, files)
    new.move("r1", files, files)
    live = cloud.s3.objects(WEB)
    assert {name: live[name] for name in before} == before


def test_the_move_of_one_page_takes_three_calls(cloud: Cloud) -> None:
    """NFR-3"""
    process = Process()
    web = _web(process.watched(cast("Any", cloud.s3), "s3"))
    base, files = _files(cloud, "one"), _files(cloud, "two")
    files |= {"sw.js": base["sw.js"]}
    web.publish("r1", base)
    web.publish("r2", files)
    web.move("r1", base, {})
    before = len(process.calls)
    web.move("r2", files, base)
    assert len(process.calls) - before == 3


def test_a_page_with_other_content_than_its_digest_is_refused(cloud: Cloud, web: WebPages) -> None:
    files = _files(cloud, "one")
    cloud.s3.objects(ARTIFACTS)[blob_key(ENVIRONMENT, files["index.html"].sha256)] = StoredObject(b"other")
    with pytest.raises(KanmonError) as caught:
        web.publish("r1", files)
    assert caught.value.code is Code.BUNDLE_DAMAGED


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.JS", "text/javascript; charset=utf-8"),
        ("x.css", "text/css; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("font.woff2", "font/woff2"),
        ("icon.svg", "image/svg+xml"),
        ("LICENSE", "application/octet-stream"),
        ("a.b/c", "application/octet-stream"),
    ],
)
def test_a_file_has_the_media_type_of_its_ending(name: str, kind: str) -> None:
    assert content_type(name) == kind


# The same against moto's S3, whose conditional writes are not Kanmon's own.

OLD = {"index.html": "old", "assets/a-1.js": "1", "sw.js": "old", "robots.txt": "all"}
NEW = {"index.html": "new", "assets/b-2.js": "2", "sw.js": "new", "robots.txt": "all", "icon.svg": "<svg/>"}


class Watched:
    """An S3 with a record of written names. It acts just before content is read."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3
        self.written: list[str] = []
        self.before_read: Callable[[], object] = lambda: None
        self.after_put: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def get_object(self, **options: Any) -> Any:
        self.before_read()
        return self.s3.get_object(**options)

    def put_object(self, **options: Any) -> Any:
        answer = self.s3.put_object(**options)
        self.written.append(options["Key"])
        self.after_put()
        return answer

    def copy_object(self, **options: Any) -> Any:
        answer = self.s3.copy_object(**options)
        self.written.append(options["Key"])
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
    web.publish(release, stored)
    web.move(release, stored, {})
    return stored


def _published(s3: Watched, web: WebPages, files: Mapping[str, str], release: str = "r2") -> Files:
    stored = _stored(s3, files)
    web.publish(release, stored)
    s3.written.clear()
    return stored


def test_in_s3_the_first_move_writes_all_pages(s3_web: WebPages, s3: Watched) -> None:
    old = _stored(s3, OLD)
    s3_web.publish("r1", old)
    assert s3_web.move("r1", old, {}) == 3
    assert _entry(s3) == ("old", "r1")


def test_in_s3_a_move_writes_the_differences_then_the_entry(s3_web: WebPages, s3: Watched) -> None:
    """CD-8: nobody gets a page before its other files."""
    old, new = _live_in_s3(s3, s3_web, OLD), _published(s3, s3_web, NEW)
    assert s3_web.move("r2", new, old) == 3
    assert sorted(s3.written[:-1]) == ["icon.svg", "sw.js"]
    assert s3.written[-1] == "index.html"
    assert _entry(s3) == ("new", "r2")


def test_in_s3_a_repeated_move_writes_nothing(s3_web: WebPages, s3: Watched) -> None:
    """CD-13"""
    old, new = _live_in_s3(s3, s3_web, OLD), _published(s3, s3_web, NEW)
    s3_web.move("r2", new, old)
    assert s3_web.move("r2", new, old) == 0


@pytest.mark.parametrize("first", [True, False], ids=["first release", "later release"])
def test_in_s3_the_page_of_somebody_else_is_not_overwritten(
    s3_web: WebPages, s3: Watched, *, first: bool
) -> None:
    old = {} if first else _live_in_s3(s3, s3_web, OLD)
    new = _published(s3, s3_web, NEW)
    s3.before_read = lambda: s3.s3.put_object(Bucket=WEB, Key="index.html", Body=b"theirs")
    with pytest.raises(KanmonError, match="replaced the live page") as caught:
        s3_web.move("r2", new, old)
    assert caught.value.code is Code.POINTER_MOVED
    assert _entry(s3) == ("theirs", None)


def test_in_s3_a_removed_page_is_a_moved_pointer(s3_web: WebPages, s3: Watched) -> None:
    old, new = _live_in_s3(s3, s3_web, OLD), _published(s3, s3_web, NEW)
    s3.before_read = s3_web.clear
    with pytest.raises(KanmonError) as caught:
        s3_web.move("r2", new, old)
    assert caught.value.code is Code.POINTER_MOVED


def test_in_s3_a_write_with_a_lost_answer_counts_as_done(s3_web: WebPages, s3: Watched) -> None:
    """CD-13: botocore repeats the call, and the repetition meets our own page."""

    def refuse() -> None:
        raise refusal("PreconditionFailed", "PutObject")

    new = _published(s3, s3_web, NEW)
    s3.after_put = refuse
    assert s3_web.move("r2", new, {}) == 4
    assert _entry(s3) == ("new", "r2")
