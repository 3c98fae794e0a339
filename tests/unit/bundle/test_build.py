"""The bundle: built once, the same bytes for the same input, whole or not at all (CD-6)."""

from __future__ import annotations

import json
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle import Bundle, build_bundle, load_bundle
from kanmon.errors import Code, KanmonError
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.config import Config


def _app(folder: Path) -> Path:
    for name, text in {
        "build/api/shop.py": "print()", "build/api/lib/a.py": "a = 1", "build/api/run.sh": "#!/bin/sh",
        "web/dist/index.html": "<script src=assets/app-1.js>", "web/dist/assets/app-1.js": "1",
        "web/dist/sw.js": "2",
    }.items():  # fmt: skip
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "build/api/run.sh").chmod(0o755)
    return folder


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return _app(tmp_path / "app")


def _build(app: Path, config: Config | None = None, target: str = "out/bundle") -> Bundle:
    return build_bundle(config or make_config(), app, app / target, commit="c" * 40, say=lambda _: None)


def _bytes(bundle: Bundle) -> dict[str, bytes]:
    return {
        str(path.relative_to(bundle.folder)): path.read_bytes()
        for path in bundle.folder.rglob("*")
        if path.is_file()
    }


def _refusal(app: Path, config: Config | None = None) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        _build(app, config)
    assert not (app / "out/bundle").exists()
    return caught.value


def test_same_input_same_bytes(app: Path) -> None:
    first, second = _build(app, target="one"), _build(app, target="two")
    assert _bytes(first) == _bytes(second)
    assert first.manifest.digest == second.manifest.digest


def test_times_order_of_writing_and_umask_do_not_count(app: Path, tmp_path: Path) -> None:
    before = _bytes(_build(app))
    umask = os.umask(0o077)
    try:
        other = tmp_path / "other"
        for path in sorted(app.rglob("*"), reverse=True):
            if path.is_file() and "out" not in path.parts:
                copy = other / path.relative_to(app)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
                copy.chmod(0o700 if path.name == "run.sh" else 0o600)
                os.utime(copy, (1, 1))
        assert _bytes(_build(other)) == before
    finally:
        os.umask(umask)


def test_content_names_and_executability_do_count(app: Path) -> None:
    digests = {_build(app).manifest.digest}
    (app / "build/api/run.sh").chmod(0o644)
    digests.add(_build(app).manifest.digest)
    (app / "build/api/shop.py").write_text("print(2)")
    digests.add(_build(app).manifest.digest)
    (app / "build/api/shop.py").rename(app / "build/api/store.py")
    digests.add(_build(app).manifest.digest)
    assert len(digests) == 4


