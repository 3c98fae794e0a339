"""Every link and anchor in the documents resolves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from embedded.process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


def tokens(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text("utf-8"))


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, no punctuation, hyphens for spaces, numbered."""
    found: dict[str, int] = {}
    made = set()
    parsed = tokens(path)
    for place, token in enumerate(parsed):
        if token.type == "heading_open":
            text = "".join(child.content for child in parsed[place + 1].children or [])
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            number = found.get(slug, 0)
            found[slug] = number + 1
            made.add(f"{slug}-{number}" if number else slug)
    return made | set(re.findall(r'<a (?:id|name)="([^"]+)"', path.read_text("utf-8")))


def links(path: Path) -> Iterator[str]:
    for token in tokens(path):
        for child in token.children or []:
            target = child.attrs.get("href") if child.type == "link_open" else None
            if isinstance(target, str) and not re.match(r"[a-z]+:", target):
                yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_resolve(page: Path) -> None:
    """DOC-1 to DOC-4: each relative link names a file or a heading that is there."""
    broken = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []
