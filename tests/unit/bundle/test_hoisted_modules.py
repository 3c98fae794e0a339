"""A workspace's folder without the packages that lie at the repository's root (CD-6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.hoisted_modules import lacking_modules
from kanmon.bundle.tree import TreeFile
from kanmon.codes import Code
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

NODE = {"handler": "index.handler", "artifact": "services/api", "runtime": "nodejs22.x"}
PACKAGE = json.dumps(
    {"dependencies": {"hono": "^4", "@acme/db": "*", "@aws-sdk/client-s3": "^3", "left": "1"}}
)


def _warning(folder: Path, files: dict[str, str], **changes: Any) -> str:
    listed = []
    for number, (name, content) in enumerate(({"package.json": PACKAGE} | files).items()):
        path = folder / str(number)
        path.write_text(content)
        listed.append(TreeFile(name, str(path), len(content), executable=False))
    config = make_config(functions={"api": NODE | changes}, hooks=[])
    found = lacking_modules("api", config.functions["api"], listed)
    assert found is None or found.code is Code.MODULE_MISSING
    return str(found or "")


@pytest.mark.parametrize(
    ("code", "lacking"),
    [
        ('import { Hono } from "hono";', "hono"),
        ("const {cors} = require('hono/cors')", "hono"),
        ('import "@acme/db/client"; import {S3} from "@aws-sdk/client-s3";', "@acme/db"),
        ('const a = await import("hono"), b = require("@acme/db")', "@acme/db, hono"),
    ],
)
def test_a_package_at_the_root_is_named(tmp_path: Path, code: str, lacking: str) -> None:
    """CD-6: the first call would fail."""
    warning = _warning(tmp_path, {"index.mjs": code})
    assert f"names {lacking}, and `node_modules`" in warning
    assert "npm install --omit=dev" in warning


@pytest.mark.parametrize(
    ("files", "changes"),
    [
        ({"index.js": "export const handler = 1"}, {}),
        ({"index.js": 'import "hono"', "node_modules/hono/package.json": "{}"}, {}),
        ({"index.js": 'import "@acme/db"', "node_modules/@acme/db/index.js": ""}, {}),
        ({"index.js": 'import "@aws-sdk/client-s3"'}, {}),
        ({"index.js": 'import "undeclared"'}, {}),
        ({"index.js": "", "node_modules/other/a.js": 'import "hono"'}, {}),
        ({"index.js": 'import "hono"', ".pnp.cjs": ""}, {}),
        ({"index.js": 'import "hono"', "package.json": "no JSON"}, {}),
        ({"index.js": 'import "hono"'}, {"layers": ["arn:aws:lambda:ap-northeast-1:111122223333:layer:a:1"]}),
        ({"index.js": 'import "hono"'}, {"runtime": "python3.12"}),
    ],
)
def test_what_node_finds_or_never_asks_for_passes(
    tmp_path: Path, files: dict[str, str], changes: dict[str, Any]
) -> None:
    """CD-6"""
    assert _warning(tmp_path, files, **changes) == ""
