"""Sections of the pages to look things up in: found with their commands, with real names for the examples."""

from __future__ import annotations

import re

import pytest

from embedded.process import REPOSITORY
from kanmon.codes import Code
from tests.guides.page import Commands
from tests.guides.sections import PAGES, Section, sections

TEXT = """\
### A run died

```sh
kanmon recover r42      # of shop-production, shop-production-db and r420
```
"""


def test_each_section_has_its_own_name() -> None:
    ids = [section.id for section in sections()]
    assert len(set(ids)) == len(ids)
    assert "troubleshooting-guide#a-run-died" in ids


def test_real_names_stand_for_the_examples() -> None:
    section = Section("page.md", "A run died", 7, TEXT)
    (step,) = section.guide({"r42": "r2", "shop-production": "x-y"}).steps
    assert isinstance(step, Commands)
    assert step.script == "kanmon recover r2      # of x-y, x-y-db and r420\n"
    assert step.line == 9


def test_a_japanese_section_has_the_comments_of_the_english_one() -> None:
    english = Section("page.md", "A run died", 7, TEXT.replace("```sh", "<!-- type: r42 -->\n```sh"))
    section = Section("ja/page.md", "実行が途中で止まった", 9, TEXT, english)
    assert section.id == "ja/page#a-run-died"
    (step,) = section.guide({"r42": "r2"}).steps
    assert isinstance(step, Commands)
    assert (step.line, step.typed) == (11, ("r2",))


@pytest.mark.parametrize("page", PAGES)
def test_each_error_code_of_the_guides_exists(page: str) -> None:
    """DOC-3"""
    text = (REPOSITORY / "docs" / page).read_text("utf-8")
    assert set(re.findall(r"KNM-\d{3}", text)) <= {code.id for code in Code}
