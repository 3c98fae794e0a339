"""Bad input: one clear error with a code, exit status 2, and nothing changed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator


def _config(change: Callable[[str], str]) -> Callable[[Project], None]:
    return lambda project: project.edit_config(change)


def _remove(name: str) -> Callable[[Project], None]:
    def remove(project: Project) -> None:
        path = project.folder / name
        path.rename(project.folder / "elsewhere")

    return remove


def _link_out(project: Project) -> None:
    (project.folder / "web/dist/assets/out.js").symlink_to("/etc/hostname")


def _with_build(command: str) -> Callable[[Project], None]:
    return _config(lambda text: f"build: {{commands: ['{command}']}}\n{text}")


BAD_BUILDS: dict[str, tuple[Callable[[Project], None], str, str]] = {
    "missing config": (_remove("kanmon.yml"), "KNM-101", "kanmon.yml"),
    "empty config": (_config(lambda _: "\n"), "KNM-102", "kanmon.yml"),
    "syntax": (_config(lambda text: text + "\n  : ["), "KNM-103", "kanmon.yml:"),
    "invalid": (
        _config(lambda text: text.replace("timeout: 300", "timeout: 3000")),
        "KNM-104",
        "functions.migrate.timeout",
    ),
    "unknown key": (
        _config(lambda text: text.replace("runtime", "x").replace("handler:", "handlr:", 1)),
        "KNM-104",
        "handler",
    ),
    "unknown key with suggestion": (
        _config(lambda text: text.replace("checks:", "checks:") + "\ntrafic: {}\n"),
        "KNM-105",
        "`traffic`",
    ),
    "build command fails": (_with_build("echo out of luck; exit 7"), "KNM-111", "out of luck"),
    "web directory missing": (_remove("web/dist"), "KNM-112", "web.directory"),
    "artifact missing": (_remove("build/api"), "KNM-112", "functions.api.artifact"),
    "absolute path": (
        _config(lambda text: text.replace("directory: web/dist", "directory: /etc")),
        "KNM-104",
        "web.directory",
    ),
    "path that climbs": (
        _config(lambda text: text.replace("artifact: build/api", "artifact: ../api")),
        "KNM-104",
        "functions.api.artifact",
    ),
    "link out of the tree": (_link_out, "KNM-113", "out.js"),
}


@pytest.mark.parametrize("name", BAD_BUILDS)
def test_a_bad_build_is_refused(project: Project, name: str) -> None:
    spoil, code, text = BAD_BUILDS[name]
    spoil(project)
    before = _files(project.folder)
    ended = project.kanmon("build").check(2)
    assert code in ended.error
    assert text in ended.error
    assert len(re.findall(r"KNM-\d{3}", ended.error)) == 1
    assert _files(project.folder) == before


def test_a_bundle_with_a_climbing_path_is_refused(project: Project) -> None:
    """A bundle written by hand can't reach outside of itself."""
    project.kanmon("build").check()
    manifest = project.folder / "build/bundle/manifest.json"
    manifest.write_text(manifest.read_text().replace('"robots.txt"', '"../robots.txt"'))
    assert "KNM-113" in project.kanmon("plan").check(2).error


def test_no_bundle_and_a_damaged_bundle_are_refused(project: Project) -> None:
    """CD-6: the built bytes are the released bytes."""
    assert "KNM-114" in project.kanmon("plan").check(2).error
    project.kanmon("build").check()
    (project.folder / "build/bundle/web/robots.txt").write_text("other")
    assert "KNM-115" in project.kanmon("plan").check(2).error


def test_unknown_release_and_no_release_to_roll_back_to(project: Project) -> None:
    """CD-9."""
    assert "KNM-411" in project.kanmon("rollback", "r99", "--yes").check(2).error
    assert "KNM-412" in project.kanmon("rollback", "--yes").check(2).error
    assert project.operations() == []


def test_without_aws_or_without_credentials(project: Project) -> None:
    project.kanmon("build").check()
    away = project.kanmon("plan", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1").check(2)
    assert "KNM-202" in away.error
    nobody = project.kanmon("plan", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="").check(2)
    assert "KNM-201" in nobody.error


def test_an_account_without_bootstrap(project: Project) -> None:
    project.edit_config(lambda text: text.replace("app: mandala", "app: stranger"))
    project.kanmon("build").check()
    ended = project.kanmon("deploy", "--yes").check(2)
    assert "KNM-205" in ended.error
    assert "kanmon bootstrap" in ended.error


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
