"""The package's own rules: which way imports point, who may make a client, how long a module is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from kanmon.errors import Code

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kanmon"
MODULES = sorted(PACKAGE.rglob("*.py"))

TIERS = [
    {"cli"},
    {"report"},
    {"release"},
    {
        "cloudformation",
        "bundle",
        "traffic",
        "checks",
        "approval",
        "ledger",
        "hooks",
        "marks",
        "database",
        "notify",
        "record",
        "testing",
    },
    {"config", "aws", "github", "errors"},
]
# Arrows inside one tier that exist and are meant. A new one has to be put here by somebody who means it.
ALLOWED = {
    ("approval", "ledger"),
    ("database", "cloudformation.waiting"),
    ("hooks", "ledger"),
    ("record", "ledger"),
    ("traffic", "bundle"),
    ("traffic", "bundle.blobs"),
    ("traffic", "cloudformation.templates"),
    ("traffic", "ledger"),
    ("aws", "errors"),
    ("config", "errors"),
    ("github", "errors"),
}


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    """The modules of the project that a module imports, for types too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def _tier(room: str) -> int:
    return next(number for number, rooms in enumerate(TIERS) if room in rooms)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_one_way(path: Path) -> None:
    room = _name(path).partition(".")[0]
    if room in {"__init__", "__main__"}:
        return
    for imported in _imports(path):
        package, _, rest = imported.partition(".")
        other = rest.partition(".")[0]
        if package != "kanmon" or not other or other == room:
            continue
        below = _tier(other) > _tier(room)
        assert below or (room, rest) in ALLOWED, f"{_name(path)} may not import {imported}"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_the_package_knows_neither_tests_nor_emulators(path: Path) -> None:
    roots = {imported.partition(".")[0] for imported in _imports(path)}
    assert not roots & {"tests", "examples", "moto", "ministack", "pytest"}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_clients_are_made_in_one_place(path: Path) -> None:
    makers = {
        name for name in _imports(path) if name.startswith(("boto3", "botocore.session", "botocore.client"))
    }
    assert not makers or path == PACKAGE / "aws/clients.py"


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", sorted((PACKAGE / "release").glob("*.py")), ids=_name)
def test_the_state_machine_talks_to_no_service(path: Path) -> None:
    imported = {name.partition(".")[0] for name in _imports(path)}
    assert not imported & {"boto3", "botocore", "urllib3", "requests", "subprocess"}


def test_every_error_code_is_unique() -> None:
    numbers = [code.number for code in Code]
    assert len(numbers) == len(set(numbers))
    assert len(Code.__members__) == len(list(Code))


@pytest.mark.parametrize("code", Code, ids=lambda code: code.id)
def test_every_error_code_is_used_and_says_what_to_do(code: Code) -> None:
    users = [
        path
        for path in MODULES
        if path.name != "errors.py" and f"Code.{code.name}" in path.read_text("utf-8")
    ]
    assert users
    assert code.meaning.endswith(".")
    assert code.fix
