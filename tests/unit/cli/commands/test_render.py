"""`kanmon render`: every template as a file, without AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.build import build_bundle
from kanmon.cli.main import main
from kanmon.config.source import load_config
from kanmon.errors import ExitStatus
from kanmon.templates.offline import render_offline
from tests.fakes.app import make_config, make_full_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose process has no way to AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    content = make_config(hooks=[]).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    (tmp_path / "kanmon.yml").write_text(json.dumps(content))
    return tmp_path


def test_every_stack_of_the_config_is_a_file(project: Path) -> None:
    """INF-9"""
    assert main(["render"]) == ExitStatus.OK
    rendered = render_offline(load_config(project / "kanmon.yml"))
    assert {"bootstrap", "foundation", "slot", "api", "edge"} <= rendered.keys()
    for kind, (body, _) in rendered.items():
        assert (project / f"build/templates/{kind}.yml").read_text() == body


def test_every_file_is_shown_with_its_size(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """INF-9"""
    assert main(["render"]) == ExitStatus.OK
    lines = capsys.readouterr().out.splitlines()
    for kind in render_offline(load_config(project / "kanmon.yml")):
        (line,) = (line for line in lines if line.startswith(f"{kind}.yml "))
        assert "of 500 resources" in line
        assert "of 1,000,000 bytes" in line


def test_without_a_bundle_packages_are_named_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CD-6"""
    assert main(["render"]) == ExitStatus.OK
    assert "`test/blobs/not-built-<function>`" in capsys.readouterr().out
    assert "blobs/not-built-api" in (project / "build/templates/slot.yml").read_text()


def test_other_files_of_the_folder_stay(project: Path) -> None:
    (project / "build/templates").mkdir(parents=True)
    (project / "build/templates/mine.txt").write_text("stays")
    assert main(["render"]) == ExitStatus.OK
    assert (project / "build/templates/mine.txt").read_text() == "stays"


def test_twice_is_the_same(project: Path) -> None:
    """CD-6"""
    for folder in ("a", "b"):
        assert main(["render", "--output", folder]) == ExitStatus.OK
    files = {path.name: path.read_bytes() for path in (project / "a").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (project / "b").iterdir()}


def test_the_artifact_buckets_name_needs_no_account(project: Path) -> None:
    main(["render"])
    text = (project / "build/templates/bootstrap.yml").read_text()
    assert 'BucketName: !Sub "shop-kanmon-${AWS::AccountId}-${AWS::Region}"' in text


def _build(project: Path) -> str:
    """Build the bundle; the digest of its package."""
    for name in ("build/api/shop.py", "web/dist/index.html"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x = api = migrate = None")
    config = load_config(project / "kanmon.yml")
    target = project / "build/bundle"
    bundle = build_bundle(config, project, target, commit="a" * 40, on_command=print, on_line=print)
    return bundle.manifest.functions["api"].sha256


def test_packages_come_from_the_bundle(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CD-6"""
    package = _build(project)
    assert main(["render"]) == ExitStatus.OK
    assert "not-built" not in capsys.readouterr().out
    assert f"blobs/{package}" in (project / "build/templates/slot.yml").read_text()


def test_a_bundle_of_another_config_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CD-6"""
    _build(project)
    content = json.loads((project / "kanmon.yml").read_text())
    (project / "kanmon.yml").write_text(json.dumps({**content, "app": "other"}))
    assert main(["render"]) == ExitStatus.REFUSED
    assert "KNM-115" in capsys.readouterr().err


def test_unbuilt_definitions_are_named_not_built() -> None:
    """INF-7"""
    body, _ = render_offline(make_full_config())["slot"]
    assert "blobs/not-built-report" in body
