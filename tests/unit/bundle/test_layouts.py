"""Every file and path of each tool's output: its own bytes, type, encoding and caching (INF-8)."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote_plus

import pytest

from kanmon.bundle.blobs import Blobs
from kanmon.bundle.web_warnings import web_warnings
from kanmon.codes import Code
from kanmon.config.web import Web
from kanmon.traffic.pages import WebPages, WebRelease
from tests.fakes.app import make_config
from tests.fakes.cloud import ARTIFACTS, ENVIRONMENT, WEB
from tests.unit.bundle.layouts import LAYOUTS
from tests.unit.bundle.project import build, make_project
from tests.unit.templates.test_edge_path_function import TOKEN, PathFunction

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kanmon.bundle.manifest import Manifest
    from kanmon.config.paths import Paths
    from tests.fakes.cloud import Cloud
    from tests.fakes.objects import StoredObject
    from tests.unit.bundle.layouts import Layout

HTML, JS, TEXT = (f"text/{kind}; charset=utf-8" for kind in ("html", "javascript", "plain"))
KINDS = {
    "html": HTML, "js": JS, "txt": TEXT, "json": "application/json", "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml", "xml": "text/xml; charset=utf-8", "ico": "image/x-icon", "woff2": "font/woff2",
}  # fmt: skip
NAMED = {
    "LICENSE": (TEXT, ""),
    "docs/LICENSE": (TEXT, ""),
    "feed": (TEXT, ""),
    "game.wasm.gz": ("application/wasm", "gzip"),
    "data.tar.gz": ("application/gzip", ""),
    ".well-known/apple-app-site-association": ("application/json", ""),
}


def _built(folder: Path, layout: Layout) -> Manifest:
    make_project(folder)
    for name in ("index.html", *layout.files):
        file = folder / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = f"the file {name}".encode()
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    web = {"directory": "site", **layout.web}
    return build(folder, make_config(web=web), "bundle").manifest


def _paths(layout: Layout) -> Paths:
    return Web.model_validate({"directory": "site", **layout.web}).paths


def _live(cloud: Cloud, folder: Path, manifest: Manifest) -> WebRelease:
    for name, file in manifest.web.items():
        assert cloud.keep((folder / "bundle/web" / (file.source or name)).read_bytes()) == file.sha256
    release = WebRelease("r1", manifest.web, Web.model_validate(manifest.built["web"]))
    pages = WebPages(cast("Any", cloud.s3), WEB, Blobs(cast("Any", cloud.s3), ARTIFACTS, ENVIRONMENT))
    pages.publish(release, {})
    pages.open_preview(TOKEN, release)
    pages.move(release, {})
    return release


def _answer(
    edge: PathFunction, live: Mapping[str, StoredObject], path: str, cookie: str | None
) -> StoredObject:
    """What S3 gives for a path: it reads a plus sign as a space."""
    answer = edge.ask(path, cookie=cookie)
    key = unquote_plus(answer["uri"].removeprefix("/"))
    assert key in live, (path, answer)
    return live[key]


@pytest.mark.parametrize("tool", LAYOUTS)
def test_each_file_and_path_has_its_own_content(tool: str, cloud: Cloud, tmp_path: Path) -> None:
    """Live and in a preview."""
    layout = LAYOUTS[tool]
    manifest = _built(tmp_path, layout)
    release = _live(cloud, tmp_path, manifest)
    live = cloud.s3.objects(WEB)
    fixed = {f"/{quote(name, safe='/+()[]')}": name for name, file in release.own.items() if not file.source}
    fixed = {path: name for path, name in fixed.items() if "." in name.rpartition("/")[2]}
    with PathFunction.of(web={"directory": "site", **layout.web}, api=None) as edge:
        for path, name in (fixed | layout.paths).items():
            for cookie in (None, TOKEN):
                found = _answer(edge, live, path, cookie)
                body = gzip.decompress(found.body) if name.endswith(".gz") else found.body
                assert body.endswith(f"the file {name}".encode()), (path, body)
                kind = NAMED.get(name) or (KINDS[name.rpartition(".")[2]], "")
                assert (found.type, found.encoding) == kind, path
                assert found.cache == ("no-store" if cookie else "no-cache"), path
    for name in release.assets:
        assert live[name].body == f"the file {name}".encode()
        assert live[name].type == KINDS[name.rpartition(".")[2]]
        assert live[name].cache == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("tool", LAYOUTS)
def test_no_tools_output_gives_a_false_alarm(tool: str, tmp_path: Path) -> None:
    layout = LAYOUTS[tool]
    assert web_warnings(_built(tmp_path, layout).web, _paths(layout)) == []


def test_what_a_tool_has_in_a_folder_too_wide_is_named(tmp_path: Path) -> None:
    """SvelteKit's `_app/version.json` has another content in each release."""
    layout = LAYOUTS["sveltekit"]
    wide = replace(layout, web=layout.web | {"immutable": ["_app/*"]})
    (warning,) = web_warnings(_built(tmp_path, wide).web, _paths(wide))
    assert warning.code is Code.ASSET_NOT_HASHED
    assert "_app/env.js, _app/version.json" in warning.message
