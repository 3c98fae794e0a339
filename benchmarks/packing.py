"""Packing a function's files: ours beside `zip` and 7-Zip, in turns."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks import peers
from kanmon.bundle.manifest import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

MEMORY = 100
"""MiB that packing may take."""
SIZE = 1.01
"""The size of our zip, divided by that of `zip -r`: at most."""
_MIB = 1024**2
_ROOM = peers.WORKSHOP / "packing"
_RESULT = peers.WORKSHOP / "packing.json"
_OURS, _ZIP = "kanmon", "zip -r"
_PACK = """\
import sys
from pathlib import Path
from kanmon.bundle.pack import pack
from kanmon.bundle.tree import tree_files
pack(tree_files(Path(sys.argv[1]), keep_links=True), Path(sys.argv[2]))
"""
_CORPORA = {"8,000 files, 60 MB": (8_000, 60, 0), "8,000 files, 200 MB": (8_000, 200, 4)}
"""Files, their megabytes, and how many of them are libraries of 20 MB."""


@dataclass
class Packings:
    """What the rounds of one program were."""

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Seconds of all processors."""
    memory: int = 0
    """MiB, at least those of this process."""
    size: int = 0
    digests: set[str] = field(default_factory=set)


def run(rounds: int, console: Console) -> None:
    """Measure, print, and write `build/benchmarks/packing.json`.

    Raises SystemExit for zips that differ or are too large, and for too much memory.
    """
    result: dict[str, dict[str, dict[str, float]]] = {}
    for name, (files, megabytes, libraries) in _CORPORA.items():
        folder = _ROOM / f"{files}-{megabytes}"
        if not folder.exists():
            # In a process of its own: a program's memory includes that of the process that started it.
            writer = multiprocessing.Process(target=_write, args=(folder, files, megabytes, libraries))
            writer.start()
            writer.join()
        measured = {program: Packings() for program in _programs()}
        for _ in range(rounds):
            for program, command in _programs().items():
                _pack(command, folder, measured[program])
        result[name] = {program: _summary(packings, measured[_ZIP]) for program, packings in measured.items()}
        _print(console, name, result[name])
        _check(measured[_OURS], measured[_ZIP])
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    _RESULT.write_text(json.dumps({"machine": machine, "rounds": rounds, "packing": result}, indent=1) + "\n")
    console.print(f"[dim]{_RESULT.relative_to(peers.ROOT)}[/]")


def _programs() -> dict[str, list[str]]:
    """Each program with its command; the folder is its working directory, and the zip is `{zip}`."""
    programs = {_OURS: [sys.executable, "-c", _PACK, ".", "{zip}"]}
    if shutil.which("zip"):
        programs |= {_ZIP: ["zip", "-qr", "{zip}", "."], "zip -r -1": ["zip", "-1qr", "{zip}", "."]}
    if seven := shutil.which("7zz") or shutil.which("7z"):
        quiet = [seven, "a", "-tzip", "-bso0", "-bsp0"]
        programs |= {f"7z -mx{level}": [*quiet, f"-mx{level}", "{zip}", "."] for level in (1, 5)}
    if _ZIP not in programs:
        raise SystemExit("Install zip, and p7zip for its figures: `apt-get install zip p7zip-full`.")
    return programs


def _pack(command: list[str], folder: Path, packings: Packings) -> None:
    zipped = _ROOM / "made.zip"
    zipped.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(peers.ROOT)}
    began = time.monotonic()
    process = subprocess.Popen(
        [part.format(zip=zipped) if part == "{zip}" else part for part in command],
        cwd=folder,
        env=environment,
    )
    _, status, usage = os.wait4(process.pid, 0)
    packings.seconds.append(time.monotonic() - began)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}.")
    packings.processor.append(usage.ru_utime + usage.ru_stime)
    packings.memory = max(packings.memory, usage.ru_maxrss // (1024 if sys.platform == "linux" else _MIB))
    packings.size = zipped.stat().st_size
    packings.digests.add(sha256_of(zipped))


def _summary(packings: Packings, other: Packings) -> dict[str, float]:
    """The medians. A ratio is that of one round: a busy machine slows both sides of it."""
    pairs = zip(packings.seconds, other.seconds, strict=True)
    return {
        "seconds": round(statistics.median(packings.seconds), 2),
        "processor": round(statistics.median(packings.processor), 2),
        "times_zip": round(statistics.median(its / own for own, its in pairs), 2),
        "megabytes": round(packings.size / 1e6, 2),
        "memory": packings.memory,
        "zips": len(packings.digests),
    }


def _print(console: Console, name: str, programs: dict[str, dict[str, float]]) -> None:
    heads = ("seconds", "CPU s", "times as fast as zip -r", "MB", "memory MiB", "different zips")
    table = Table(name, *heads, box=None)
    for program, summary in programs.items():
        table.add_row(program, *(f"{value:g}" for value in summary.values()))
    console.print(table)


def _check(ours: Packings, zipped: Packings) -> None:
    if len(ours.digests) > 1:
        raise SystemExit("The same files gave different zips.")
    if ours.memory > MEMORY:
        raise SystemExit(f"Packing took {ours.memory} MiB of memory; {MEMORY} are allowed.")
    if ours.size > SIZE * zipped.size:
        raise SystemExit(f"The zip has {ours.size:,} bytes, and that of `zip -r` {zipped.size:,}.")


def _write(folder: Path, files: int, megabytes: int, libraries: int) -> None:
    """Write a package: code of Python's library in small files, its compiled modules in large ones."""
    chance, library = random.Random(7), Path(sysconfig.get_path("stdlib"))
    code = b"".join(
        path.read_bytes() for path in sorted(library.glob("*.py")) + sorted(library.glob("*/*.py"))
    )
    compiled = b"".join(path.read_bytes() for path in sorted(library.glob("lib-dynload/*.so")))
    draft = folder.with_name(f".{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)
    for number in range(libraries):
        _put(draft / f"lib/library{number}.so.1", b"".join(_cut(compiled, 20_000_000, chance)))
    shares = [chance.expovariate(1) for _ in range(files - libraries)]
    scale = (megabytes - 20 * libraries) * 1_000_000 / sum(shares)
    for number, share in enumerate(shares):
        content = b"".join(_cut(code, int(share * scale), chance))
        _put(draft / f"package{number % 97}/part{number % 13}/module{number}.py", content)
    draft.rename(folder)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _cut(pool: bytes, size: int, chance: random.Random) -> Iterator[bytes]:
    """Cuts of a pool, with `size` bytes together."""
    while size > 0:
        length = min(size, chance.randrange(4_000, 200_000))
        at = chance.randrange(max(1, len(pool) - length))
        yield pool[at : at + length]
        size -= len(pool[at : at + length])
