"""A Japanese page has all of the English one: sections, commands with outputs, tables, links (DOC-1)."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest

from scripts.website.markdown import anchors, links
from scripts.website.navigation import ROOT, TRANSLATED
from tests.guides.playing import NAMES
from tests.guides.sections import PAGES as SECTIONED

PAGES = sorted(path.relative_to(ROOT / TRANSLATED).as_posix() for path in (ROOT / TRANSLATED).rglob("*.md"))
EXECUTED = {*NAMES, *SECTIONED}
OUTPUT = "an output"
_COMMENT = re.compile(r"^<!--.*?-->\n?", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^( *)(```[^\n]*\n.*?^\1```)$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)
_ROW = re.compile(r"^\|", re.MULTILINE)


def _both(page: str) -> tuple[str, str]:
    """The English and the Japanese text, without comments."""
    texts = ((ROOT / folder / page).read_text("utf-8") for folder in ("docs", TRANSLATED))
    english, japanese = (_COMMENT.sub("", text) for text in texts)
    return english, japanese


def _blocks(text: str) -> list[str]:
    return [match[2] for match in _FENCE.finditer(text)]


def _prose(text: str) -> str:
    return _FENCE.sub("", text)


def _in_english(block: str, page: str) -> str:
    """A block of a Japanese page as the English one has it, but for outputs that are executed in Japanese."""
    if block.startswith("```text\n") and f"ja/{page}" in EXECUTED:
        return OUTPUT
    return block.replace("language: ja\n", "")


@pytest.mark.parametrize("page", PAGES)
def test_it_has_the_same_commands_and_files(page: str) -> None:
    """And as many outputs. `scripts/guides` executes both pages, and compares what they print."""
    english, japanese = ([_in_english(block, page) for block in _blocks(text)] for text in _both(page))
    assert japanese == english


@pytest.mark.parametrize("page", PAGES)
def test_it_has_the_same_sections_and_tables(page: str) -> None:
    english, japanese = map(_prose, _both(page))
    assert _HEADING.findall(japanese) == _HEADING.findall(english)
    assert len(_ROW.findall(japanese)) == len(_ROW.findall(english))


@pytest.mark.parametrize("page", PAGES)
def test_it_has_the_same_anchors(page: str) -> None:
    """Links of alarms and errors lead to both."""
    english, japanese = map(anchors, _both(page))
    assert english - japanese == set()


@pytest.mark.parametrize("page", PAGES)
def test_it_leads_to_the_same_places(page: str) -> None:
    def places(text: str) -> list[str]:
        return sorted(link if "://" in link else Path(link).name for link in links(text))

    english, japanese = map(places, _both(page))
    assert japanese == english


@pytest.mark.parametrize("page", PAGES)
def test_it_leads_to_the_japanese_page_if_there_is_one(page: str) -> None:
    folder = posixpath.dirname(f"{TRANSLATED}{page}")
    english = {f"docs/{other}" for other in PAGES}
    targets = links((ROOT / TRANSLATED / page).read_text("utf-8"))
    assert [
        one for one in targets if posixpath.normpath(f"{folder}/{one.partition('#')[0]}") in english
    ] == []
