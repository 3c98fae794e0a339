"""A build warns of names without a hash among hashed assets, and of pages behind `index.html` (INF-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.web_warnings import linked_pages, looks_hashed, web_warnings
from kanmon.codes import Code
from kanmon.config.paths import Paths
from kanmon.model import WebFile
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.bundle.manifest import Bundle

APP, SITE = Paths(), Paths("files")
_FIXED, _ASSET = (WebFile(sha256="a" * 64, size=1, immutable=immutable) for immutable in (False, True))


@pytest.mark.parametrize(
    "name",
    [
        # Vite, VitePress
        "assets/index-BkX3a9_d.js", "assets/index-DiwrgTda.css", "assets/index-D-iwrgTd.js",
        "assets/index-Dv_3Gk-1.js.map", "assets/guide_start.md.BkX3a9_d.lean.js",
        "assets/inter-roman-latin.Di8DUHzh.woff2", "assets/app-1a2b3c.js",
        # webpack, Create React App
        "static/js/main.8c1d2f3a.js", "static/js/787.4ab5bc2f.chunk.js",
        "static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg", "static/js/main.8c1d2f3a.js.LICENSE.txt",
        # Next
        "_next/static/3Xk2LmNqPzR_abcdEfGhI/_buildManifest.js", "_next/static/css/0a1b2c3d4e5f6a7b.css",
        "_next/static/chunks/app/blog/[slug]/page-0d1e2f3a4b5c6d7e.js",
        "_next/static/media/a34f9d1faa5f3315-s.p.woff2",
        # Astro, Nuxt, SvelteKit
        "_astro/hoisted.BkX3a9_d.js", "_astro/photo.8a7b6c5d_Z1abcDe.webp", "_nuxt/CJ7wT2Kq.js",
        "_nuxt/builds/meta/0f3a6d6e-9c3b-4a53-8f1d-9d6a0a3f4b55.json",
        "_app/immutable/entry/start.BkX3a9_d.js", "_app/immutable/nodes/0.C2eFg_h9.js",
        # Angular, Gatsby
        "build/main-ABCDEFGH.js", "build/polyfills-FFHMD2TL.js", "build/media/icons-ABCD2345.woff2",
        "static/component---src-pages-index-js-1a2b3c4d5e6f7a8b9c0d.js",
    ],
)  # fmt: skip
def test_a_tools_hash_is_known(name: str) -> None:
    assert looks_hashed(name)


@pytest.mark.parametrize(
    "name",
    [
        "assets/i18n/en.json", "assets/i18n/en-US.json", "assets/i18n/messages.zh-Hant.json",
        "assets/logo.svg", "assets/icons/icon-512x512.png", "assets/logo192.png", "assets/user-settings.js",
        "assets/settings.js", "assets/fonts/Roboto-Bold.woff2", "assets/fonts/Inter-Regular.woff2",
        "assets/app-1.js",
        "assets/jquery.min.js", "assets/env.production.json", "assets/hero@2x.png", "assets/photo-1024px.jpg",
        "assets/index-pt_BR.js", "_nuxt/builds/latest.json", "_app/version.json", "_app/env.js",
        "assets/LICENSE",
    ],
)  # fmt: skip
def test_a_word_is_no_hash(name: str) -> None:
    assert not looks_hashed(name)


def test_names_without_a_hash_are_named() -> None:
    (warning,) = web_warnings({"index.html": _FIXED, "assets/i18n/en.json": _ASSET, "a.json": _FIXED}, APP)
    assert warning.code is Code.ASSET_NOT_HASHED
    assert "hash of their content: assets/i18n/en.json." in warning.message


@pytest.mark.parametrize(
    ("name", "path"), [("about.html", "/about"), ("releases/index.html", "/releases/"), ("a/b.html", "/a/b")]
)
def test_a_page_behind_the_apps_page_is_named(name: str, path: str) -> None:
    web = {"index.html": _FIXED, "404.html": _FIXED, name: _FIXED}
    (warning,) = web_warnings(web, APP)
    assert warning.code is Code.WEB_FILE_UNSEEN
    assert f"such as {path}, shows `index.html`, and not {name}." in warning.message
    assert web_warnings(web, SITE) == []


@pytest.mark.parametrize(
    "name", ["LICENSE", "models/face-shard1", "docs/v1.2/feed", "weights.xyz", "x/CNAME"]
)
def test_a_file_at_a_path_of_the_app_is_named(name: str) -> None:
    web = {"index.html": _FIXED, "robots.txt": _FIXED, name: _FIXED}
    (warning,) = web_warnings(web, APP)
    assert warning.code is Code.WEB_FILE_UNREACHABLE
    assert f"such as /{name}, shows `index.html`. Nobody can get {name}." in warning.message
    assert web_warnings(web, SITE) == []
    assert web_warnings({"index.html": _FIXED, ".well-known/x": _FIXED, "assets/1a2b3c4d": _ASSET}, APP) == []


@pytest.mark.parametrize("paths", [APP, SITE])
def test_orders_to_another_host_are_named(paths: Paths) -> None:
    """Netlify and Cloudflare take headers from such a file; here they would be missed."""
    (warning,) = web_warnings({"index.html": _FIXED, "_headers": _FIXED, "_redirects": _FIXED}, paths)
    assert warning.code is Code.HOST_FILE_IGNORED
    assert "does not read _headers, _redirects." in warning.message
    assert "web.response_headers" in warning.fix


def test_the_page_of_a_folder_is_no_page_behind_another() -> None:
    paths = Paths("200.html", {"app/*": "app/index.html", "docs/*": "files"})
    names = ("index.html", "200.html", "app/index.html", "docs/a.html", "docs/index.html", "docs/LICENSE")
    assert web_warnings(dict.fromkeys(names, _FIXED), paths) == []
    (warning,) = web_warnings(dict.fromkeys((*names, "app/help.html"), _FIXED), paths)
    assert "such as /app/help, shows `app/index.html`, and not app/help.html." in warning.message


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("about.html", '<a href="/about.html">'),
        ("a/b.html", "location = '../a/b.html?x'"),
        ("releases/index.html", '<a href="releases/index.html#top">'),
    ],
)
def test_a_page_that_the_app_links_to_is_no_mistake(tmp_path: Path, name: str, link: str) -> None:
    """Nobody could switch the warning off."""
    project = make_project(tmp_path)
    (project / "web/dist" / name).parent.mkdir(exist_ok=True)
    (project / "web/dist" / name).write_text("page")
    assert Code.WEB_FILE_UNSEEN in _codes(build(project))
    (project / "web/dist/assets/app-1.js").write_text(link)
    assert Code.WEB_FILE_UNSEEN not in _codes(build(project))


def _codes(bundle: Bundle) -> set[Code]:
    return {one.code for one in web_warnings(bundle.manifest.web, APP, linked_pages(bundle))}
