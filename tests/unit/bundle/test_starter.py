"""What a package has to start with values of secrets: in it, counted, over no file of the app (ADP-4)."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle import lambda_package
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.app import make_config
from tests.unit.bundle.project import build, contents, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.bundle.manifest import Bundle
    from kanmon.config.schema import Config

URL = "postgresql://${secrets.database.username}:${secrets.database.password}@${foundation.DatabaseHost}/shop"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    project = make_project(tmp_path / "app")
    (project / "build/api/index.js").write_text("exports.handle = 1;")
    return project


def _config(**more: Any) -> Config:
    with_url = {"artifact": "build/api", "database": True, "environment": {"DATABASE_URL": URL}}
    functions = {
        "api": {"handler": "shop.api", **with_url},
        "migrate": {"handler": "shop.migrate", "artifact": "build/api"},
        "web": {"handler": "index.handle", "runtime": "nodejs22.x", **with_url},
    }
    return make_config(functions=functions | more)


def _entries(bundle: Bundle, function: str) -> dict[str, int]:
    with zipfile.ZipFile(bundle.folder / bundle.manifest.functions[function].path) as package:
        assert package.testzip() is None
        return {one.filename: one.external_attr >> 16 & 0o777 for one in package.infolist()}


def test_each_language_has_its_own_files(app: Path) -> None:
    """Functions of one folder have different packages, and one without values has none of the files."""
    bundle = build(app, _config())
    own = {
        name: {key: mode for key, mode in _entries(bundle, name).items() if key.startswith(".kanmon")}
        for name in bundle.manifest.functions
    }
    assert own == {
        "api": {".kanmon/start": 0o755, ".kanmon/start.py": 0o644},
        "migrate": {},
        "web": {".kanmon/start": 0o755, ".kanmon/start.cjs": 0o644},
    }
    assert list(_entries(bundle, "api")) == sorted(_entries(bundle, "api"))


def test_the_same_input_gives_the_same_bytes(app: Path) -> None:
    first, second = build(app, _config(), "one"), build(app, _config(), "two")
    assert contents(first) == contents(second)


@pytest.mark.parametrize("name", [".kanmon/start", ".kanmon/other", ".kanmon"])
def test_a_name_of_the_apps_is_refused(app: Path, name: str) -> None:
    file = app / "build/api" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("of the app")
    with pytest.raises(KanmonError, match=r"Kanmon's own") as refused:
        build(app, _config())
    assert (refused.value.code, refused.value.where) == (
        Code.UNSAFE_PATH,
        "functions.api.artifact: build/api",
    )
    without = {"functions": {"api": {"handler": "shop.api", "artifact": "build/api"}}}
    build(app, make_config(hooks=[], **without))


def test_the_files_count_for_lambdas_limit(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(file.stat().st_size for file in (app / "build/api").rglob("*") if file.is_file())
    monkeypatch.setattr(lambda_package, "UNPACKED", size)
    plain = {"api": {"handler": "shop.api", "artifact": "build/api"}}
    build(app, make_config(functions=plain, hooks=[]))
    with pytest.raises(KanmonError) as refused:
        build(app, _config())
    assert refused.value.code is Code.BUNDLE_TOO_BIG
