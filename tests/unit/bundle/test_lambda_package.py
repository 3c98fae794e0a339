"""What Lambda would refuse, or fail on at the first call, is refused by the build (CD-6, AWS-1)."""

from __future__ import annotations

import os
import stat
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.lambda_package import refuse_unfit_package
from kanmon.bundle.tree import tree_files
from kanmon.codes import Code
from kanmon.config.functions import Function
from kanmon.errors import KanmonError
from tests.fakes.app import make_config
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.bundle.tree import TreeFile

LARGEST = 262_144_000
FUNCTION = Function(handler="shop.api", artifact="build/api")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return make_project(tmp_path / "app")


def _refusal(app: Path, **changes: Any) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        build(app, make_config(**changes))
    assert not (app / "out").exists() or not any((app / "out").iterdir())
    return caught.value


def _unfit(files: list[TreeFile]) -> KanmonError | None:
    try:
        refuse_unfit_package("api", FUNCTION, files)
    except KanmonError as error:
        return error
    return None


def _sized(app: Path, sizes: dict[str, int]) -> list[TreeFile]:
    """Sparse files of these sizes besides the code."""
    folder = app / "build/api"
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    return [file for file in tree_files(folder) if file.name in {"shop.py", *sizes}]


def test_a_package_may_have_what_lambda_takes(app: Path) -> None:
    code = (app / "build/api/shop.py").stat().st_size
    files = _sized(app, {"a.bin": LARGEST // 2, "b.bin": LARGEST // 2 - code})
    assert _unfit(files) is None


def test_one_byte_more_is_refused(app: Path) -> None:
    code = (app / "build/api/shop.py").stat().st_size
    refused = _unfit(_sized(app, {"model.bin": LARGEST - code + 1}))
    assert refused
    assert refused.code is Code.BUNDLE_TOO_BIG
    assert "The function api has files of 262,144,001 bytes together" in refused.message
    assert "Lambda takes 262,144,000 bytes" in refused.message
    assert f"The largest: model.bin ({LARGEST - code + 1:,}), shop.py ({code})" in refused.message
    assert refused.where == "functions.api.artifact: build/api"


def test_each_of_two_functions_has_the_whole_room(app: Path) -> None:
    """The limit is for a function, not for the bundle."""
    _sized(app, {"model.bin": LARGEST // 2 + 1000})
    assert build(app, make_config()).manifest.functions["api"].size < 1_000_000


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("a" * 255, True),
        ("\u00e9" * 128, False),
        ("/".join(["d" * 100] * 40), True),
        ("/".join(["d" * 100] * 41), False),
    ],
    ids=["255 bytes", "256 bytes", "a long path", "a longer path"],
)
def test_names_fit_into_linux(app: Path, name: str, fits: bool) -> None:
    """TRU-6: macOS takes 255 characters, and Linux 255 bytes."""
    (code,) = [file for file in tree_files(app / "build/api") if file.name == "shop.py"]
    refused = _unfit([code, replace(code, name=name)])
    assert (refused is None) == fits
    assert refused is None or refused.code is Code.UNSAFE_PATH


def test_a_name_that_is_not_in_utf_8_writes_nothing(app: Path) -> None:
    (app / "build/api" / os.fsdecode(b"caf\xe9.txt")).touch()
    refused = _refusal(app)
    assert refused.code is Code.UNSAFE_PATH
    assert refused.where == f"{app}/build/api/caf\\xe9.txt"


def test_a_web_file_with_a_name_that_is_not_in_utf_8_writes_nothing(app: Path) -> None:
    (app / "web/dist" / os.fsdecode(b"caf\xe9.html")).touch()
    refused = _refusal(app)
    assert refused.code is Code.UNSAFE_PATH
    assert refused.where == f"{app}/web/dist/caf\\xe9.html"


@pytest.mark.parametrize(
    ("path", "key"), [("build/api", "functions.api.artifact"), ("web/dist", "web.directory")]
)
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_text("PK"), "is a file, not a folder"),
        (lambda path: path.symlink_to("nowhere"), "is a symbolic link to nothing, nowhere"),
        (lambda path: path.mkdir(), "is empty"),
        (lambda path: (path / "a/b").mkdir(parents=True), "is empty"),
        (os.mkfifo, "is not there"),
    ],
    ids=["a file", "a link to nothing", "empty", "folders alone", "a pipe"],
)  # fmt: skip
def test_what_is_no_folder_is_named_as_what_it_is(
    app: Path, path: str, key: str, make: Any, words: str
) -> None:
    (app / path).rename(app / "elsewhere")
    make(app / path)
    refused = _refusal(app)
    assert refused.code is Code.ARTIFACT_MISSING
    assert words in refused.message
    assert refused.where == f"{key}: {app / path}"


def test_a_folder_in_place_of_a_definition_is_named_as_one(app: Path) -> None:
    (app / "report.json").mkdir()
    refused = _refusal(app, state_machines={"report": {"definition": "report.json"}})
    assert refused.code is Code.ARTIFACT_MISSING
    assert refused.message == "The definition is a folder, not a file."


def test_a_pipe_in_place_of_a_definition_holds_nobody(app: Path) -> None:
    os.mkfifo(app / "report.json")
    assert "named pipe" in _refusal(app, state_machines={"report": {"definition": "report.json"}}).message


