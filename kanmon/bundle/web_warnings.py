"""Finds web files that are right for some apps, and a mistake in most: a build warns of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.bundle.web_files import some_of
from kanmon.bundle.web_routes import route_of
from kanmon.codes import Code
from kanmon.config.paths import PAGE_ENDING
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.media import content_type
from kanmon.naming import ENTRY_PAGE, WELL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from kanmon.bundle.manifest import Bundle
    from kanmon.config.paths import Paths
    from kanmon.model import WebFile

_PIECE = re.compile(r"[A-Za-z0-9]+")
# `logo192`, `1024px`, `512x512`: words with a number.
_SIZED = re.compile(r"[A-Za-z]+[0-9]{1,4}|[0-9]+[A-Za-z]{1,2}|[0-9]+x[0-9]+")
_SHORTEST = 6
# Vite and Rollup end a name with 8 characters of base64url, esbuild with 8 of A-Z and 2-7:
# https://rollupjs.org/configuration-options/#output-entryfilenames, https://esbuild.github.io/api/#entry-names
_TAIL = re.compile(r"(?:^|[-._~])([A-Za-z0-9_-]{8})$")
_WORDS = re.compile(r"[A-Z]?[a-z]+([-_][A-Z]?[a-z]+)*|[a-z]+([-_][A-Z]{2})?")
_TEXT = re.compile(r"\.(html?|[cm]?js)$")
_NAME = re.compile(rb"[\w./-]+")
_PAGES = (b".html", b".htm")
_LARGEST = 4 * 1024**2
"""Bytes of a file to look for links in."""
_OF_OTHER_HOSTS = {
    "CNAME",
    "_headers",
    "_redirects",
    "_routes.json",
    "staticwebapp.config.json",
    "vercel.json",
}
"""Orders to GitHub Pages, Netlify, Cloudflare, Azure and Vercel."""
_ERROR_PAGES = {"404.html", "200.html", "500.html"}
_UNSEEN = deferred("A path of the app itself, such as {path}, shows `{page}`, and not {names}.")
_LOST = deferred("A path of the app itself, such as {path}, shows `{page}`. Nobody can get {names}.")


def web_warnings(web: Mapping[str, WebFile], paths: Paths, linked: Collection[str] = ()) -> list[KanmonError]:
    """WEB_FILE_UNSEEN, WEB_FILE_UNREACHABLE, HOST_FILE_IGNORED, ASSET_NOT_HASHED.

    `linked` has the names of pages that the app itself knows: see :func:`linked_pages`.
    """
    fixed = [name for name, file in web.items() if not file.immutable]
    orders = [name for name in fixed if name in _OF_OTHER_HOSTS]
    unseen = [name for name in fixed if _is_unseen(name, paths) and _link(name) not in linked]
    lost = [name for name in fixed if _is_lost(name, paths) and name not in _OF_OTHER_HOSTS]
    unhashed = [name for name, file in web.items() if file.immutable and not looks_hashed(name)]
    found = []
    if unseen:
        problem = _shown(_UNSEEN, unseen, paths)
        found.append(KanmonError(Code.WEB_FILE_UNSEEN, problem, where="web.routes"))
    if lost:
        problem = _shown(_LOST, lost, paths)
        found.append(KanmonError(Code.WEB_FILE_UNREACHABLE, problem, where="web.routes"))
    if orders:
        problem = phrase("Kanmon does not read {names}.", names=some_of(orders))
        found.append(KanmonError(Code.HOST_FILE_IGNORED, problem, where="web.directory"))
    if unhashed:
        problem = phrase("These names have no hash of their content: {names}.", names=some_of(unhashed))
        found.append(KanmonError(Code.ASSET_NOT_HASHED, problem, where="web.immutable"))
    return found


def linked_pages(bundle: Bundle) -> set[str]:
    """The pages whose full names are in the app's pages and scripts: people get there by a link."""
    found: set[str] = set()
    for name, file in bundle.manifest.web.items():
        if file.size <= _LARGEST and not file.encoding and _TEXT.search(name):
            content = bundle.path(f"web/{file.source or name}").read_bytes()
            names = (word[0].rstrip(b"./-") for word in _NAME.finditer(content))
            found |= {_link(word.decode("ascii")) for word in names if word.endswith(_PAGES)}
    return found


def _link(name: str) -> str:
    """What a link to a page has in common with its name: the last step, or two for a folder's page."""
    *folders, last = name.split("/")
    return "/".join([*folders[-1:], last]) if last == ENTRY_PAGE else last


def looks_hashed(name: str) -> bool:
    """Whether a path has a piece that no person would write: a hash, or the id of a build."""
    steps = name.split("/")[1:]
    stem = re.sub(r"(\.[a-z][a-z0-9]{0,11})+$", "", steps[-1])
    tail = _TAIL.search(stem)
    if tail and not _WORDS.fullmatch(tail[1]):
        return True
    return any(_is_random(piece) for step in steps for piece in _PIECE.findall(step))


def _is_random(piece: str) -> bool:
    mixed = any(sign.isdigit() for sign in piece) and any(sign.isalpha() for sign in piece)
    digits = piece.isdigit() and len(piece) >= 2 + _SHORTEST
    return len(piece) >= _SHORTEST and (digits or (mixed and not _SIZED.fullmatch(piece)))


def _is_unseen(name: str, paths: Paths) -> bool:
    page = content_type(name).startswith("text/html") and not name.startswith(WELL_KNOWN)
    return page and name not in _ERROR_PAGES | paths.pages and not paths.have_files(route_of(name))


def _is_lost(name: str, paths: Paths) -> bool:
    return paths.file_at(name) != name and not paths.have_files(name)


def _shown(problem: str, names: list[str], paths: Paths) -> str:
    """A problem of some files, with the path of the first one and what it shows instead."""
    path = "/" + names[0].removesuffix(ENTRY_PAGE).removesuffix(PAGE_ENDING)
    page = paths.file_at(route_of(names[0]) or names[0])
    return phrase(problem, path=path, page=page, names=some_of(names))
