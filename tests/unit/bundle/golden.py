"""A manifest as this version stores it. `python -m tests.unit.bundle.golden` writes the file.

A file of an earlier version stays for ever: bundles of that version are still in people's buckets.
"""

from __future__ import annotations

from pathlib import Path

from kanmon.bundle.manifest import VERSION, FunctionPackage, Manifest, StateMachineDefinition
from kanmon.config.built import build_inputs
from kanmon.model import WebFile
from tests.fakes.app import make_full_config

CONFIG = make_full_config(
    tags={"team": "shop"},
    checks=[
        {"name": "health", "path": "/api/health", "expect": {"json": {"status": "ok"}, "latency": "1s"}},
        {
            "name": "page",
            "path": "/",
            "expect": {"headers": {"content-type": "text/html"}, "body": "<title>"},
        },
    ],
)
MANIFEST = Manifest(
    app="shop",
    commit="c" * 40,
    tools={"kanmon": "0.1.0", "python": "3.13.0", "compressor": "zlib"},
    functions={"api": FunctionPackage(sha256="a" * 64, size=9, files={"shop.py": "b" * 64})},
    state_machines={"report": StateMachineDefinition(sha256="d" * 64, size=9, functions=("charge",))},
    web={"index.html": WebFile(sha256="e" * 64, size=9, immutable=False)},
    built=build_inputs(CONFIG.as_json()),
)


def golden(version: int = VERSION) -> Path:
    """The file of a version."""
    return Path(__file__).parent / "golden" / f"v{version}.json"


if __name__ == "__main__":
    golden().parent.mkdir(parents=True, exist_ok=True)
    golden().write_bytes(MANIFEST.stored)
