"""Everything in the web directory is for everybody, so nothing else may lie there (SEC-5, TRU-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.web_files import refuse_web_files
from kanmon.codes import Code
from kanmon.errors import KanmonError
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
