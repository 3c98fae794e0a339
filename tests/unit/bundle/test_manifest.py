"""A bundle is read back whole, or refused (CD-6)."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.bundle.manifest import Manifest, built_from, load_bundle
from kanmon.codes import Code
from kanmon.config.changed import changed_keys
from kanmon.errors import KanmonError
from kanmon.ledger.records import Release
from kanmon.release.loaded import Loader
from tests.fakes.app import make_config
from tests.unit.bundle.golden import CONFIG, MANIFEST, golden
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.bundle.manifest import Bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return build(make_project(tmp_path / "app"))


def _refusal(folder: Path) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        load_bundle(folder)
    return caught.value


def test_a_bundle_is_read_back_as_it_was_built(bundle: Bundle) -> None:
    assert load_bundle(bundle.folder) == bundle


def test_a_missing_bundle_is_refused(tmp_path: Path) -> None:
    assert _refusal(tmp_path).code is Code.BUNDLE_MISSING


def test_a_missing_file_is_found(bundle: Bundle) -> None:
    """CD-4"""
    for name in bundle.manifest.files():
        path = bundle.path(name)
        content = path.read_bytes()
        path.unlink()
        assert _refusal(bundle.folder).code is Code.BUNDLE_DAMAGED, name
        path.write_bytes(content)


def test_a_changed_file_is_found(bundle: Bundle) -> None:
    """CD-4"""
    for name in bundle.manifest.files():
        path = bundle.path(name)
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert _refusal(bundle.folder).code is Code.BUNDLE_DAMAGED, name
        path.write_bytes(content)


def test_the_manifest_names_every_other_file(bundle: Bundle) -> None:
    files = {str(path.relative_to(bundle.folder)) for path in bundle.folder.rglob("*") if path.is_file()}
    assert files == {*bundle.manifest.files(), "manifest.json"}


def test_a_bundle_with_the_expected_digest_is_read(bundle: Bundle) -> None:
    assert load_bundle(bundle.folder, digest=bundle.manifest.digest) == bundle


def test_a_bundle_with_another_digest_is_refused(bundle: Bundle) -> None:
    """CD-6: whole in itself, but not the one that the build job passed on."""
    with pytest.raises(KanmonError) as caught:
        load_bundle(bundle.folder, digest="0" * 64)
    assert caught.value.code is Code.BUNDLE_DAMAGED
    assert bundle.manifest.digest[:12] in caught.value.message


def test_a_bundle_of_another_config_is_refused(bundle: Bundle) -> None:
    assert built_from(make_config(), bundle.folder) == bundle
    other = make_config(web={"directory": "dist"})
    with pytest.raises(KanmonError) as caught:
        built_from(other, bundle.folder)
    assert caught.value.code is Code.BUNDLE_DAMAGED
    assert caught.value.message == "`web.directory` changed since the bundle was built."
    assert caught.value.fix == "Run `kanmon build` again."


FUNCTIONS = make_config().model_dump(mode="json")["functions"]


@pytest.mark.parametrize(
    "changes",
    [
        {"checks": [{"name": "other", "path": "/api/other"}]},
        {"traffic": {"strategy": "canary", "steps": [{"percent": 5, "bake": "1m"}]}},
        {"thresholds": {"api_p95": "9s"}},
        {"approval": {"prevent_self_review": True}},
        {"notifications": {"sns": False}},
        {"tags": {"team": "b"}},
        {"web": {"directory": "web/dist", "settings": {"STAGE": "test"}}},
        {"functions": {name: one | {"memory": 512} for name, one in FUNCTIONS.items()}},
        {"environment": "other"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_key_that_no_file_depends_on_needs_no_build(bundle: Bundle, changes: dict[str, Any]) -> None:
    """ADP-5: and the bundle has one digest in every environment."""
    assert built_from(make_config(**changes), bundle.folder) == bundle


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"build": {"commands": ["make"]}}, "build.commands"),
        (
            {"functions": FUNCTIONS | {"api": FUNCTIONS["api"] | {"handler": "shop.other"}}},
            "functions.api.handler",
        ),
        ({"functions": FUNCTIONS | {"api": FUNCTIONS["api"] | {"artifact": "b"}}}, "functions.api.artifact"),
        (
            {"functions": FUNCTIONS | {"api": FUNCTIONS["api"] | {"runtime": "python3.11"}}},
            "functions.api.runtime",
        ),
        (
            {"functions": FUNCTIONS | {"api": FUNCTIONS["api"] | {"architecture": "x86_64"}}},
            "functions.api.architecture",
        ),
        ({"functions": FUNCTIONS | {"mail": FUNCTIONS["api"]}}, "functions.mail"),
        ({"state_machines": {"report": {"definition": "report.json"}}}, "state_machines.report"),
        ({"web": {"directory": "web/dist", "routes": "files"}}, "web.routes"),
        ({"web": {"directory": "web/dist", "immutable": ["static/*"]}}, "web.immutable"),
        (
            {"api": {"prefix": "/v1", "routes": [{"path": "/v1/{proxy+}", "function": "api"}]}},
            "api.prefix",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_of_the_build_is_named(bundle: Bundle, changes: dict[str, Any], key: str) -> None:
    """ADP-5"""
    with pytest.raises(KanmonError, match=f"`{key}` changed since the bundle was built"):
        built_from(make_config(**changes), bundle.folder)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/x", "a\\b"])
def test_a_path_out_of_the_bundle_is_refused(bundle: Bundle, name: str) -> None:
    """SEC-5"""
    manifest = bundle.folder / "manifest.json"
    content = json.loads(manifest.read_text())
    content["web"][name] = content["web"]["index.html"]
    manifest.write_text(json.dumps(content))
    assert _refusal(bundle.folder).code is Code.UNSAFE_PATH


@pytest.mark.parametrize("text", ["", "{}", "[]", "\xff"])
def test_a_file_without_a_manifest_is_refused(bundle: Bundle, text: str) -> None:
    (bundle.folder / "manifest.json").write_text(text, "latin-1")
    assert _refusal(bundle.folder).code is Code.BUNDLE_DAMAGED


def test_a_manifest_of_this_version_is_read() -> None:
    """CD-9: bundles of every version are in people's buckets. The config may gain keys in a version."""
    content = golden().read_bytes()
    read = Manifest.parse(content, "x")
    assert read.digest == hashlib.sha256(content).hexdigest()
    assert read.files() == MANIFEST.files()
    assert read.inputs == MANIFEST.inputs


