"""The zip of a function: the same bytes on every machine, and little memory (CD-6)."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanmon.bundle import pack as packing
from kanmon.bundle.manifest import sha256_of
from kanmon.bundle.pack import compressor, pack
from kanmon.bundle.tree import TreeFile, tree_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENTS = {
    "a/code.py": b"def handle(event, context): ...\n" * 500,
    "empty": b"",
    "noise.bin": random.Random(1).randbytes(5_000),
    "one": b"1",
    "run.sh": b"#!/bin/sh\n",
    "\u65e5\u672c.txt": b"\0" * 70_000,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fn"
    for name, content in CONTENTS.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    (made / "run.sh").chmod(0o755)
    (made / "link").symlink_to("a")
    return made


def _packed(folder: Path, target: Path) -> dict[str, str]:
    return pack(tree_files(folder, keep_links=True), target)


def _contents(target: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(target) as zipped:
        assert zipped.testzip() is None
        return {entry.filename: zipped.read(entry) for entry in zipped.infolist()}


def test_the_zip_has_the_files_and_their_digests_are_returned(folder: Path, tmp_path: Path) -> None:
    digests = _packed(folder, tmp_path / "a.zip")
    expected = CONTENTS | {"link": b"a"}
    assert _contents(tmp_path / "a.zip") == expected
    assert digests == {name: hashlib.sha256(content).hexdigest() for name, content in expected.items()}
    assert list(digests) == sorted(digests)


def test_what_does_not_get_smaller_is_stored(folder: Path, tmp_path: Path) -> None:
    _packed(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as zipped:
        stored = {one.filename for one in zipped.infolist() if one.compress_type == zipfile.ZIP_STORED}
    assert stored == {"empty", "link", "noise.bin", "one", "run.sh"}


def test_a_kanmon_gives_the_same_bytes_on_every_machine(folder: Path, tmp_path: Path) -> None:
    """CD-6: a plan compares digests. Another version of the compressor may give another one: say so then."""
    _packed(folder, tmp_path / "a.zip")
    assert sha256_of(tmp_path / "a.zip") == "fd6c6bc696742081ad031e2e550c4c0794d03683bbada97344b1b9a5fe6c40dd"
    assert compressor().startswith("deflate 0.9.0, zlib ")


@pytest.mark.parametrize("processors", [1, 2, 5, 64, None])
def test_the_number_of_processors_does_not_count(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int | None
) -> None:
    for number in range(300):
        (folder / f"many{number}").write_bytes(CONTENTS["a/code.py"] * (number % 7))
    (folder / "large").write_bytes(CONTENTS["noise.bin"] * 50)
    monkeypatch.setattr(packing, "_WHOLE", 100_000)
    monkeypatch.setattr(packing, "_PIECE", 40_000)
    _packed(folder, tmp_path / "a.zip")
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    _packed(folder, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 1999, 2000, 2001, 100_000])
def test_a_large_file_is_packed_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(packing, "_WHOLE", -1)
    monkeypatch.setattr(packing, "_PIECE", 1000)
    content = (CONTENTS["noise.bin"][:300] * (size // 300 + 1))[:size]
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn/a").write_bytes(content)
    (tmp_path / "fn/b").write_bytes(b"after it")
    digests = _packed(tmp_path / "fn", tmp_path / "a.zip")
    assert _contents(tmp_path / "a.zip") == {"a": content, "b": b"after it"}
    assert digests["a"] == hashlib.sha256(content).hexdigest()


def test_pieces_refer_to_what_lies_before_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_WHOLE", 1000)
    monkeypatch.setattr(packing, "_PIECE", 5000)
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn/a").write_bytes(CONTENTS["noise.bin"] * 20)
    _packed(tmp_path / "fn", tmp_path / "a.zip")
    assert (tmp_path / "a.zip").stat().st_size < 2 * len(CONTENTS["noise.bin"])


@given(st.lists(st.integers(0, 30), max_size=40))
def test_few_bytes_are_in_memory_at_once(sizes: list[int]) -> None:
    """TRU-6: what comes after waits for what lies before it in the zip."""
    held, most, lock = 0, 0, threading.Lock()

    def jobs() -> Iterator[tuple[int, int]]:
        nonlocal held, most
        for number, size in enumerate(sizes):
            yield size, number
            with lock:
                held += size
                most = max(most, held)

    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(3) as pool:
        patched.setattr(packing, "_WHOLE", 30)
        done = []
        for number in packing._in_order(pool, lambda number: number, jobs()):
            done.append(number)
            with lock:
                held -= sizes[number]
    assert done == list(range(len(sizes)))
    assert most <= 30


def test_more_files_than_a_first_zip_could_count(tmp_path: Path) -> None:
    """Its directory counts to 65,535; above, it needs a second one. Links need no file to pack."""
    names = [str(number) for number in range(65_536)]
    pack([TreeFile(name, "", 1, executable=False, target="a") for name in names], tmp_path / "zip")
    with zipfile.ZipFile(tmp_path / "zip") as zipped:
        assert zipped.namelist() == names


def test_a_file_that_vanishes_ends_the_packing(folder: Path, tmp_path: Path) -> None:
    files = tree_files(folder, keep_links=True)
    (folder / "one").unlink()
    with pytest.raises(FileNotFoundError):
        pack(files, tmp_path / "a.zip")
