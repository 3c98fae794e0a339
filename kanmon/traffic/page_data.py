"""The data of a release inside its pages: one block of JSON, the first thing in the head.

So no two releases share the bytes of a page, or its entity tag: S3 makes the tag from the bytes alone
(https://docs.aws.amazon.com/AmazonS3/latest/API/RESTCommonResponseHeaders.html). Otherwise a browser would
keep the old headers after a release with other headers only: it asks with the tag, and gets 304.

A browser never runs such a block, and no content security policy stops it
(https://html.spec.whatwg.org/multipage/scripting.html#data-block).
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import contextmanager
from shutil import copyfileobj
from typing import IO, TYPE_CHECKING

from kanmon.aws.objects import spooled
from kanmon.naming import PAGE_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A byte order mark wins over the charset of the answer (https://encoding.spec.whatwg.org/#decode). All other
# encodings of pages agree with Latin-1 in the characters of tags, and Latin-1 keeps every byte.
_ENCODINGS = {BOM_UTF16_LE: "utf-16-le", BOM_UTF16_BE: "utf-16-be", BOM_UTF8: "latin-1"}

# The beginning of a page, up to the content of its head. All of it is optional. It follows the tokenizer of
# browsers (https://html.spec.whatwg.org/multipage/parsing.html): `<!-->` is a whole comment, `<!x>` and
# `<?x>` are comments too, and a quote begins a value only after `=`.
_SPACE = r"[\t\n\f\r ]"
_SKIPPED = rf"(?:{_SPACE}|<!--(?:-?>|(?s:.*?)--!?>)|<!(?!--)[^>]*>|<\?[^>]*>)*+"
_VALUE = rf"""{_SPACE}*={_SPACE}*(?:"[^"]*"|'[^']*'|[^\t\n\f\r "'>][^\t\n\f\r >]*|(?=>))"""
_ATTRIBUTE = rf"[^\t\n\f\r />][^\t\n\f\r />=]*+(?:{_VALUE}|(?!{_SPACE}*=))"
_REST = rf"(?=[\t\n\f\r />])(?:[\t\n\f\r /]|{_ATTRIBUTE})*+>"
_BEFORE = re.compile(rf"{_SKIPPED}(?:<html{_REST}{_SKIPPED})?(?:<head{_REST})?", re.IGNORECASE)

_BEGINNING = 1024 * 1024
"""Bytes. It is even, so no unit of UTF-16 is cut."""


def with_page_data(page: bytes, release: str, settings: Mapping[str, str]) -> bytes:
    """The bytes of a page with its release and settings; the same for the same input.

    The block is the first element of the head, so that every script finds it. Without `<head>`, it stands
    where the head begins: after `<html>`, after the doctype, or at the very start.
    """
    mark = next((mark for mark in _ENCODINGS if page.startswith(mark)), b"")
    encoding = _ENCODINGS.get(mark, "latin-1")
    before = _BEFORE.match(page[len(mark) :].decode(encoding, "replace"))
    place = len(mark) + (len(before[0].encode(encoding)) if before else 0)
    return page[:place] + _block(release, settings).encode(encoding) + page[place:]


@contextmanager
def opened_with_page_data(page: IO[bytes], release: str, settings: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """A page of any size as a file at its beginning, with the block, for the `with` block.

    Only the first MiB is looked at. If the head begins later, the block stands before what is not whole
    until there, and begins the head.
    """
    with spooled() as made:
        made.write(with_page_data(page.read(_BEGINNING), release, settings))
        copyfileobj(page, made)
        made.seek(0)
        yield made


def _block(release: str, settings: Mapping[str, str]) -> str:
    """The block, in ASCII. Without `<`, no setting can end it, or begin a comment in it."""
    data = json.dumps({"release": release, "settings": dict(settings)}, sort_keys=True)
    escaped = data.replace("<", "\\u003c")
    return f'<script type="application/json" id="{PAGE_DATA}">{escaped}</script>'
