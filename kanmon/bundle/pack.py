"""Packs a folder into a zip.

Its bytes depend on names, contents, executable bits and links' targets alone: not on the machine, nor on the
number of its processors. So the compressor is a pinned package, whose output is the same on every processor.
Only a file above 20 MiB needs the machine's zlib. The manifest names both.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import deflate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from kanmon.bundle.tree import TreeFile

_Job = TypeVar("_Job")
_Done = TypeVar("_Done")

_UNIX = 3
_FILE, _EXECUTABLE, _LINK = 0o100644, 0o100755, 0o120777
_LEVEL = 4
"""As small as `zip -r` makes it, in the least time: `benchmarks/run packing`."""
_MIB = 1024**2
_WHOLE = 20 * _MIB
"""Bytes in memory at once. libdeflate takes a file as a whole; zlib deflates a larger one in pieces."""
_PIECE = _MIB
_WINDOW = 32 * 1024
"""Bytes before a piece that it may refer to: all that the format allows."""
_FILES, _BATCHES = 32, 16
"""Files handed to a thread at once, and so many times at most before their place in the zip."""
_THREADS = 8


@dataclass(frozen=True)
class _Packed:
    """A file as it lies in the zip."""

    file: TreeFile
    content: bytes | bytearray
    method: int
    size: int
    crc: int
    sha256: str


def pack(files: Sequence[TreeFile], target: Path) -> dict[str, str]:
    """Write the files as a deterministic zip, and return the SHA-256 of each.

    Lambda needs readable files: 0644, or 0755 for executables
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html). It unpacks links as links:
    https://github.com/aws/aws-sam-cli/pull/1140, https://github.com/microsoft/rushstack/issues/2045.
    """
    threads = min(os.cpu_count() or 1, _THREADS)
    digests: dict[str, str] = {}
    with (
        target.open("wb") as output,
        zipfile.ZipFile(output, "w") as entries,
        ThreadPoolExecutor(threads) as pool,
    ):
        zipped = _Zip(output, entries)
        for large, group in groupby(files, lambda file: file.size > _WHOLE):
            if large:
                digests |= {file.name: zipped.add_large(file, pool) for file in group}
                continue
            for packed in _in_order(pool, _pack_all, _batches(group)):
                digests |= {one.file.name: zipped.add(one) for one in packed}
                packed.clear()  # before the next files are read
    return digests


def compressor() -> str:
    """The compressors and their level, for the manifest: they too decide the packed bytes."""
    return f"deflate {deflate.__version__}, zlib {zlib.ZLIB_RUNTIME_VERSION}, level {_LEVEL}"


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[_Job], _Done], jobs: Iterable[tuple[int, _Job]]
) -> Iterator[_Done]:
    """What threads make of jobs, in the order of the jobs. Each has its bytes: few of them are in memory."""
    waiting: deque[tuple[int, Future[_Done]]] = deque()
    held = 0
    for size, job in jobs:
        while waiting and (held + size > _WHOLE or len(waiting) >= _BATCHES):
            held -= waiting[0][0]
            yield waiting.popleft()[1].result()  # no name here keeps it in memory
        waiting.append((size, pool.submit(work, job)))
        held += size
    while waiting:
        yield waiting.popleft()[1].result()


def _batches(files: Iterable[TreeFile]) -> Iterator[tuple[int, list[TreeFile]]]:
    batch: list[TreeFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == _FILES or size + file.size > _MIB):
            yield size, batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield size, batch


def _pack_all(files: list[TreeFile]) -> list[_Packed]:
    return [_pack_one(file) for file in files]


def _pack_one(file: TreeFile) -> _Packed:
    packed: bytes | bytearray
    if file.target is not None:
        content = packed = file.target.encode()
    else:
        with open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 - a fifth of the time of Path.open
            content = opened.readall()
        packed = deflate.deflate_compress(content, _LEVEL)
    # A link stays as it is, and what does not get smaller.
    stored = len(packed) >= len(content)
    return _Packed(
        file,
        content if stored else packed,
        zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED,
        len(content),
        deflate.crc32(content),
        hashlib.sha256(content).hexdigest(),
    )


def _entry(file: TreeFile, method: int) -> zipfile.ZipInfo:
    # Each entry has one time, the earliest in the zip format.
    entry = zipfile.ZipInfo(file.name)
    entry.create_system = _UNIX
    entry.compress_type = method
    mode = _EXECUTABLE if file.executable else _FILE
    entry.external_attr = (_LINK if file.target is not None else mode) << 16
    return entry


@dataclass(frozen=True)
class _Zip:
    """A zip that is written. `zipfile` makes its headers and its directory, and takes no deflated file."""

    output: BinaryIO
    entries: zipfile.ZipFile

    def add(self, packed: _Packed) -> str:
        """Write a packed file, and return its SHA-256."""
        entry = _entry(packed.file, packed.method)
        entry.CRC, entry.file_size, entry.compress_size = packed.crc, packed.size, len(packed.content)
        entry.header_offset = self.entries.start_dir
        header = self.output.write(entry.FileHeader())
        self._keep(entry, header + self.output.write(packed.content))
        return packed.sha256

    def add_large(self, file: TreeFile, pool: ThreadPoolExecutor) -> str:
        """Write a file in pieces, and return its SHA-256. Its header gets its sizes at the end."""
        entry, digest = _entry(file, zipfile.ZIP_DEFLATED), hashlib.sha256()
        entry.CRC, entry.header_offset = 0, self.entries.start_dir
        header = self.output.write(entry.FileHeader())
        for content, packed in _in_order(pool, _pack_piece, _pieces(file)):
            digest.update(content)
            entry.CRC = deflate.crc32(content, entry.CRC)
            entry.file_size += len(content)
            entry.compress_size += self.output.write(packed)
        self.output.seek(entry.header_offset)
        self.output.write(entry.FileHeader())
        self.output.seek(0, os.SEEK_END)
        self._keep(entry, header + entry.compress_size)
        return digest.hexdigest()

    def _keep(self, entry: zipfile.ZipInfo, written: int) -> None:
        """Have an entry in the directory, which begins behind all entries."""
        self.entries.filelist.append(entry)
        self.entries.start_dir += written


@dataclass(frozen=True)
class _Piece:
    """A piece of a large file, with the bytes before it."""

    before: bytes
    content: bytes
    is_last: bool


def _pieces(file: TreeFile) -> Iterator[tuple[int, _Piece]]:
    with open(file.path, "rb") as opened:  # noqa: PTH123
        before, content = b"", opened.read(_PIECE)
        while content:
            following = opened.read(_PIECE)
            yield len(content), _Piece(before, content, not following)
            before, content = content[-_WINDOW:], following


def _pack_piece(piece: _Piece) -> tuple[bytes, bytes]:
    """Deflate a piece: the pieces one after the other are the whole, as in pigz (https://zlib.net/pigz/)."""
    deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=piece.before)
    ended = zlib.Z_FINISH if piece.is_last else zlib.Z_SYNC_FLUSH
    return piece.content, deflater.compress(piece.content) + deflater.flush(ended)
