"""Foreign text in Markdown shows as itself and does nothing (SEC-5)."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kanmon.github.escape import code, code_block, text

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PIECES = [
    *"*_`~#@|<>&[]()!\\\n\r\t -+.:=\"'{}1aZ関\x00\x1b\u202e",
    "<script>", "<!-- kanmon:test -->", "&#64;", "&amp;", "https://evil", "www.evil.example",
    "@team", "#12", "GH-12", "[x](y)", "![x](y)", "```", "| a |", "- [ ]", "closes #1",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


def shown(markdown: str) -> str:
    """The reader's view of one paragraph of text only."""
    tokens = GFM.parse(markdown)
    kinds = [token.type for token in tokens]
    assert kinds in (["paragraph_open", "inline", "paragraph_close"], []), kinds
    inline = tokens[1].children or [] if tokens else []
    assert {one.type for one in inline} <= {"text", "text_special"}, [one.type for one in inline]
    return "".join(one.content for one in inline)


@settings(deadline=None)
@given(HOSTILE)
@example("&#64;everyone")
def test_text_shows_as_itself_and_is_nothing_else(value: str) -> None:
    seen = shown(text(value))
    clean = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", "", " ".join(value.split()))
    assert " ".join(seen.replace("\u200b", "").split()) == " ".join(clean.split())
    assert not re.search(r"@\w|#\d|GH-\d|www\.|://", seen)


@settings(deadline=None)
@given(HOSTILE)
def test_text_is_one_cell_of_a_table(value: str) -> None:
    tokens = GFM.parse(f"| a | b |\n| --- | --- |\n| {text(value)} | {code(value)} |\n")
    rows = [token for token in tokens if token.type == "tr_open"]
    cells = [token for token in tokens if token.type == "td_open"]
    assert len(rows) == 2
    assert len(cells) == 2
    assert not {token.type for token in tokens} & {"html_block", "fence", "heading_open"}
    inline = [one for token in tokens if token.type == "inline" for one in token.children or ()]
    assert {one.type for one in inline} <= {"text", "text_special", "code_inline"}


@settings(deadline=None)
@given(HOSTILE)
@example("a\n````\n# out")
def test_a_block_of_code_holds_all_of_the_text(value: str) -> None:
    tokens = GFM.parse(f"before\n\n{code_block(value)}\nafter\n")
    assert [token.type for token in tokens if token.nesting >= 0 and token.type != "inline"] == [
        "paragraph_open",
        "fence",
        "paragraph_open",
    ]
    fence = next(token for token in tokens if token.type == "fence")
    assert "".join(fence.content.split()) == "".join(
        re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", "", value).split()
    )
