"""The bundle: built once, the same bytes for the same input, whole or not at all (CD-6)."""

from __future__ import annotations

import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.build import commit_of
from kanmon.bundle.manifest import load_bundle
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.app import make_config
from tests.unit.bundle.project import build, contents, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.config.schema import Config


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return make_project(tmp_path / "app")


def _refusal(app: Path, config: Config | None = None) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        build(app, config)
    assert not (app / "out/bundle").exists()
    return caught.value


def test_the_same_input_gives_the_same_bytes(app: Path) -> None:
    first, second = build(app, target="one"), build(app, target="two")
    assert contents(first) == contents(second)
    assert first.manifest.digest == second.manifest.digest


@pytest.mark.parametrize("artifact", [".", "build"])
def test_a_package_has_no_former_bundle(app: Path, artifact: str) -> None:
    """Else each build would pack the former packages, and no two be the same."""
    handler = {".": "build.api.shop.api", "build": "api.shop.api"}[artifact]
    functions = {"api": {"handler": handler, "artifact": artifact}}
    config = make_config(functions=functions, hooks=[], database=None)
    first, second = (build(app, config, "build/bundle").manifest for _ in range(2))
    assert first.digest == second.digest
    assert not [name for name in first.functions["api"].files if "manifest.json" in name]


def test_times_order_of_writing_and_umask_do_not_count(app: Path, tmp_path: Path) -> None:
    before = contents(build(app))
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
        assert contents(build(other)) == before
    finally:
        os.umask(umask)


def test_the_readers_language_is_no_input(app: Path, request: pytest.FixtureRequest) -> None:
    first = build(app, target="one")
    request.getfixturevalue("japanese")
    second = build(app, target="two")
    assert contents(first) == contents(second)
    assert first.manifest.digest == second.manifest.digest


def test_content_names_and_executability_count(app: Path) -> None:
    digests = {build(app).manifest.digest}
    (app / "build/api/run.sh").chmod(0o644)
    digests.add(build(app).manifest.digest)
    (app / "build/api/lib/a.py").write_text("a = 2")
    digests.add(build(app).manifest.digest)
    (app / "build/api/lib/a.py").rename(app / "build/api/lib/b.py")
    digests.add(build(app).manifest.digest)
    assert len(digests) == 4


def test_lambda_can_read_a_package_and_run_its_executables(app: Path) -> None:
    bundle = build(app)
    with zipfile.ZipFile(bundle.path(bundle.manifest.functions["api"].path)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert archive.testzip() is None
    assert modes == {"lib/a.py": 0o100644, "run.sh": 0o100755, "shop.py": 0o100644}


def test_functions_of_one_artifact_share_one_package(app: Path) -> None:
    bundle = build(app)
    assert bundle.manifest.functions["api"] == bundle.manifest.functions["migrate"]
    assert len(list((bundle.folder / "functions").iterdir())) == 1


def test_hashed_assets_are_known_by_their_folder(app: Path) -> None:
    web = build(app).manifest.web
    assert {name: file.immutable for name, file in web.items()} == {
        "index.html": False,
        "sw.js": False,
        "assets/app-1.js": True,
    }


def test_a_failed_build_command_shows_its_output(app: Path) -> None:
    config = make_config(build={"commands": ["echo it began; echo broken >&2; false | cat; exit 7"]})
    error = _refusal(app, config)
    assert error.code is Code.BUILD_FAILED
    assert "| it began" in error.message
    assert "| broken" in error.message


def test_build_commands_run_in_order_until_one_fails(app: Path) -> None:
    config = make_config(build={"commands": ["touch one", "test -f one && exit 3", "touch three"]})
    assert "status 3" in _refusal(app, config).message
    assert not (app / "three").exists()


def test_build_commands_run_in_the_apps_folder(app: Path) -> None:
    build(app, make_config(build={"commands": ["pwd > one"]}))
    assert (app / "one").read_text().strip() == str(app)


def test_build_commands_get_no_secret(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRU-3: a dependency's install script asked GitHub for the job's identity in AWS."""
    for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, "CANARY")
    build(app, make_config(build={"commands": ["env > seen"]}))
    assert "PATH=" in (app / "seen").read_text()
    assert "CANARY" not in (app / "seen").read_text()


def test_git_gets_no_secret(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRU-3: the repository's own settings name programs for git to start."""
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
    hook = app / "hook"
    hook.write_text(f"#!/bin/sh\nenv > {app}/seen\n")
    hook.chmod(0o755)
    identity = ["-c", "user.name=kim", "-c", "user.email=kim@example.com"]
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *identity, *arguments], cwd=app, check=True)
    subprocess.run(["git", "config", "core.fsmonitor", str(hook)], cwd=app, check=True)
    assert commit_of(app).endswith("-dirty")
    assert "CANARY" not in (app / "seen").read_text()


def test_a_pipe_with_a_failed_command_is_a_failure(app: Path) -> None:
    assert _refusal(app, make_config(build={"commands": ["false | true"]})).code is Code.BUILD_FAILED


@pytest.mark.parametrize(
    ("gone", "key"), [("build/api", "functions.api.artifact"), ("web/dist", "web.directory")]
)
@pytest.mark.parametrize(("empty", "word"), [(False, "not there"), (True, "empty")], ids=["missing", "empty"])
def test_missing_output_is_named_with_its_key(app: Path, gone: str, key: str, empty: bool, word: str) -> None:
    (app / gone).rename(app / "elsewhere")
    if empty:
        (app / gone).mkdir()
    error = _refusal(app)
    assert error.code is Code.ARTIFACT_MISSING
    assert f"`{gone}` is {word}" in error.message
    assert error.where
    assert key in error.where


def test_a_web_app_without_its_page_is_refused(app: Path) -> None:
    (app / "web/dist/index.html").unlink()
    error = _refusal(app)
    assert error.code is Code.ARTIFACT_MISSING
    assert "index.html" in error.message


def test_a_file_at_a_path_of_the_api_is_refused(app: Path) -> None:
    """INF-6: CloudFront asks the API for it, so nobody could get the file."""
    (app / "web/dist/.well-known").mkdir()
    (app / "web/dist/.well-known/jwks.json").write_text("{}")
    routes = [{"path": "/api/{proxy+}", "function": "api"}]
    config = make_config(api={"routes": routes, "paths": ["/auth/*", "/.well-known/jwks.json"]})
    error = _refusal(app, config)
    assert error.code is Code.WEB_FILE_REFUSED
    assert "`api.paths`: .well-known/jwks.json" in error.message
    assert build(app).manifest.web


def test_a_link_out_of_the_artifact_is_refused(app: Path) -> None:
    (app / "build/api/passwd").symlink_to("/etc/passwd")
    assert _refusal(app).code is Code.UNSAFE_PATH


def test_a_failed_build_leaves_the_older_bundle(app: Path) -> None:
    before = contents(build(app))
    (app / "web/dist/index.html").unlink()
    with pytest.raises(KanmonError):
        build(app)
    assert contents(load_bundle(app / "out/bundle")) == before


def test_a_link_in_place_of_the_bundle_is_replaced(tmp_path: Path) -> None:
    """The folder behind it stays as it is."""
    project = make_project(tmp_path / "app")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    target = project / "out/bundle"
    target.parent.mkdir()
    target.symlink_to(tmp_path / "elsewhere")
    build(project)
    assert not target.is_symlink()
    assert (tmp_path / "elsewhere/kept").exists()