def test_a_manifest_of_version_1_is_read() -> None:
    """CD-9: it has the whole config inside, and a release of it needs nothing else."""
    read = Manifest.parse(golden(1).read_bytes(), "x")
    assert read.files() == MANIFEST.files()
    assert [*changed_keys(read.inputs, MANIFEST.inputs)] == [], "a key added since has its default"
    record = Release(id="r1", commit="c", bundle=read.digest, created=datetime(2026, 1, 1, tzinfo=UTC))
    blobs = cast("Any", SimpleNamespace(manifest=lambda _: read))
    loaded = Loader(blobs).load(record)
    assert loaded.config.checks == CONFIG.checks
    assert loaded.config.unchecked == ()


def test_a_manifest_is_written_in_this_version() -> None:
    """CD-9: the format changes with its version alone."""
    stored, written = json.loads(golden().read_bytes()), json.loads(MANIFEST.stored)
    assert stored | {"built": {}} == written | {"built": {}}


def _rewrite(bundle: Bundle, **changes: Any) -> None:
    """Change a bundle's manifest, in another layout than Kanmon's."""
    path = bundle.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))


def test_a_manifest_with_unknown_fields_keeps_its_name(bundle: Bundle) -> None:
    """CD-6: the name is the digest of the stored bytes, also from another version of Kanmon."""
    page = bundle.manifest.web["index.html"].model_dump() | {"encoding": "br"}
    _rewrite(bundle, signed_by="ci", web={"index.html": page})
    stored = (bundle.folder / "manifest.json").read_bytes()
    found = load_bundle(bundle.folder, digest=hashlib.sha256(stored).hexdigest())
    assert found.manifest.stored == stored


@pytest.mark.parametrize("changes", [{}, {"web": "another form"}], ids=["readable", "unreadable"])
def test_a_newer_manifest_asks_for_an_update(bundle: Bundle, changes: dict[str, Any]) -> None:
    """CD-6: and not for a new build, also where its form is another one."""
    _rewrite(bundle, version=3, **changes)
    refusal = _refusal(bundle.folder)
    assert refusal.code is Code.BUNDLE_OTHER_VERSION
    assert refusal.fix.startswith("Update Kanmon")


def test_a_bundle_of_version_1_is_planned(bundle: Bundle) -> None:
    """CD-6: its keys of the build are compared, as those of a newer one."""
    content = json.loads((bundle.folder / "manifest.json").read_bytes())
    del content["built"]
    whole = make_config().as_json()
    (bundle.folder / "manifest.json").write_text(json.dumps(content | {"version": 1, "config": whole}))
    assert built_from(make_config(tags={"team": "b"}), bundle.folder).manifest.config == whole
    with pytest.raises(KanmonError, match=r"`web\.directory`"):
        built_from(make_config(web={"directory": "dist"}), bundle.folder)


@pytest.mark.parametrize("missing", [["built"], ["built", "web"]])
def test_a_manifest_without_the_keys_of_the_build_is_refused(bundle: Bundle, missing: list[str]) -> None:
    content = json.loads((bundle.folder / "manifest.json").read_bytes())
    for key in missing:
        del content[key]
    (bundle.folder / "manifest.json").write_text(json.dumps(content))
    assert _refusal(bundle.folder).code is Code.BUNDLE_DAMAGED


def test_a_pipe_is_no_manifest(bundle: Bundle) -> None:
    """TRU-6: reading it would never end."""
    (bundle.folder / "manifest.json").unlink()
    os.mkfifo(bundle.folder / "manifest.json")
    assert "is a named pipe" in _refusal(bundle.folder).message


@pytest.mark.parametrize("place", [("functions", "api"), ("web", "index.html")])
def test_a_manifest_without_a_part_is_refused(bundle: Bundle, place: tuple[str, str]) -> None:
    content = json.loads((bundle.folder / "manifest.json").read_text())
    section, name = place
    del content[section][name]
    (bundle.folder / "manifest.json").write_text(json.dumps(content))
    refusal = _refusal(bundle.folder)
    assert refusal.code is Code.BUNDLE_DAMAGED
    assert name in refusal.message