def test_an_unreadable_mode_is_readable_for_lambda(app: Path) -> None:
    (app / "build/api/shop.py").chmod(0o600)
    (app / "build/api/run.sh").chmod(0o4711)
    bundle = build(app)
    with zipfile.ZipFile(bundle.path(bundle.manifest.functions["api"].path)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert modes["shop.py"] == 0o100644
    assert modes["run.sh"] == 0o100755


def _pnpm(folder: Path) -> None:
    """What `pnpm deploy` makes: a store inside, and links to it. Two packages need each other."""
    store = folder / "node_modules/.pnpm"
    for name, other in (("a", "b"), ("b", "a")):
        (store / f"{name}@1/node_modules/{name}").mkdir(parents=True)
        (store / f"{name}@1/node_modules/{name}/index.js").write_text(f"exports.{name} = 1")
        (store / f"{name}@1/node_modules/{other}").symlink_to(f"../../{other}@1/node_modules/{other}")
    (folder / "node_modules/a").symlink_to(".pnpm/a@1/node_modules/a")
    (folder / "node_modules/.bin").mkdir()
    (folder / "node_modules/.bin/a").symlink_to("../.pnpm/a@1/node_modules/a/index.js")


def test_links_stay_links_in_a_package(app: Path) -> None:
    """Copies in their places would not find their own dependencies."""
    _pnpm(app / "build/api")
    bundle = build(app)
    package = bundle.manifest.functions["api"]
    with zipfile.ZipFile(bundle.path(package.path)) as archive:
        assert archive.testzip() is None
        links = {
            entry.filename: archive.read(entry).decode()
            for entry in archive.infolist()
            if stat.S_ISLNK(entry.external_attr >> 16)
        }
    assert links == {
        "node_modules/.bin/a": "../.pnpm/a@1/node_modules/a/index.js",
        "node_modules/.pnpm/a@1/node_modules/b": "../../b@1/node_modules/b",
        "node_modules/.pnpm/b@1/node_modules/a": "../../a@1/node_modules/a",
        "node_modules/a": ".pnpm/a@1/node_modules/a",
    }
    assert set(links) < set(package.files)


def test_pnpms_link_to_the_deployed_package_is_left_out(app: Path) -> None:
    """`pnpm deploy --legacy` makes it, for modules that no package declares."""
    _pnpm(app / "build/api")
    spare = app / "build/api/node_modules/.pnpm/node_modules"
    spare.mkdir()
    (spare / "api").symlink_to("../../../../../packages/api")
    (spare / "a").symlink_to("../a@1/node_modules/a")
    files = build(app).manifest.functions["api"].files
    assert "node_modules/.pnpm/node_modules/a" in files
    assert "node_modules/.pnpm/node_modules/api" not in files


def test_absolute_links_give_the_same_package_in_another_folder(tmp_path: Path) -> None:
    """CD-6: pnpm and npm write relative links, other tools absolute ones."""
    digests = set()
    for name in ("one", "two"):
        app = make_project(tmp_path / name)
        (app / "build/api/current").symlink_to(app / "build/api/lib")
        digests.add(build(app).manifest.digest)
    assert len(digests) == 1


def test_a_links_target_counts(app: Path) -> None:
    (app / "build/api/current").symlink_to("lib")
    digests = {build(app).manifest.digest}
    (app / "build/api/current").unlink()
    (app / "build/api/current").symlink_to("shop.py")
    digests.add(build(app).manifest.digest)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("lock", "way"),
    [
        ("pnpm-lock.yaml", "`pnpm --filter=NAME --prod deploy FOLDER`"),
        ("yarn.lock", "`yarn workspace NAME pack`"),
        ("package-lock.json", "`npm pack --workspace=NAME`"),
        (None, "`npm pack --workspace=NAME`"),
    ],
)
@pytest.mark.parametrize("link", ["node_modules", "node_modules/@acme/shared"])
def test_a_link_to_a_package_outside_names_the_package_managers_way(
    app: Path, lock: str | None, way: str, link: str
) -> None:
    (app / "packages/shared").mkdir(parents=True)
    (app / "build/api" / link).parent.mkdir(parents=True, exist_ok=True)
    (app / "build/api" / link).symlink_to(app / "packages/shared")
    if lock:
        (app / lock).touch()
    refused = _refusal(app)
    assert refused.code is Code.UNSAFE_PATH
    assert refused.where == f"{app}/build/api/{link}"
    assert way in refused.fix
    assert "esbuild" in refused.fix


@pytest.mark.parametrize(
    ("lock", "way"), [("yarn.lock", "`yarn workspace NAME pack`"), (None, "`npm pack --workspace=NAME`")]
)
def test_a_copied_link_to_a_package_names_the_way_too(app: Path, lock: str | None, way: str) -> None:
    """`cp -a node_modules build/api`: yarn's and npm's relative links lead to nothing there."""
    link = app / "build/api/node_modules/@acme/shared"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../packages/shared")
    if lock:
        (app / lock).touch()
    refused = _refusal(app)
    assert "leads to nothing, ../../packages/shared" in refused.message
    assert way in refused.fix


def test_a_copied_spare_link_of_pnpm_is_left_out(app: Path) -> None:
    _pnpm(app / "build/api")
    spare = app / "build/api/node_modules/.pnpm/node_modules"
    spare.mkdir()
    (spare / "api").symlink_to("../../../packages/api")
    assert "node_modules/.pnpm/node_modules/api" not in build(app).manifest.functions["api"].files


def test_a_web_folder_behind_a_link_is_refused(app: Path) -> None:
    """A bucket has no links."""
    (app / "web/dist/more").symlink_to("assets")
    assert "does not lead to a file" in _refusal(app).message
