"""Each path of a site has its file, under the one name that the path function asks for (INF-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.manifest import load_bundle
from kanmon.bundle.web_routes import with_routes
from kanmon.model import WebFile
from tests.fakes.app import make_config
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path

HTML, BYTES = "text/html; charset=utf-8", "application/octet-stream"


def _files(*names: str) -> dict[str, WebFile]:
    return {name: WebFile(sha256=name, size=1, immutable=name.startswith("assets/")) for name in names}


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("about.html", "about/index.html", HTML),
        ("a b/c.html", "a b/c/index.html", HTML),
        ("LICENSE", "LICENSE/index.html", BYTES),
        ("guide/v1.2.html", "guide/v1.2", HTML),
        ("guide/v1.2/index.html", "guide/v1.2", HTML),
    ],
)
def test_a_path_without_a_dot_leads_to_its_file(name: str, key: str, kind: str) -> None:
    files = with_routes(_files("index.html", name))
    assert set(files) == {"index.html", name, key}
    assert (files[key].sha256, files[key].source, files[key].type) == (name, name, kind)


@pytest.mark.parametrize(
    "name",
    ["about/index.html", "robots.txt", ".well-known/x", ".well-known/a.html", "assets/a", "assets/b.html"],
)  # fmt: skip
def test_any_other_file_has_its_own_name_alone(name: str) -> None:
    files = _files("index.html", name)
    assert with_routes(files) == files


def test_a_folders_page_wins_and_so_does_a_file_of_the_very_name() -> None:
    files = with_routes(_files("about.html", "about/index.html", "feed", "feed.html"))
    assert files["about/index.html"].source == ""
    assert files["feed/index.html"].source == "feed"


def test_a_bundle_has_each_content_once(tmp_path: Path) -> None:
    """CD-6: and it is read back as it was built."""
    project = make_project(tmp_path)
    (project / "web/dist/about.html").write_text("about")
    (project / "web/dist/LICENSE").write_text("All rights")
    bundle = build(project, make_config(web={"directory": "web/dist", "routes": "files"}))
    assert load_bundle(bundle.folder) == bundle
    assert bundle.manifest.web["LICENSE/index.html"].type == "text/plain; charset=utf-8"
    assert "web/about/index.html" not in bundle.manifest.files()
