"""Only regular files of a limited size are read (TRU-6)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kanmon.regular_file import RefusedFileError, TooBigError, read_regular, size_of


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    assert read_regular(tmp_path / "file", 4) == b"1234"


def test_a_larger_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    with pytest.raises(TooBigError, match="is larger than"):
        read_regular(tmp_path / "file", 4)


def test_a_sparse_file_is_refused_without_reading_it(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(TooBigError):
        read_regular(tmp_path / "file", 1024)


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "file", 4)


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RefusedFileError, match="is a named pipe"):
        read_regular(tmp_path / "pipe", 4)


@pytest.mark.parametrize(("path", "kind"), [("/dev/zero", "a device"), ("/", "a folder")])
def test_other_kinds_are_refused(path: str, kind: str) -> None:
    with pytest.raises(RefusedFileError, match=kind):
        read_regular(Path(path), 4)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(RefusedFileError, match="a socket"):
            read_regular(Path("socket"), 4)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(RefusedFileError):
        read_regular(Path(name), 4)


@pytest.mark.parametrize(("number", "shown"), [(128 * 1024, "128 kB"), (50 * 1024**2, "50 MB")])
def test_sizes_are_for_people(number: int, shown: str) -> None:
    assert size_of(number) == shown
