"""The documentation: every link and anchor leads somewhere, every page is in the website (DOC-1 to DOC-4)."""

from __future__ import annotations

import posixpath
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from scripts.website import build
from scripts.website.build import ADDRESS, CODE, Website
from scripts.website.markdown import anchors, for_python_markdown, links, replace_links, slug
from scripts.website.navigation import NAVIGATION, TRANSLATED, Page, existing_pages

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
)
PAGES = [page for part in NAVIGATION for page in part.pages]


@cache
def text_of(file: str) -> str:
    return (ROOT / file).read_text("utf-8")


@cache
def anchors_of(file: str) -> set[str]:
    return anchors(text_of(file))


def broken(file: str) -> list[str]:
    """The links of a file that lead nowhere in this repository."""
    found = []
    for target in links(text_of(file)):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        aim = posixpath.normpath(posixpath.join(posixpath.dirname(file), path)) if path else file
        known = (ROOT / aim).exists() and not aim.startswith("..")
        if not known or (anchor and (not aim.endswith(".md") or anchor not in anchors_of(aim))):
            found.append(target)
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_link_and_anchor_leads_somewhere(file: str) -> None:
    assert broken(file) == []


def test_every_page_is_in_the_navigation() -> None:
    """A new page? Add it to scripts/website/navigation.py, with a title in both languages."""
    written = {file for file in FILES if file.startswith("docs/") and not file.startswith(TRANSLATED)}
    sources = [page.source for page in PAGES]
    assert written - set(sources) == set()
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert len({page.path for page in PAGES}) == len(PAGES)


def test_every_japanese_page_is_the_translation_of_a_page() -> None:
    written = {file for file in FILES if file.startswith(TRANSLATED)}
    assert written <= {page.translation for page in PAGES}


def test_links_are_those_outside_of_code() -> None:
    text = 'See [a](a.md#x) and `[b](b.md)`.\n\n```md\n[c](c.md)\n```\n\n- ![d](d.png "D")\n[e]: e.md\n'
    assert links(text) == ["a.md#x", "d.png", "e.md"]
    assert replace_links(text, str.upper) == text.replace("a.md#x", "A.MD#X").replace(
        "d.png", "D.PNG"
    ).replace("]: e.md", "]: E.MD")


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Who may take a role", "who-may-take-a-role"),
        ("The config, `kanmon.yml`", "the-config-kanmonyml"),
        ("A & B", "a--b"),
        ("[Link](x.md) here", "link-here"),
        ("snake_case, ロールバック手順", "snake_case-ロールバック手順"),
    ],
)
def test_an_anchor_is_githubs(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_headings_of_one_name_have_numbers() -> None:
    assert anchors('# A\n## A\n## A\n```\n# no\n```\n<a id="own"></a>\n') == {"a", "a-1", "a-2", "own"}


def test_lists_are_indented_as_the_generator_wants_them() -> None:
    text = "Do:\n1. First:\n\n   ```sh\n   run\n   ```\n\n   - inner\n     goes on\n2. Second\n\nEnd\n"
    assert for_python_markdown(text) == (
        "Do:\n\n1. First:\n\n    ```sh\n    run\n    ```\n\n    - inner\n        goes on\n2. Second\n\nEnd\n"
    )


def test_an_item_after_paragraphs_of_another_stands_apart() -> None:
    assert for_python_markdown("1. a\n\n   b\n2. c\n3. d\n") == "1. a\n\n    b\n\n2. c\n3. d\n"


def test_what_follows_a_list_is_outside_of_it() -> None:
    text = "- one\n- two\n\n```sh\nrun\n```\n\n1. a\n   - b\n\nEnd\n"
    assert for_python_markdown(text) == text.replace("   - b", "    - b")


def test_a_bar_in_the_code_of_a_table_is_shown_as_it_is() -> None:
    assert for_python_markdown("| `a \\| b` |\n`a \\| b`") == "| `a | b` |\n`a \\| b`"


def test_a_comment_of_the_page_is_left_out() -> None:
    assert for_python_markdown("# A\n<!-- x -->\nb\n```\n<!-- y -->\n```") == "# A\nb\n```\n<!-- y -->\n```"


def test_what_a_page_loads_from_elsewhere_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "SITE", tmp_path)
    links = f'<a href="https://a.example">a</a><link rel="canonical" href="{ADDRESS}x/">'
    (tmp_path / "own.html").write_text(f'{links}<script src="page.js"></script>', "utf-8")
    assert build.foreign_files() == []
    (tmp_path / "other.html").write_text('<script defer src="https://cdn.example/m.js"></script>', "utf-8")
    assert build.foreign_files() == ["other.html loads https://cdn.example/m.js"]


@pytest.fixture
def two_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Two pages, one of them in Japanese; the first one."""
    files = {
        "docs/first.md": "# First\n\n[plan](second.md#plan) [head](second.md) [code](../infra/api.yml)\n",
        "docs/second.md": "# Second\n\n## Plan\n",
        "docs/ja/second.md": "# 第二\n\n[](../first.md#first)\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    pages = (Page("docs/first.md", "First", "第一"), Page("docs/second.md", "Second", "第二"))
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "existing_pages", lambda: pages)
    build._read.cache_clear()
    build._page_of.cache_clear()
    return pages[0]


def test_a_page_without_a_translation_is_english_with_a_note(two_pages: Page) -> None:
    assert "英語版のみ" in Website("ja").text(two_pages)
    assert "英語版のみ" not in Website("en").text(two_pages)


def test_a_link_stays_in_the_language_if_its_anchor_is_there(two_pages: Page) -> None:
    assert f"[plan]({ADDRESS}second/#plan) [head](second.md)" in Website("ja").text(two_pages)
    assert "[plan](second.md#plan) [head](second.md)" in Website("en").text(two_pages)


def test_a_link_to_no_page_leads_to_github(two_pages: Page) -> None:
    assert f"[code]({CODE}/blob/main/infra/api.yml)" in Website("en").text(two_pages)


def test_both_languages_have_the_same_pages() -> None:
    for language in ("en", "ja"):
        configuration = Website(language).configuration()
        assert [page.path for page in existing_pages() if f'"{page.path}"' not in configuration] == []
        assert f'language = "{language}"' in configuration
