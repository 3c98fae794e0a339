"""Links, anchors and lists of GitHub's Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FENCE = re.compile(r"\s*(```+|~~~+)")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_LINK = re.compile(r"(\]\(|^\[[^\]]+\]: )([^()\s]+)((?: \"[^\"]*\")?(?:\)|$))")
_HEADING = re.compile(r"#{1,6} +(.*?)(?: +#+)?$")
_ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
_ITEM = re.compile(r"( *)([-*+]|\d+[.)]) +(?=\S)")
_COMMENT = re.compile(r"<!--.*-->")
_LABEL = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_NO_LETTER = re.compile(r"[^\w\- ]")


def links(text: str) -> list[str]:
    """The targets of all links and images, outside of code."""
    return [link[2] for line, code in _lines(text) if not code for link in _links(line)]


def replace_links(text: str, change: Callable[[str], str]) -> str:
    """The text with the target of each link and image changed. Code stays."""

    def changed(line: str) -> str:
        for link in reversed(list(_links(line))):
            line = line[: link.start(2)] + change(link[2]) + line[link.end(2) :]
        return line

    return "\n".join(line if code else changed(line) for line, code in _lines(text))


def _links(line: str) -> Iterator[re.Match[str]]:
    codes = [(code.start(), code.end()) for code in _CODE.finditer(line)]
    for link in _LINK.finditer(line):
        if not any(start <= link.start() < end for start, end in codes):
            yield link


def anchors(text: str) -> set[str]:
    """The anchors of a page on GitHub: those of its headings, and its own.

    https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax#section-links
    """
    found = set(_ANCHOR.findall(text))
    for line, code in _lines(text):
        if not code and (heading := _HEADING.fullmatch(line)):
            name = anchor = slug(heading[1])
            count = 0
            while anchor in found:
                count += 1
                anchor = f"{name}-{count}"
            found.add(anchor)
    return found


def slug(heading: str) -> str:
    """The anchor of a heading: lower case, without punctuation, with hyphens for spaces."""
    return _NO_LETTER.sub("", _LABEL.sub(r"\1", heading).strip().lower()).replace(" ", "-")


def for_python_markdown(text: str) -> str:
    """The text as the website's generator understands it.

    Python-Markdown indents what belongs to an item of a list by four columns; GitHub takes the column of the
    item's text. It begins a list after an empty line only, and an item after another one's paragraphs, too.
    It shows a `|` as it is inside of code in a table, and a gap for a comment.
    """
    return "\n".join(_unescaped(line) for line in _indented(text))


def _indented(text: str) -> Iterator[str]:
    columns: list[int] = []
    before, inside, loose = "", False, False
    for line, code in _lines(text):
        if not code and _COMMENT.fullmatch(line):
            continue
        width = len(line) - len(line.lstrip(" "))
        item = None if code else _ITEM.match(line)
        # The first item of a list, or one after an item with paragraphs.
        apart = item is not None and (loose or not columns)
        opens = code and not inside
        if line.strip() and not (code and inside) and (item or opens or not before.strip()):
            while columns and width < columns[-1]:
                columns.pop()
        if apart and before.strip() and not before.startswith("#"):
            yield ""
        removed = min(width, columns[-1]) if columns else 0
        yield " " * 4 * len(columns) + line[removed:] if line.strip() else line
        if item:
            columns.append(item.end())
        loose = not item and (loose or not line.strip())
        before, inside = line, code


def _unescaped(line: str) -> str:
    if not line.lstrip().startswith("|"):
        return line
    return _CODE.sub(lambda code: code[0].replace("\\|", "|"), line)


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a block of code."""
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            yield line, True
            if mark and mark[1].startswith(fence) and not line.strip(" `~"):
                fence = ""
        else:
            fence = mark[1] if mark else ""
            yield line, bool(fence)
