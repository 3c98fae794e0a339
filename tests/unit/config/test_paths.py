"""The file of each path, as the path function finds it (INF-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon.config.paths import Paths
from kanmon.config.served import ServedWeb
from kanmon.config.web import Web
from kanmon.media import FILE_ENDINGS
from tests.unit.bundle.layouts import LAYOUTS
from tests.unit.templates.test_edge_path_function import PathFunction

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = Paths("files")
MIXED: dict[str, Any] = {
    "routes": "200.html",
    "routes_in": {
        "docs/*": "files", "docs/play/*": "docs/play/index.html", "about/*": "files", "a.b/*": "app",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/goals/7?x=a.b", "index.html"),
        ("/about.html?x", "about.html"),
        ("/a%20b/c.txt", "a b/c.txt"),
        ("/v1.2/goals", "index.html"),
        ("/.well-known/apple-app-site-association", ".well-known/apple-app-site-association"),
        ("/users/jane.doe", "index.html"),
        ("/users/jane.doe@example.com", "index.html"),
        ("/docs/v1.2", "index.html"),
        ("/docs/3.10/", "index.html"),
        ("/sites/example.com", "index.html"),
        ("/photo.PNG", "photo.PNG"),
        ("/x.", "index.html"),
        ("/png", "index.html"),
        ("/.env", ".env"),
        ("/app.js.map", "app.js.map"),
    ],
)
def test_a_path_leads_to_a_file_as_at_the_edge(path: str, name: str) -> None:
    assert Paths().file_of(path) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/about?x=a.b", "about/index.html"),
        ("/about/", "about/index.html"),
        ("/a%20b", "a b/index.html"),
        ("/about.html", "about.html"),
        ("/.well-known/x", ".well-known/x"),
        ("/guide/v1.2", "guide/v1.2"),
    ],
)
def test_a_path_of_a_site_leads_to_its_own_file(path: str, name: str) -> None:
    assert SITE.file_of(path) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "index.html"),
        ("/users/jane.doe", "200.html"),
        ("/docs", "docs/index.html"),
        ("/docs/v1.2", "docs/v1.2"),
        ("/docs2", "200.html"),
        ("/docs/play/3", "docs/play/index.html"),
        ("/docs/play/logo.svg", "docs/play/logo.svg"),
        ("/about/", "about/index.html"),
        ("/a.b/c", "index.html"),
    ],
)
def test_the_deepest_folder_decides(path: str, name: str) -> None:
    assert Paths(**MIXED).file_of(path) == name


@pytest.fixture(scope="module")
def edges() -> Iterator[list[tuple[Paths, PathFunction]]]:
    site = {"directory": "out", "routes": "files"}
    with (
        PathFunction.of(api=None) as first,
        PathFunction.of(api=None, web=site) as second,
        PathFunction.of(api=None, web={"directory": "out", **MIXED}) as third,
    ):
        yield [(Paths(), first), (SITE, second), (Paths(**MIXED), third)]


_STEP = st.sampled_from(
    ["docs", "docs2", "play", "about", "a.b", "c++", "jane.doe", "v1.2", "x.png", "x.PNG", ".env", "x.",
     "x.\n",
     "x.\u212ams", ".well-known", "\u95a2", "a b", "100%", "index.html", "200"]
)  # fmt: skip


@settings(deadline=None)
@given(steps=st.lists(_STEP | st.text("ab./\u0130", min_size=1, max_size=4), max_size=4), slash=st.booleans())
def test_the_path_function_finds_the_same_file(
    edges: list[tuple[Paths, PathFunction]], steps: list[str], slash: bool
) -> None:
    path = quote("/" + "/".join(steps) + ("/" if slash and steps else ""), safe="/+")
    for paths, edge in edges:
        answer = edge.ask(path)
        if "statusCode" not in answer:
            assert answer["uri"] == "/" + quote(paths.file_of(path), safe="/"), path


def test_a_stored_release_has_the_same_paths() -> None:
    """CD-10: one of a newer version, too, as far as it can be read."""
    web = Web(directory="out", **MIXED)
    assert ServedWeb.model_validate(web.model_dump(mode="json")).paths.rules == web.paths.rules
    newer = ServedWeb.model_validate({"routes": ["x"], "routes_in": {"a/*": 1, "b/*": "new", "c/*": "files"}})
    assert newer.paths.rules == [("b/", "index.html"), ("c/", "files"), ("", "index.html")]


@pytest.mark.parametrize("tool", LAYOUTS)
def test_each_ending_of_a_tools_files_is_known(tool: str) -> None:
    names = [name.rpartition("/")[2] for name in LAYOUTS[tool].files]
    assert {name.rpartition(".")[2] for name in names if "." in name[1:]} <= set(FILE_ENDINGS)


@pytest.mark.parametrize("ending", ["com", "io", "ai", "me", "doe", "0", "2", "org", "net", "app", "dev"])
def test_the_end_of_a_name_is_no_ending(ending: str) -> None:
    assert ending not in FILE_ENDINGS
