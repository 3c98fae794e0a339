"""A web app's way to its bucket: as many requests as files changed, and a handful (CD-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.bundle.blobs import Blobs
from kanmon.codes import Code
from kanmon.config.served import ServedWeb
from kanmon.errors import KanmonError
from kanmon.traffic.pages import WebPages, WebRelease
from tests.fakes.cloud import ARTIFACTS, WEB
from tests.fakes.objects import MemoryS3, StoredObject
from tests.fakes.process import Process
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanmon.bundle.manifest import Bundle, Manifest

CHANGED = 20
HANDFUL = 16
"""Listings, the manifest, the entry page and the pack: each is written, compared and read."""


def _app(project: Path, files: int, version: str) -> Bundle:
    """A version of an app with this many hashed assets; some differ between versions."""
    for index in range(files):
        content = f"{index} {version if index < CHANGED else ''}"
        (project / f"web/dist/assets/chunk-{index}{version if index < CHANGED else ''}.js").write_text(
            content
        )
    (project / "web/dist/index.html").write_text(version)
    return build(project, target=f"out/{version}")


def _release(s3: MemoryS3, bundle: Bundle, base: Manifest | None) -> list[str]:
    """Upload, compare, publish and move, as plan and deploy do. Returns the calls to S3."""
    process = Process()
    client: Any = process.watched(cast("Any", s3), "s3")
    blobs = Blobs(client, ARTIFACTS, "test")
    known, before = (base.uses(), base.web) if base else ((), {})
    packs = blobs.upload_bundle(bundle, known, before)
    blobs.verify(bundle.manifest.uses() | dict.fromkeys(packs, "hashed assets"), known)
    _publish(client, blobs, bundle, packs, before)
    return process.calls


def _publish(client: Any, blobs: Blobs, bundle: Bundle, packs: tuple[str, ...], before: Any) -> None:
    pages = WebPages(client, WEB, blobs)
    web = WebRelease(bundle.manifest.digest, bundle.manifest.web, ServedWeb())
    pages.publish(web, before, packs)
    pages.move(web, before)


@pytest.mark.parametrize("files", [30, 300])
def test_a_release_takes_a_request_for_each_changed_file(tmp_path: Path, files: int) -> None:
    s3, first_project, second_project = MemoryS3(), make_project(tmp_path / "1"), make_project(tmp_path / "2")
    first, second = _app(first_project, files, "one"), _app(second_project, files, "two")
    assert len(_release(s3, first, None)) <= files + HANDFUL + 4  # the app's other files
    assert len(_release(s3, second, first.manifest)) <= CHANGED + HANDFUL
    live = s3.objects(WEB)
    for name, file in second.manifest.web.items():
        if file.immutable:
            assert live[name].body == second.path(f"web/{name}").read_bytes()


def test_a_planted_pack_is_refused(tmp_path: Path) -> None:
    """TRU-1: under the pack's name, before the deploy compared it, and after."""
    s3, bundle = MemoryS3(), _app(make_project(tmp_path), 3, "one")
    blobs = Blobs(cast("Any", s3), ARTIFACTS, "test")
    (pack,) = blobs.upload_bundle(bundle)
    s3.objects(ARTIFACTS)[blobs.key(pack)] = StoredObject(b"\0\0\0\4evil")
    uses: tuple[Callable[[], None], ...] = (
        lambda: blobs.verify({pack: "hashed assets"}),
        lambda: _publish(s3, blobs, bundle, (pack,), {}),
    )
    for use in uses:
        with pytest.raises(KanmonError) as caught:
            use()
        assert caught.value.code is Code.BLOB_REPLACED
    assert s3.objects(WEB) == {}


def test_other_content_in_a_pack_is_not_published(tmp_path: Path) -> None:
    """TRU-1: a pack under its right name, with other assets than the manifest's."""
    s3, bundle = MemoryS3(), _app(make_project(tmp_path), 3, "one")
    blobs = Blobs(cast("Any", s3), ARTIFACTS, "test")
    blobs.upload_bundle(bundle)
    planted = blobs.put(b"\0\0\0\4evil")
    with pytest.raises(KanmonError) as caught:
        _publish(s3, blobs, bundle, (planted,), {})
    assert caught.value.code is Code.BUNDLE_MISSING
    assert s3.objects(WEB) == {}


def test_an_interrupted_publication_goes_on(tmp_path: Path) -> None:
    """CD-11: it finds what is there, and takes the rest from the packs."""
    s3, bundle = MemoryS3(), _app(make_project(tmp_path), 5, "one")
    blobs = Blobs(cast("Any", s3), ARTIFACTS, "test")
    packs = blobs.upload_bundle(bundle)
    _publish(s3, blobs, bundle, packs, {})
    name = next(name for name, file in bundle.manifest.web.items() if file.immutable)
    del s3.objects(WEB)[name]
    s3.writes.clear()
    _publish(s3, blobs, bundle, packs, {})
    assert f"{WEB}/{name}" in s3.writes
    assert len([one for one in s3.writes if "/assets/" in one]) == 1
