"""Finds the file of each path without a dot, for a site with a file for each page (`web.routes: files`).

The edge can't look into the bucket: the path function makes one key of a path, `about/index.html` of `/about`
and `/about/`. So the release has a file of this name, too, when the tool wrote `about.html` or `about`. It
goes live and back with the release, as its other files do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.media import content_type
from kanmon.naming import ENTRY_PAGE, WELL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.model import WebFile

_PAGE = ".html"


def with_routes(files: Mapping[str, WebFile]) -> dict[str, WebFile]:
    """The files, and those that the path function asks for besides. A file without a dot wins over a page."""
    found = dict(files)
    fixed = [name for name, file in files.items() if not file.immutable and not name.startswith(WELL_KNOWN)]
    for name in sorted(fixed, key=lambda name: "." in _last(name)):
        route = _route(name)
        key = route if "." in _last(route) else f"{route}/{ENTRY_PAGE}"
        if route and key not in found:
            kind = files[name].type or content_type(name)
            found[key] = files[name].model_copy(update={"type": kind, "source": name})
    return found


def _route(name: str) -> str:
    """The path that shows a file besides its own name; empty without one."""
    if _last(name) == ENTRY_PAGE:
        return name.removesuffix(ENTRY_PAGE).removesuffix("/")
    if name.endswith(_PAGE):
        return name.removesuffix(_PAGE)
    return "" if "." in _last(name) else name


def _last(name: str) -> str:
    return name.rpartition("/")[2]