def test_packages_are_readable_for_lambda_and_keep_executables(app: Path) -> None:
    bundle = _build(app)
    with zipfile.ZipFile(bundle.path(bundle.manifest.functions["api"].path)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert archive.testzip() is None
    assert modes == {"lib/a.py": 0o100644, "run.sh": 0o100755, "shop.py": 0o100644}


def test_functions_of_one_artifact_share_one_package(app: Path) -> None:
    bundle = _build(app)
    assert bundle.manifest.functions["api"] == bundle.manifest.functions["migrate"]
    assert len(list((bundle.folder / "functions").iterdir())) == 1


def test_hashed_assets_are_known_by_their_folder(app: Path) -> None:
    web = _build(app).manifest.web
    assert {name: file.immutable for name, file in web.items()} == {
        "index.html": False, "sw.js": False, "assets/app-1.js": True,
    }  # fmt: skip


def test_a_build_command_that_fails_shows_what_it_said(app: Path) -> None:
    config = make_config(build={"commands": ["echo it began; echo broken >&2; false | cat; exit 7"]})
    error = _refusal(app, config)
    assert error.code is Code.BUILD_FAILED
    assert "| it began" in error.message
    assert "| broken" in error.message


def test_commands_run_in_order_in_the_apps_folder_until_one_fails(app: Path) -> None:
    config = make_config(build={"commands": ["pwd > one", "test -f one && exit 3", "touch three"]})
    assert "status 3" in _refusal(app, config).message
    assert (app / "one").read_text().strip() == str(app)
    assert not (app / "three").exists()


def test_a_pipe_that_fails_in_its_middle_is_a_failure(app: Path) -> None:
    assert _refusal(app, make_config(build={"commands": ["false | true"]})).code is Code.BUILD_FAILED


@pytest.mark.parametrize("gone", ["build/api", "web/dist"])
@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_missing_or_empty_output_is_named_with_its_key(app: Path, gone: str, empty: bool) -> None:
    (app / gone).rename(app / "elsewhere")
    if empty:
        (app / gone).mkdir()
    error = _refusal(app)
    assert error.code is Code.ARTIFACT_MISSING
    assert ("empty" if empty else "not there") in error.message
    assert error.where
    assert ("functions.api.artifact" if gone == "build/api" else "web.directory") in error.where


def test_a_web_app_without_its_page_is_refused(app: Path) -> None:
    (app / "web/dist/index.html").unlink()
    assert "index.html" in _refusal(app).message


def test_a_link_out_of_the_artifact_is_refused(app: Path) -> None:
    (app / "build/api/passwd").symlink_to("/etc/passwd")
    assert _refusal(app).code is Code.UNSAFE_PATH


def test_a_failed_build_leaves_the_bundle_before_it(app: Path) -> None:
    before = _bytes(_build(app))
    (app / "web/dist/index.html").unlink()
    with pytest.raises(KanmonError):
        _build(app)
    assert _bytes(load_bundle(app / "out/bundle")) == before


def test_round_trip(app: Path) -> None:
    bundle = _build(app)
    assert load_bundle(bundle.folder) == bundle


def test_without_a_bundle(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        load_bundle(tmp_path)
    assert caught.value.code is Code.BUNDLE_MISSING


@pytest.mark.parametrize("damage", ["change", "remove"])
def test_any_damaged_file_is_found(app: Path, damage: str) -> None:
    """CD-4"""
    folder = _build(app).folder
    for path in [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json"]:
        content = path.read_bytes()
        if damage == "remove":
            path.unlink()
        else:
            path.write_bytes(content + b" ")
        with pytest.raises(KanmonError) as caught:
            load_bundle(folder)
        assert caught.value.code is Code.BUNDLE_DAMAGED, path
        path.write_bytes(content)


def test_another_bundle_than_was_built_is_refused(app: Path) -> None:
    """CD-6: whole in itself, and still not the one whose digest the build passed on."""
    bundle = _build(app)
    assert load_bundle(bundle.folder, digest=bundle.manifest.digest) == bundle
    with pytest.raises(KanmonError) as caught:
        load_bundle(bundle.folder, digest="0" * 64)
    assert caught.value.code is Code.BUNDLE_DAMAGED
    assert bundle.manifest.digest[:12] in caught.value.message


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/x", "a\\b"])
def test_a_manifest_with_a_path_that_leads_out_is_refused(app: Path, name: str) -> None:
    """SEC-5"""
    bundle = _build(app)
    manifest = bundle.folder / "manifest.json"
    content = json.loads(manifest.read_text())
    content["web"][name] = content["web"]["index.html"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(KanmonError) as caught:
        load_bundle(bundle.folder)
    assert caught.value.code is Code.UNSAFE_PATH


@pytest.mark.parametrize("text", ["", "{}", "[]", "\xff"])
def test_a_manifest_that_is_none(app: Path, text: str) -> None:
    bundle = _build(app)
    (bundle.folder / "manifest.json").write_text(text, "latin-1")
    with pytest.raises(KanmonError) as caught:
        load_bundle(bundle.folder)
    assert caught.value.code is Code.BUNDLE_DAMAGED
