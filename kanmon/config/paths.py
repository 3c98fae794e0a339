"""The file of each path of the web app: `web.routes` and `web.routes_in`, as the path function has them, too.

The edge can't look into the bucket. So a path alone decides, and no file that happens to be there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kanmon.media import FILE_ENDINGS
from kanmon.naming import ENTRY_PAGE, WELL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APP, FILES = "app", "files"
PAGE_ENDING = ".html"
_FILE = re.compile(rf"\.|.*\.({'|'.join(FILE_ENDINGS)})\Z", re.ASCII | re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Paths:
    """What the paths of a web app show."""

    routes: str = APP
    """The rule for all paths: `files`, `app`, or the name of a page."""
    routes_in: Mapping[str, str] = field(default_factory=dict)
    """The rules for folders such as `docs/*`, in place of it."""

    @cached_property
    def rules(self) -> list[tuple[str, str]]:
        """Folders such as `docs/` with `files` or their page, the deepest first; the last one is for all."""
        given = {"": self.routes} | {
            folder.removesuffix("*"): shown for folder, shown in self.routes_in.items()
        }
        rules = {folder: shown if _is_rule(shown) else ENTRY_PAGE for folder, shown in given.items()}
        return sorted(rules.items(), key=lambda rule: (-len(rule[0]), rule[0]))

    @property
    def pages(self) -> set[str]:
        """The pages that show other paths than their own."""
        return {shown for _, shown in self.rules if shown != FILES} | {ENTRY_PAGE}

    def have_files(self, name: str) -> bool:
        """Whether each path beside this one, without its first slash, has a file of its own."""
        return self._shown(name) == FILES

    def file_of(self, path: str) -> str:
        """The file for the path of a request."""
        return self.file_at(unquote(urlsplit(path).path.removeprefix("/")))

    def file_at(self, name: str) -> str:
        """The file for a decoded path without its first slash."""
        last, shown = name.rpartition("/")[2], self._shown(name)
        if name.startswith(WELL_KNOWN) or ("." in last if shown == FILES else _FILE.match(last)):
            return name
        if not name:
            return ENTRY_PAGE
        return f"{name.removesuffix('/')}/{ENTRY_PAGE}" if shown == FILES else shown

    def _shown(self, name: str) -> str:
        return next(shown for folder, shown in self.rules if f"{name}/".startswith(folder))


def _is_rule(shown: str) -> bool:
    """Another version of Kanmon may know more than these."""
    return shown == FILES or shown.endswith(PAGE_ENDING)


def is_api_path(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of the API's, as CloudFront and the path function decide it.

    `/auth/*` is each path below `/auth/`; any other pattern is one path.
    """
    return any(path.startswith(one[:-1]) if one.endswith("*") else path == one for one in patterns)
