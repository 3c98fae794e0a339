"""Everything in the web directory is for everybody, so nothing else may lie there (SEC-5, TRU-2)."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.web_files import refuse_changed_assets, refuse_web_files
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import WebFile
from tests.fakes.app import make_config
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path


def _names(*names: str, prefix: str | None = "/api") -> None:
    refuse_web_files(["index.html", *names], prefix, "web.directory: dist")


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".git/config", "a/.htpasswd", ".previews/r1/index.html", ".well-known/.secret", "a/.b/c.txt",
        "x/.well-known/a", "...",
    ],
)  # fmt: skip
def test_a_name_with_a_dot_at_its_beginning_is_refused(name: str) -> None:
    with pytest.raises(KanmonError) as caught:
        _names(name)
    assert caught.value.code is Code.WEB_FILE_REFUSED
    assert name in caught.value.message


def test_five_of_many_names_are_shown() -> None:
    with pytest.raises(KanmonError, match=r"\.3, \.4 and 7 more"):
        _names(*(f".{number}" for number in range(12)))


@pytest.mark.parametrize(
    "name", [".well-known/security.txt", "a.b/c.d", "api", "apis/x", "live/x", "x/api/y"]
)
def test_other_names_are_published(name: str) -> None:
    _names(name)


def test_a_file_below_the_apis_prefix_is_refused() -> None:
    with pytest.raises(KanmonError, match=r"`api.prefix`, /api: api/docs.html") as caught:
        _names("api/docs.html")
    assert caught.value.code is Code.WEB_FILE_REFUSED
    _names("api/docs.html", prefix=None)
    _names("api/docs.html", prefix="/v2")


def test_a_name_longer_than_a_key_is_refused() -> None:
    """TRU-6: S3 would refuse the file in the middle of the release."""
    _names("a" * 896)
    with pytest.raises(KanmonError, match="896 bytes for a name") as caught:
        _names("\u00e9" * 448 + "a")
    assert caught.value.code is Code.WEB_FILE_REFUSED


def _refusal(project: Path, target: str = "out/bundle", **changes: Any) -> str:
    with pytest.raises(KanmonError) as caught:
        build(project, make_config(**changes), target)
    assert caught.value.code is Code.WEB_FILE_REFUSED
    assert not (project / target).exists()
    return caught.value.message


@pytest.fixture
def site(tmp_path: Path) -> Path:
    project = make_project(tmp_path)
    (project / "index.html").write_text("a page")
    return project


def test_the_projects_own_folder_is_refused(site: Path) -> None:
    """It would publish `.env`, `kanmon.yml` and the former bundle."""
    assert "the project with its config file" in _refusal(site, web={"directory": "."})


def test_a_link_to_the_projects_own_folder_is_refused(site: Path) -> None:
    (site / "public").symlink_to(site, target_is_directory=True)
    assert "the project with its config file" in _refusal(site, web={"directory": "public"})


def test_a_web_directory_around_the_bundle_is_refused(site: Path) -> None:
    assert "the bundle" in _refusal(site, "web/dist/bundle")


def test_a_web_directory_around_functions_is_refused(site: Path) -> None:
    (site / "build/index.html").write_text("a page")
    assert "functions.api.artifact" in _refusal(site, web={"directory": "build"})


def test_a_hidden_file_of_the_build_is_refused(site: Path) -> None:
    (site / "web/dist/.env").write_text("KEY=1")
    assert ".env" in _refusal(site)


@pytest.mark.parametrize(
    "name", [".DS_Store", "a/.gitkeep", ".nojekyll", ".vite/manifest.json", ".gitignore"]
)
def test_files_of_tools_stay_out_of_the_bundle(site: Path, name: str) -> None:
    """INF-8: each build writes them again, and no browser asks for them."""
    (site / "web/dist" / name).parent.mkdir(exist_ok=True)
    (site / "web/dist" / name).write_text("x")
    assert name not in build(site, make_config()).manifest.web


# Nobody would get these files, or not their content.


@pytest.mark.parametrize(
    "name",
    [
        "LICENSE", "feed", "docs/CHANGES", "v1.2/feed", "x/CNAME", "CNAME", "_headers", "_redirects",
        "assets/a1",
        "models/face-shard1", "weights.xyz", ".well-known/apple-app-site-association",
        ".well-known/matrix/server",
    ],
)  # fmt: skip
@pytest.mark.parametrize("routes", ["app", "files"])
def test_a_file_without_an_ending_stops_no_build(site: Path, name: str, routes: str) -> None:
    """INF-8: tools copy a folder of such files as it is."""
    file = site / "web/dist" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")
    assert name in build(site, make_config(web={"directory": "web/dist", "routes": routes})).manifest.web


def test_a_compressed_page_is_refused(site: Path) -> None:
    """INF-8: Kanmon would write the release into compressed bytes."""
    (site / "web/dist/about.html").write_bytes(gzip.compress(b"a page"))
    assert "about.html is compressed" in _refusal(site)
    (site / "web/dist/about.html").rename(site / "web/dist/about.html.gz")
    assert build(site).manifest.web["about.html.gz"].encoding == "gzip"


def test_a_hashed_asset_with_a_plus_sign_is_refused(site: Path) -> None:
    """INF-8: no function at the edge sees its requests."""
    (site / "web/dist/assets/c++-1a2b3c4d.js").write_text("1")
    assert "assets/c++-1a2b3c4d.js" in _refusal(site)


def test_a_file_that_leaves_the_hashed_assets_needs_another_name() -> None:
    """CD-10: browsers have it for a year, with this content or with other."""
    asset = WebFile(sha256="a" * 64, size=1, immutable=True)
    fixed = asset.model_copy(update={"immutable": False})
    with pytest.raises(KanmonError, match=r"live release's assets/i18n/en\.json for a year") as caught:
        refuse_changed_assets({"assets/i18n/en.json": fixed, "x.js": fixed}, {"assets/i18n/en.json": asset})
    assert caught.value.code is Code.ASSET_CHANGED
    for now, before in ((asset, asset), (asset, fixed), (fixed, fixed)):
        refuse_changed_assets({"a.js": now, "b.js": fixed}, {"a.js": before})


def test_a_hashed_asset_with_new_content_needs_another_name() -> None:
    """CD-10: the live release's users have the old content, and the plan knows it."""
    asset = WebFile(sha256="a" * 64, size=1, immutable=True)
    other = asset.model_copy(update={"sha256": "b" * 64})
    with pytest.raises(KanmonError, match=r"other content under the same name: assets/en\.json\.") as caught:
        refuse_changed_assets({"assets/en.json": other, "assets/a.js": asset}, {"assets/en.json": asset})
    assert caught.value.code is Code.ASSET_CHANGED
    fixed = asset.model_copy(update={"immutable": False})
    refuse_changed_assets({"a.js": other, "assets/new.js": other}, {"a.js": fixed})
