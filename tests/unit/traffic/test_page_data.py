"""The block with a release's data: its place in any page, and its text for any settings (CD-8)."""

from __future__ import annotations

import io
import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kanmon.traffic.page_data import opened_with_page_data, with_page_data

_BLOCK = re.compile(rb'<script type="application/json" id="kanmon">(.*?)</script>')


def _marked(page: str) -> str:
    """The page, with `|` in the place of the block."""
    text = with_page_data(page.encode(), "r1", {})
    return _BLOCK.sub(b"|", text, count=1).decode()


@pytest.mark.parametrize(
    "page",
    [
        "|",
        "|plain text",
        "<!doctype html>\n<html lang=en>\n<head>|\n<title>x</title></head>",
        "<!DOCTYPE HTML><HTML><HEAD>|<TITLE>x</TITLE></HEAD>",
        "<!doctype html>\n|<title>no head</title><p>text",
        "<!doctype html><html>|<body>no head</body></html>",
        "<!doctype html><html>|<header>no head</header>",
        "<html><head/>|<title>x",
        "|<script>var end = '</head><head>'</script>",
        "<!-- <head> --><!doctype html><!-- </head> --><head>|x",
        "<!--><head>|<!-- --><p>",
        "<!---><head>|<!-- --><p>",
        "<!-- a --!><head>|x",
        "|<!-- a comment without an end <head>",
        "<?xml version='1.0'?><html><head>|x",
        "<!doctype html PUBLIC '-//W3C//DTD XHTML 1.0//EN' 'x.dtd'><html xmlns='x'><head>|x",
        """<html class="a>b" title='c>d' data-e = f"g><head data-h=it's>|x""",
        "<html lang=><head>|x",
        "<html =lang=en / hidden><head>|x",
        "|<html title='no end ><head>x",
        "\ufeff<!doctype html><head>|x",
    ],
)
def test_the_block_is_the_first_element_of_the_head(page: str) -> None:
    assert _marked(page.replace("|", "", 1)) == page


@pytest.mark.parametrize(
    ("mark", "encoding"), [(BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"), (BOM_UTF8, "utf-8")]
)
def test_a_byte_order_mark_gives_the_encoding(mark: bytes, encoding: str) -> None:
    text = "<!-- 曼荼羅 --><head>{}<title>日本語"
    made = with_page_data(mark + text.format("").encode(encoding), "r1", {})
    block = '<script type="application/json" id="kanmon">{"release": "r1", "settings": {}}</script>'
    assert made == mark + text.format(block).encode(encoding)


def test_every_other_encoding_stays_as_it_is() -> None:
    page = "<meta charset=shift_jis><title>表示".encode("shift_jis")
    assert with_page_data(page, "r1", {}).endswith(page)


_SPACES = st.text("\t\n\f\r ", max_size=3)
_COMMENTS = st.sampled_from(["<!---->", "<!-- <head> -->", "<!-- </head><html> -->", "<?php <p ?>", "<!x>"])
_ATTRIBUTES = st.sampled_from(
    ["", " ", " lang=en", " a='<head>'", ' b = ">"', " c", "\nd=e'f", " /", " g==h", " i=/j"]
)


@st.composite
def _beginnings(draw: st.DrawFn) -> str:
    """Everything before the content of a head, in any valid or sloppy form."""
    skipped = st.lists(_SPACES | _COMMENTS, max_size=3).map("".join)
    made = draw(skipped) + draw(st.sampled_from(["", "<!doctype html>", "<!DOCTYPE html SYSTEM 'x'>"]))
    made += draw(skipped)
    tags = draw(st.sampled_from([(), ("html",), ("HTML", "Head"), ("head",)]))
    for tag in tags:
        made += f"<{tag}{''.join(draw(st.lists(_ATTRIBUTES, max_size=3)))}>"
        if tag.lower() == "html":
            made += draw(skipped)
    return made


@given(
    _beginnings(), st.sampled_from(["", "text", "<title>x", "<body>", "</head>", "<script><head></script>"])
)
def test_the_block_follows_any_beginning(beginning: str, rest: str) -> None:
    assert _marked(beginning + rest) == f"{beginning}|{rest}"


@given(st.binary(max_size=60), st.sampled_from([b"", BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE]))
@example(b"<\x00h\x00e\x00a\x00d\x00>\x00\x00\xd8\x00", BOM_UTF16_LE)
def test_every_byte_of_a_page_stays(page: bytes, mark: bytes) -> None:
    assume(mark or not page.startswith((BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)))
    made = with_page_data(mark + page, "r1", {})
    encoding = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be"}.get(mark, "ascii")
    block = with_page_data(b"", "r1", {}).decode().encode(encoding)
    place = made.index(block)
    assert made[:place] + made[place + len(block) :] == mark + page
    assert made == with_page_data(mark + page, "r1", {})


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.sampled_from(["</script>", "<!--<script>"]))
)
def test_any_settings_arrive_and_none_ends_the_block(settings: dict[str, str]) -> None:
    made = with_page_data(b"", "r42", settings)
    found = _BLOCK.fullmatch(made)
    assert found
    assert json.loads(found[1]) == {"release": "r42", "settings": settings}
    assert made.isascii()
    assert made.count(b"<") == 2


def test_two_releases_never_share_the_bytes_of_a_page() -> None:
    assert with_page_data(b"page", "r1", {}) != with_page_data(b"page", "r2", {})


REST = b"<title>x</title>" + b"x" * 2_000_000


@pytest.mark.parametrize(
    ("page", "place"),
    [
        (b"<!doctype html><head>" + REST, len(b"<!doctype html><head>")),
        # The head begins beyond the first MiB.
        (b"<!doctype html><!--" + b"-" * 1_100_000 + b"--><head>" + REST, len(b"<!doctype html>")),
    ],
    ids=["a head at once", "a long comment"],
)
def test_only_the_beginning_of_a_large_page_is_looked_at(page: bytes, place: int) -> None:
    """TRU-6"""
    with opened_with_page_data(io.BytesIO(page), "r1", {}) as made:
        assert made.read() == page[:place] + with_page_data(b"", "r1", {}) + page[place:]
