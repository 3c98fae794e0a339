"""The web pointer: the entry page comes last, by one conditional write (CD-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.bundle.manifest import WebFile
from kanmon.errors import Code, KanmonError
from kanmon.traffic import WebPages
from kanmon.traffic.web import content_type
from tests.fakes.app import make_bundle
from tests.fakes.cloud import ARTIFACTS, WEB
from tests.fakes.objects import StoredObject, refusal

if TYPE_CHECKING:
    from kanmon.bundle import Manifest
    from tests.fakes.cloud import Cloud


@pytest.fixture
def web(cloud: Cloud) -> WebPages:
    return WebPages(cast("Any", cloud.s3), WEB, ARTIFACTS)


def _live(cloud: Cloud, web: WebPages, release: str, version: str, base: Manifest | None = None) -> Manifest:
    manifest = make_bundle(cloud, version)
    web.publish(release, manifest)
    web.move(release, manifest, base)
    return manifest


def test_publishing_points_nobody_at_it(cloud: Cloud, web: WebPages) -> None:
    web.publish("r1", make_bundle(cloud, "one"))
    names = sorted(cloud.s3.objects(WEB))
    assert names[1:] == ["releases/r1/index.html", "releases/r1/robots.txt", "releases/r1/sw.js"]
    assert names[0].startswith("assets/app-")
    assert (web.live(), cloud.pages()) == (None, {})


def test_pages_are_asked_for_anew_and_assets_kept_for_ever(cloud: Cloud, web: WebPages) -> None:
    """INF-8"""
    _live(cloud, web, "r1", "one")
    for name, item in cloud.s3.objects(WEB).items():
        kept = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        assert item.cache == kept, name


def test_entry_page_is_written_last(cloud: Cloud, web: WebPages) -> None:
    base = _live(cloud, web, "r1", "one")
    cloud.s3.writes.clear()
    manifest = make_bundle(cloud, "two")
    assert web.move("r2", manifest, base) == 2
    assert [name for name in cloud.s3.writes if name.startswith(WEB)] == ["web/sw.js", "web/index.html"]
    assert web.live() == "r2"


def test_what_was_moved_is_not_moved_again(cloud: Cloud, web: WebPages) -> None:
    base = _live(cloud, web, "r1", "one")
    manifest = _live(cloud, web, "r2", "two", base)
    assert web.move("r2", manifest, base) == 0


def test_a_move_cut_short_is_undone_file_by_file(cloud: Cloud, web: WebPages) -> None:
    """CD-10: the entry page never moved, but a file beside it did."""
    base = _live(cloud, web, "r1", "one")
    manifest = make_bundle(cloud, "two")
    before = cloud.pages()
    sent = cloud.s3.put_object

    def fails(**_: Any) -> dict[str, Any]:
        raise refusal("ServiceUnavailable", "PutObject")

    cloud.s3.put_object = fails  # type: ignore[method-assign]
    with pytest.raises(KanmonError):
        web.move("r2", manifest, base)
    cloud.s3.put_object = sent  # type: ignore[method-assign]
    assert cloud.pages() != before
    assert web.move("r1", base, manifest) == 1
    assert cloud.pages() == before


def test_another_writer_in_between_is_found(cloud: Cloud, web: WebPages) -> None:
    base = _live(cloud, web, "r1", "one")
    manifest, sent = make_bundle(cloud, "two"), cloud.s3.put_object

    def too_late(**request: Any) -> dict[str, Any]:
        cloud.s3.objects(WEB)["index.html"] = StoredObject(b"theirs", metadata={"kanmon-release": "r9"})
        return sent(**request)

    cloud.s3.put_object = too_late  # type: ignore[method-assign]
    with pytest.raises(KanmonError) as caught:
        web.move("r2", manifest, base)
    assert caught.value.code is Code.POINTER_MOVED
    assert web.live() == "r9"


def test_a_lost_answer_counts_as_done(cloud: Cloud, web: WebPages) -> None:
    """botocore repeats the call; the condition no longer holds, because our own write came through."""
    base = _live(cloud, web, "r1", "one")
    manifest, sent = make_bundle(cloud, "two"), cloud.s3.put_object

    def twice(**request: Any) -> dict[str, Any]:
        sent(**request)
        return sent(**request)

    cloud.s3.put_object = twice  # type: ignore[method-assign]
    web.move("r2", manifest, base)
    assert web.live() == "r2"


def test_an_asset_with_other_content_is_refused(cloud: Cloud, web: WebPages) -> None:
    manifest = make_bundle(cloud, "one")
    web.publish("r1", manifest)
    name = next(name for name in manifest.web if name.startswith("assets/"))
    other = WebFile(sha256=cloud.keep(b"other"), size=5, immutable=True)
    changed = manifest.model_copy(update={"web": manifest.web | {name: other}})
    with pytest.raises(KanmonError) as caught:
        web.publish("r2", changed)
    assert caught.value.code is Code.ASSET_CHANGED
    assert name in caught.value.message


def test_an_asset_that_is_there_is_not_written_again(cloud: Cloud, web: WebPages) -> None:
    """CD-6"""
    manifest = make_bundle(cloud, "one")
    web.publish("r1", manifest)
    cloud.s3.writes.clear()
    web.publish("r1", manifest)
    assert not [name for name in cloud.s3.writes if "assets/" in name]


def test_files_that_nobody_has_any_more_are_removed(cloud: Cloud, web: WebPages) -> None:
    base = make_bundle(cloud, "one", pages={"old.html": "old"})
    web.move("r1", base, None)
    manifest = make_bundle(cloud, "two")
    web.move("r2", manifest, base)
    assert "old.html" in cloud.pages()
    web.settle(manifest, base)
    assert "old.html" not in cloud.pages()


def test_clearing_takes_the_page_away(cloud: Cloud, web: WebPages) -> None:
    _live(cloud, web, "r1", "one")
    web.clear()
    assert web.live() is None


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
def test_content_type(name: str, kind: str) -> None:
    assert content_type(name) == kind
