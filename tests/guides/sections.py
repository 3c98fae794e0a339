"""A page in sections: each heading with commands is a drill of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded.process import REPOSITORY

from .page import Commands, Guide, parse_guide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGES = ("operations-manual.md", "troubleshooting-guide.md")
"""The pages that are looked up and not read from the beginning to the end."""
_HEADING = re.compile(r"#{2,3} (.+)")


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next one."""

    page: str
    heading: str
    line: int
    text: str

    @property
    def id(self) -> str:
        """`troubleshooting-guide#a-run-died`: the page, and GitHub's anchor."""
        anchor = re.sub(r"[^\w\- ]", "", self.heading.lower()).replace(" ", "-")
        return f"{self.page.removesuffix('.md')}#{anchor}"

    def guide(self, names: Mapping[str, str]) -> Guide:
        """Its steps. `names` are the page's example names, and those in place of them."""
        text = self.text
        for name, real in names.items():
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?!\w)", real.replace("\\", r"\\"), text)
        # The line numbers stay those of the page.
        return parse_guide(self.page, "\n" * (self.line - 1) + text)


def sections() -> list[Section]:
    """All sections with commands."""
    found = [section for page in PAGES for section in _sections(page)]
    return [one for one in found if any(isinstance(step, Commands) for step in one.guide({}).steps)]


def _sections(page: str) -> Iterator[Section]:
    heading, first, body, fence = "", 1, list[str](), False
    for number, line in enumerate((REPOSITORY / "docs" / page).read_text("utf-8").splitlines(), 1):
        fence ^= line.lstrip().startswith("```")
        found = None if fence else _HEADING.fullmatch(line)
        if found:
            yield Section(page, heading, first, "\n".join(body))
            heading, first, body = found[1], number, []
        body.append(line)
    yield Section(page, heading, first, "\n".join(body))
