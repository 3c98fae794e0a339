"""Each file is served with its own type, and with the encoding that it has already (INF-8)."""

from __future__ import annotations

import gzip

import pytest

from kanmon.media import BEGINNING, content_type, media_of

GZIP = gzip.compress(b"x", mtime=0)
BROTLI = b"\x8b\x03\x80// compressed\x03"
TEXT, JS, JSON = "text/plain; charset=utf-8", "text/javascript; charset=utf-8", "application/json"
WASM, BYTES = "application/wasm", "application/octet-stream"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.JS", JS),
        ("x.css", "text/css; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("font.woff2", "font/woff2"),
        ("font.woff", "font/woff"),
        ("font.ttf", "font/ttf"),
        ("a.webp", "image/webp"),
        ("icon.svg", "image/svg+xml"),
        ("icon.svgz", "image/svg+xml"),
        ("doc.pdf", "application/pdf"),
        ("LICENSE", BYTES),
        ("a.b/c", BYTES),
        (".well-known/apple-app-site-association", JSON),
        (".well-known/assetlinks.json", JSON),
        ("data.tar.gz", "application/gzip"),
        ("data.tgz", "application/gzip"),
        ("data.gz", "application/gzip"),
        ("app.js.br", BYTES),
        ("data.tar.bz2", BYTES),
        ("data.zip", "application/zip"),
        ("game.wasm.unityweb", BYTES),
    ],
)
def test_a_file_has_the_media_type_of_its_ending(name: str, kind: str) -> None:
    assert content_type(name) == kind


@pytest.mark.parametrize(
    ("name", "content", "kind", "encoding"),
    [
        ("Build/game.wasm.gz", GZIP, WASM, "gzip"),
        ("game.framework.js.gz", GZIP, JS, "gzip"),
        ("game.data.gz", GZIP, BYTES, "gzip"),
        ("game.symbols.json.GZ", GZIP, JSON, "gzip"),
        ("icon.svg.gz", GZIP, "image/svg+xml", "gzip"),
        ("page.html.gz", GZIP, "text/html; charset=utf-8", "gzip"),
        ("app.js.br", BROTLI, JS, "br"),
        ("app.wasm.br", BROTLI, WASM, "br"),
        # The content decides.
        ("app.js.gz", b"alert(1)", JS, ""),
        ("app.js.br", b"alert(1)", JS, ""),
        ("app.wasm.br", b"\0asm\1", WASM, ""),
        ("app.js.br", GZIP, JS, "gzip"),
        ("app.js", GZIP, "", "gzip"),
        ("icon.svgz", GZIP, "", "gzip"),
        ("icon.svgz", b"<svg/>", "", ""),
        # Downloads.
        ("data.tar.gz", GZIP, "", ""),
        ("data.tgz", GZIP, "", ""),
        ("data.gz", GZIP, "", ""),
        ("dump.sql.gz", GZIP, "", ""),
        ("data.zip", b"PK", "", ""),
        ("app.js", b"alert(1)", "", ""),
        # No ending.
        (".well-known/apple-app-site-association", b"{}", "", ""),
        (".well-known/matrix/server", b' {"m.server": "x"}', JSON, ""),
        ("LICENSE", "é".encode() * BEGINNING, TEXT, ""),
        ("feed", b"<?xml version='1.0'?><rss/>", "text/xml; charset=utf-8", ""),
        ("about", b"<!DOCTYPE html>", "text/html; charset=utf-8", ""),
        ("tool", b"\x7fELF\0", BYTES, ""),
        ("feed", b"\xef\xbb\xbf<?xml version='1.0'?>", "text/xml; charset=utf-8", ""),
        ("LICENSE", b"\xef\xbb\xbfMIT", TEXT, ""),
        ("app.js.br", b"\xef\xbb\xbfalert(1)", JS, ""),
    ],
)
def test_the_content_decides_where_the_name_can_lie(
    name: str, content: bytes, kind: str, encoding: str
) -> None:
    assert media_of(name, content[:BEGINNING]) == (kind, encoding)


def test_a_letter_cut_at_the_end_is_still_text() -> None:
    assert media_of("LICENSE", ("a" + "é" * BEGINNING).encode()[:BEGINNING]).type == TEXT
