"""Finds the file of each path without a dot, where each page has a file (`web.routes: files`).

The edge can't look into the bucket: the path function makes one key of a path, `about/index.html` of `/about`
and `/about/`. So the release has a file of this name, too, when the tool wrote `about.html` or `about`. It
goes live and back with the release, as its other files do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.config.paths import PAGE_ENDING
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.media import content_type
from kanmon.naming import ENTRY_PAGE, WELL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.paths import Paths
    from kanmon.model import WebFile


def with_routes(files: Mapping[str, WebFile], paths: Paths) -> dict[str, WebFile]:
    """The files, and those that the path function asks for besides. A file without a dot wins over a page."""
    found = dict(files)
    fixed = [name for name, file in files.items() if not file.immutable and not name.startswith(WELL_KNOWN)]
    for name in sorted(fixed, key=lambda name: "." in _last(name)):
        route = route_of(name)
        key = paths.file_at(route)
        if route and paths.have_files(route) and key not in found:
            kind = files[name].type or content_type(name)
            found[key] = files[name].model_copy(update={"type": kind, "source": name})
    return found


def refuse_missing_pages(files: Mapping[str, WebFile], paths: Paths, where: str) -> None:
    """Raise ARTIFACT_MISSING for a page that shows other paths too, but is no page of the release."""
    for page in sorted(paths.pages):
        if page not in files:
            problem = phrase("The web directory has no {page}.", page=page)
            raise KanmonError(Code.ARTIFACT_MISSING, problem, where=where)
        if files[page].immutable:
            problem = phrase(
                "{page} is in a folder of `web.immutable`, so it can't show other paths.", page=page
            )
            fix = phrase("Name a page with a fixed name.")
            raise KanmonError(Code.ARTIFACT_MISSING, problem, where=where, fix=fix)


def route_of(name: str) -> str:
    """The path that shows a file besides its own name; empty without one."""
    if _last(name) == ENTRY_PAGE:
        return name.removesuffix(ENTRY_PAGE).removesuffix("/")
    if name.endswith(PAGE_ENDING):
        return name.removesuffix(PAGE_ENDING)
    return "" if "." in _last(name) else name


def _last(name: str) -> str:
    return name.rpartition("/")[2]
