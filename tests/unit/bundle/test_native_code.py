"""Compiled code that a function can't load is found at build time (CD-6, AWS-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.native_code import foreign_code
from kanmon.bundle.tree import tree_files
from kanmon.codes import Code
from kanmon.config.functions import Function
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path


def _elf(machine: int, order: int = 1) -> bytes:
    """The head of a library for Linux."""
    number = machine.to_bytes(2, "little" if order == 1 else "big")
    return b"\x7fELF\x02" + bytes([order]) + b"\x01" + bytes(9) + b"\x03\x00" + number


X86, ARM, RISCV, POWER = _elf(62), _elf(183), _elf(243), _elf(21, 2)
MAC, MAC_BOTH, WINDOWS = bytes.fromhex("cffaedfe") + bytes(20), bytes.fromhex("cafebabe"), b"MZ\x90"
MUSL, GLIBC = b"\0libc.musl-aarch64.so.1\0", b"\0libc.so.6\0"
PYTHON, NODE, OWN = "python3.12", "nodejs22.x", "provided.al2023"


def _refusal(
    folder: Path, files: dict[str, bytes], runtime: str = PYTHON, architecture: str = "arm64"
) -> KanmonError | None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    given = {"handler": "a.b", "artifact": "fn", "runtime": runtime, "architecture": architecture}
    function, found = Function.model_validate(given), tree_files(folder, keep_links=True)
    try:
        refused = foreign_code("api", function, found)
    except KanmonError as error:
        refused = error
    if refused is None:
        return None
    assert refused.code is Code.NATIVE_CODE_FOREIGN
    assert refused.where == "functions.api.artifact: fn"
    return refused


@pytest.mark.parametrize(
    "package", ["markupsafe/_speedups", "yaml/_yaml", "vendor/sqlalchemy/cyextension/util"]
)
def test_a_module_that_is_only_faster_may_be_foreign(tmp_path: Path, package: str) -> None:
    """Without it, the package takes its own Python."""
    library = f"{package}.cpython-311-x86_64-linux-gnu.so"
    assert _refusal(tmp_path, {library: X86, "handler.py": b"import yaml"}) is None


@pytest.mark.parametrize(
    ("name", "content", "made_for"),
    [
        ("x.so", X86, "x86_64"),
        ("x.so.1.2", X86, "x86_64"),
        ("lib/_x.abi3.so", X86, "x86_64"),
        ("lib/_x.cpython-312-x86_64-linux-gnu.so", X86, "x86_64-linux-gnu"),
        ("lib/_x.cpython-312-aarch64-linux-gnu.so", X86, "x86_64"),
        ("lib/_x.cpython-312-darwin.so", MAC, "macOS"),
        ("lib/_x.abi3.so", MAC, "macOS"),
        ("lib/_x.abi3.so", MAC_BOTH, "macOS"),
        ("lib/_x.cp312-win_amd64.pyd", WINDOWS, "Windows"),
        ("lib/_x.pyd", WINDOWS, "Windows"),
        ("lib/_x.cpython-311-aarch64-linux-gnu.so", ARM, "Python 3.11"),
        ("lib/_x.cpython-313t-aarch64-linux-gnu.so", ARM, "Python 3.13t"),
        ("lib/_x.cpython-312-aarch64-linux-musl.so", ARM, "aarch64-linux-musl"),
        ("x.so", RISCV, "another processor (ELF machine 243)"),
        ("x.so", POWER, "another processor (ELF machine 21)"),
        ("x.so", _elf(40), "32-bit arm"),
    ],
)  # fmt: skip
def test_a_foreign_library_of_python_is_named(
    tmp_path: Path, name: str, content: bytes, made_for: str
) -> None:
    refused = _refusal(tmp_path, {name: content})
    assert refused
    assert (
        refused.message
        == f"{name} is compiled for {made_for}, and the function runs python3.12 on Linux and arm64."
    )
    assert "--platform manylinux2014_aarch64" in refused.fix
    assert "--python-version 3.12" in refused.fix


@pytest.mark.parametrize(
    "name",
    [
        "x.node",
        "node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node",
        "node_modules/a/build/Release/a.node",
        "node_modules/a/prebuilds/linux-x64/a.napi.node",
    ],
)
def test_a_foreign_module_of_node_is_named(tmp_path: Path, name: str) -> None:
    refused = _refusal(tmp_path, {name: X86}, NODE)
    assert refused
    assert "compiled for x86_64, and the function runs nodejs22.x on Linux and arm64" in refused.message
    assert "npm ci --omit=dev --os=linux --cpu=arm64" in refused.fix


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("node_modules/@img/sharp-linuxmusl-arm64/lib/sharp-linuxmusl-arm64.node", ARM + MUSL),
        ("node_modules/@node-rs/crc32-linux-arm64-musl/crc32.linux-arm64-musl.node", ARM + b"\0libc.so\0"),
        ("node_modules/a/build/Release/a.node", ARM + b"\0libm.so.6" + MUSL),
    ],
)
def test_a_module_from_alpine_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    """Its processor is right, but Lambda has another C library."""
    refused = _refusal(tmp_path, {name: content}, NODE)
    assert refused
    assert f"{name} is compiled for Alpine Linux (musl)" in refused.message
    assert "--cpu=arm64 --libc=glibc`" in refused.fix
    assert "architecture:" not in refused.fix


def test_a_bootstrap_from_alpine_is_refused(tmp_path: Path) -> None:
    refused = _refusal(tmp_path, {"bootstrap": ARM + b"/lib/ld-musl-aarch64.so.1\0" + MUSL}, OWN)
    assert refused
    assert "bootstrap is compiled for Alpine Linux (musl)" in refused.message
    assert "with glibc or statically" in refused.fix


def test_the_other_architecture_is_named_too(tmp_path: Path) -> None:
    refused = _refusal(tmp_path, {"x.node": ARM}, NODE, "x86_64")
    assert refused
    assert "compiled for arm64" in refused.message
    assert "--cpu=x64" in refused.fix
    assert "architecture: arm64" in refused.fix


def test_the_others_are_counted(tmp_path: Path) -> None:
    refused = _refusal(tmp_path, {f"x{number}.so": MAC for number in range(4)})
    assert refused
    assert "So are 3 more files." in refused.message


def test_a_foreign_bootstrap_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").write_bytes(X86)
    own = Function.model_validate({"handler": "a.b", "artifact": "fn", "runtime": OWN})
    with pytest.raises(KanmonError, match="bootstrap is compiled for x86_64"):
        foreign_code("api", own, tree_files(tmp_path))
    refused = _refusal(tmp_path, {"bootstrap": X86}, OWN)
    assert refused
    assert "Compile it for Linux on arm64" in refused.fix
    assert _refusal(tmp_path, {"bootstrap": X86}, PYTHON) is None


@pytest.mark.parametrize(
    ("runtime", "files"),
    [
        (PYTHON, {"x.so": ARM, "lib/_x.abi3.so": ARM, "_y.cpython-312-aarch64-linux-gnu.so": ARM}),
        (PYTHON, {"_y.cpython-312-aarch64-linux-gnu.so": ARM, "_y.cpython-311-x86_64-linux-gnu.so": X86}),
        (PYTHON, {"md.cpython-311-x86_64-linux-gnu.so": X86, "md.py": b""}),
        (PYTHON, {"debug/attach_linux_amd64.so": X86, "debug/attach.dylib": MAC}),
        (PYTHON, {"x.so": b"/* GNU ld script */", "empty.so": b"", "y.sofa": X86, "x.exe": WINDOWS}),
        (NODE, {"prebuilds/linux-x64/a.node": X86, "prebuilds/linux-arm64/a.node": ARM,
                "prebuilds/darwin-arm64/a.node": MAC, "prebuilds/win32-x64/a.node": WINDOWS}),
        (NODE, {"@img/sharp-linux-x64/sharp-linux-x64.node": X86,
                "@img/sharp-linux-arm64/sharp-linux-arm64.node": ARM}),
        (NODE, {"_x.cpython-311-darwin.so": ARM}),
        (NODE, {"prebuilds/linux-arm64/a.glibc.node": ARM, "prebuilds/linux-arm64/a.musl.node": ARM,
                "prebuilds/darwin-x64+arm64/a.node": MAC_BOTH, "prebuilds/linux-s390x/a.node": POWER}),
        (PYTHON, {"81d2__mypyc.cpython-312-x86_64-linux-gnu.so": X86}),
        (PYTHON, {"kernels.cpu.so": ARM, "kernels.cpp.so": ARM}),
        (OWN, {"bootstrap": b"#!/bin/sh"}),
        (NODE, {"@img/sharp-linuxmusl-arm64/sharp.node": ARM + MUSL,
                "@img/sharp-linux-arm64/sharp.node": ARM + GLIBC}),
        (NODE, {"a.node": ARM + GLIBC + b"\0libc.so\0", "b.node": ARM + b"libc.musl-aarch64.so.1"}),
        (OWN, {"bootstrap": ARM + b"\0libc.so\0"}),
        (OWN, {"bootstrap": ARM + b"/opt/lib/ld-musl-aarch64.so.1" + MUSL}),
    ],
    ids=["all fit", "one of two fits", "a fallback", "named systems", "no libraries", "prebuilds", "sharp",
         "Python's tag elsewhere", "prebuilds with tags", "mypyc", "not a Python's tag", "a script",
         "both C libraries", "only a text", "a static program", "its own loader"],
)  # fmt: skip
def test_libraries_that_fit_or_are_not_loaded_pass(
    tmp_path: Path, runtime: str, files: dict[str, bytes]
) -> None:
    assert _refusal(tmp_path, files, runtime) is None


def test_a_link_to_a_library_counts_once(tmp_path: Path) -> None:
    (tmp_path / "x.so").symlink_to("x.so.1")
    refused = _refusal(tmp_path, {"x.so.1": X86})
    assert refused
    assert "more" not in refused.message
