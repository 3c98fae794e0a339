"""Each path of a site has its file, under the one name that the path function asks for (INF-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.manifest import load_bundle
from kanmon.bundle.web_routes import refuse_missing_pages, with_routes
from kanmon.codes import Code
from kanmon.config.paths import Paths
from kanmon.errors import KanmonError
from kanmon.model import WebFile
from tests.fakes.app import make_config
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path

SITE = Paths("files")
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
    files = with_routes(_files("index.html", name), SITE)
    assert set(files) == {"index.html", name, key}
    assert (files[key].sha256, files[key].source, files[key].type) == (name, name, kind)


@pytest.mark.parametrize(
    "name",
    ["about/index.html", "robots.txt", ".well-known/x", ".well-known/a.html", "assets/a", "assets/b.html"],
)  # fmt: skip
def test_any_other_file_has_its_own_name_alone(name: str) -> None:
    files = _files("index.html", name)
    assert with_routes(files, SITE) == files


def test_a_folders_page_wins_and_so_does_a_file_of_the_very_name() -> None:
    files = with_routes(_files("about.html", "about/index.html", "feed", "feed.html"), SITE)
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


def test_only_the_folders_with_files_have_a_file_for_each_path() -> None:
    paths = Paths("app", {"docs/*": "files", "docs/play/*": "docs/play/index.html"})
    names = (
        "index.html",
        "about.html",
        "LICENSE",
        "docs.html",
        "docs/a.html",
        "docs/LICENSE",
        "docs/play/b.html",
    )
    added = with_routes(_files(*names), paths).keys() - set(names)
    assert added == {"docs/index.html", "docs/a/index.html", "docs/LICENSE/index.html"}


@pytest.mark.parametrize("page", ["200.html", "app/index.html", "assets/app.html"])
def test_a_page_for_other_paths_is_one_of_the_release(page: str) -> None:
    """CD-10: with a fixed name, so that it goes live and back."""
    for paths in (Paths(page), Paths("files", {"x/*": page})):
        files = _files("index.html", "assets/app.html")
        with pytest.raises(KanmonError, match=page) as caught:
            refuse_missing_pages(files, paths, "web.directory")
        assert caught.value.code is Code.ARTIFACT_MISSING
        refuse_missing_pages(files | {page: files["index.html"]}, paths, "web.directory")
