"""The media type and the encoding of a web file: from its name, and from its content where the name can lie.

Builds write compressed files (`game.wasm.gz`, `app.js.br`). Browsers load such a file only with the type of
what is inside and with `Content-Encoding`
(https://www.rfc-editor.org/rfc/rfc9110.html#name-content-encoding). A download such as `data.tar.gz` has
neither.
"""

from __future__ import annotations

import codecs
import mimetypes
from typing import NamedTuple

BEGINNING = 1024
"""The bytes of a file that decide."""
_UNKNOWN = "application/octet-stream"
_GZIP = b"\x1f\x8b"
"""https://www.rfc-editor.org/rfc/rfc1952.html#section-2.3.1; brotli has no such bytes."""
_WASM = b"\0asm"
_ENCODINGS = {".gz": "gzip", ".br": "br"}
# Python's table lacks some of these types, or has older ones. A machine's own table may have others, so
# nothing reads it.
_TABLE = mimetypes.MimeTypes()
_TYPES = {
    ".avif": "image/avif",
    ".cjs": "text/javascript",
    ".css": "text/css",
    ".eot": "application/vnd.ms-fontobject",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".gz": "application/gzip",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".m4a": "audio/mp4",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".svg": "image/svg+xml",
    ".svgz": "image/svg+xml",
    ".tgz": "application/gzip",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "text/xml",
}
# Files that a page loads, also compressed. Unity has `.data` and `.symbols`, Emscripten `.mem`, Godot `.pck`.
_LOADED = {
    ".cjs", ".css", ".data", ".glb", ".gltf", ".htm", ".html", ".js", ".json", ".map", ".mem", ".mjs", ".pck",
    ".svg", ".symbols", ".wasm", ".webmanifest",
}  # fmt: skip
# More files that builds write, and that people link to. No ending is here that is often the end of a name: a
# path such as `/users/jane.doe` or `/sites/example.com` is the app's own.
_MORE = {
    ".7z", ".aac", ".apk", ".apng", ".asc", ".atom", ".avifs", ".bin", ".blat", ".bmp", ".br", ".bz2",
    ".csv", ".cur", ".dat", ".db", ".deb", ".dic", ".dll", ".dmg", ".doc", ".docx", ".drc", ".dtd", ".epub",
    ".exe", ".fbx", ".flac", ".frag", ".geojson", ".gif", ".glsl", ".gpx", ".gz", ".hdr", ".heic", ".heif",
    ".ics", ".iso", ".jar", ".jpeg", ".jpg", ".json5", ".jsonl", ".jsonc", ".jxl", ".kml", ".kmz", ".ktx",
    ".ktx2", ".lottie", ".m3u8", ".m4s", ".m4v", ".mdx", ".mid", ".mkv", ".mobi", ".mov", ".mp3", ".mp4",
    ".mpd", ".mpeg", ".msi", ".mtl", ".mvt", ".ndjson", ".obj", ".odp", ".ods", ".odt", ".oga", ".ogv",
    ".onnx", ".opus", ".parquet", ".pbf", ".pdb", ".pdf", ".pem", ".pf_fragment", ".pf_index", ".pf_meta",
    ".pkg", ".ply", ".pmtiles", ".png", ".ppt", ".pptx", ".proto", ".psd", ".rar", ".riv", ".rpm", ".rss",
    ".rtf", ".sig", ".sh", ".spz", ".splat", ".sql", ".sqlite", ".srt", ".stl", ".swf", ".tar", ".tflite",
    ".tif", ".tiff", ".toml", ".ts", ".tsv", ".ttc", ".unityweb", ".usdz", ".vcf", ".vert", ".vrm", ".vtt",
    ".wav", ".weba", ".webm", ".wgsl", ".xhtml", ".xls", ".xlsx", ".xsd", ".xsl", ".yaml", ".yml", ".zip",
    ".zst",
}  # fmt: skip
FILE_ENDINGS = sorted(ending.removeprefix(".") for ending in _TYPES.keys() | _LOADED | _MORE)
"""The endings of files, without their dot. A path with another one may be a name: `/users/jane.doe`."""
# https://developer.apple.com/documentation/xcode/supporting-associated-domains
_NAMES = {"apple-app-site-association": "application/json"}


class Media(NamedTuple):
    """How a file is served."""

    type: str
    """Its media type; empty when its name alone gives it (:func:`content_type`)."""
    encoding: str
    """The encoding that its bytes have already, `gzip` or `br`; otherwise empty."""


def content_type(name: str) -> str:
    """The media type of a file by its name, with UTF-8 for text."""
    stem, ending = _split(name)
    kind = _TYPES.get(ending) or _NAMES.get(stem)
    if kind is None:
        kind, packed = _TABLE.guess_type(f"x{ending}", strict=True)
        kind = _UNKNOWN if packed else kind
    return _with_charset(kind or _UNKNOWN)


def media_of(name: str, beginning: bytes) -> Media:
    """How to serve a file of this name with these first bytes, :data:`BEGINNING` of them."""
    stem, ending = _split(name)
    inner = _split(stem)[1]
    if ending in _ENCODINGS and inner in _LOADED:
        return Media(content_type(stem), _encoding(beginning, _ENCODINGS[ending]))
    if ending == ".svgz" or (ending in _LOADED and content_type(name) != _UNKNOWN):
        # Some builds compress a file and leave its name as it is. None of these formats begins like gzip.
        return Media("", _encoding(beginning, ""))
    if not ending and stem not in _NAMES:
        return Media(_with_charset(_of_content(beginning)), "")
    return Media("", "")


def _split(name: str) -> tuple[str, str]:
    """The last step of a path without its ending, and the ending in lower case with its dot."""
    last = name[name.rfind("/") + 1 :]
    dot = last.rfind(".")
    return (last[:dot], last[dot:].lower()) if dot >= 0 else (last, "")


def _with_charset(kind: str) -> str:
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _encoding(beginning: bytes, named: str) -> str:
    """The encoding of the bytes. A server may have decompressed the file and left its name."""
    if beginning.startswith(_GZIP):
        return "gzip"
    return named if named == "br" and not _is_plain(beginning) else ""


def _is_plain(beginning: bytes) -> bool:
    return beginning.startswith(_WASM) or _is_text(beginning)


def _is_text(beginning: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign.isspace() for sign in text.removeprefix("\ufeff"))


def _of_content(beginning: bytes) -> str:
    """The type of a file whose name has no ending."""
    if not _is_text(beginning):
        return _UNKNOWN
    text = beginning.decode("utf-8-sig", "replace").lstrip().lower()
    if text.startswith(("<!doctype html", "<html")):
        return "text/html"
    if text.startswith("<?xml"):
        return "text/xml"
    return "application/json" if text.startswith(("{", "[")) else "text/plain"
