"""What plan and deploy do with one release of a web app: `python -m benchmarks.web_release FOLDER RELEASE`.

The folder has the built app. The release before 2 is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kanmon.aws.clients import Aws
from kanmon.bundle.blobs import Blobs
from kanmon.bundle.build import build_bundle
from kanmon.bundle.manifest import MANIFEST, Bundle, Manifest, load_bundle
from kanmon.config.schema import Config
from kanmon.config.served import ServedWeb
from kanmon.traffic.pages import WebPages, WebRelease


def build(folder: Path) -> Path:
    """The bundle of a built app."""
    target = folder.parent / f"{folder.name}-bundle"
    if not target.exists():
        config = Config.model_validate(
            {"app": "shop", "web": {"directory": folder.name}, "checks": [{"name": "page", "path": "/"}]}
        )
        build_bundle(
            config, folder.parent, target, commit="", on_command=lambda _: None, on_line=lambda _: None
        )
    return target


def release(bundle: Bundle, number: int, base: Manifest | None) -> None:
    """Upload, compare, publish and move, as plan and deploy do."""
    s3 = Aws("eu-central-1").s3
    blobs = Blobs(s3, "artifacts", "test")
    known = base.uses().keys() if base else ()
    before = base.web if base else {}
    packs = blobs.upload_bundle(bundle, known, before)
    blobs.verify(bundle.manifest.uses() | dict.fromkeys(packs, "assets"), known)
    pages, web = WebPages(s3, "web", blobs), WebRelease(f"r{number}", bundle.manifest.web, ServedWeb())
    pages.publish(web, before, packs)
    pages.move(web, before)


def main(folder: Path, number: int) -> None:
    """Release one app after the other."""
    base = None
    if number > 1:
        path = build(folder.with_name(folder.name.removesuffix("2") + "1")) / MANIFEST
        base = Manifest.parse(path.read_bytes(), str(path))
    release(load_bundle(build(folder)), number, base)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
