"""A page in sections: each heading with commands is a drill of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .page import Commands, Guide, parse_guide
from .reading import GUIDES, JAPANESE, is_japanese, with_comments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGES = (
    "operations-manual.md",
    "troubleshooting-guide.md",
    "ja/operations-manual.md",
    "ja/troubleshooting-guide.md",
)
"""The pages that are looked up and not read from the beginning to the end."""
_HEADING = re.compile(r"#{2,3} (.+)")


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next one."""

    page: str
    heading: str
    line: int
    text: str
    english: Section | None = None
    """The same section of the English page, if this one is Japanese."""

    @property
    def id(self) -> str:
        """`troubleshooting-guide#a-run-died`: the page, and GitHub's anchor of the English heading."""
        heading = (self.english or self).heading
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        return f"{self.page.removesuffix('.md')}#{anchor}"

    def guide(self, names: Mapping[str, str]) -> Guide:
        """Its steps. `names` are the page's example names, and those in place of them."""
        text = self.text
        for name, real in names.items():
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?!\w)", real.replace("\\", r"\\"), text)
        # The line numbers stay those of the page.
        guide = parse_guide(self.page, "\n" * (self.line - 1) + text)
        return with_comments(guide, self.english.guide(names)) if self.english else guide


def sections() -> list[Section]:
    """All sections with commands."""
    found = [section for page in PAGES for section in _of_page(page)]
    return [one for one in found if any(isinstance(step, Commands) for step in one.guide({}).steps)]


def _of_page(page: str) -> Iterator[Section]:
    """A page's sections. A Japanese page has as many as the English one, in the same order."""
    if not is_japanese(page):
        return _sections(page)
    both = zip(_sections(page), _sections(page.removeprefix(JAPANESE)), strict=True)
    return (replace(section, english=english) for section, english in both)


def _sections(page: str) -> Iterator[Section]:
    heading, first, body, fence = "", 1, list[str](), False
    for number, line in enumerate((GUIDES / page).read_text("utf-8").splitlines(), 1):
        fence ^= line.lstrip().startswith("```")
        found = None if fence else _HEADING.fullmatch(line)
        if found:
            yield Section(page, heading, first, "\n".join(body))
            heading, first, body = found[1], number, []
        body.append(line)
    yield Section(page, heading, first, "\n".join(body))
