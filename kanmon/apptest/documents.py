"""Reads report files safely.

Unreviewed code wrote them: a file is read whole or refused (SEC-5).
"""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import DefusedXMLParser

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.regular_file import RefusedFileError, TooBigError, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LARGEST = 50 * 1024 * 1024
"""The greatest size of a report, in bytes."""
DEEPEST = 100
"""The deepest nesting of elements in a report."""
MOST = 600_000
"""The greatest number of elements in a report: five for each of 100,000 tests. They take some seconds."""
HEAD = 4096
"""The first characters of a report; they show its kind."""
_PIECE = 1024 * 1024
"""Characters for the parser at once. It begins anew with each attribute that is not whole."""
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*[\"']([\w.:-]{1,40})[\"']")
_KNOWN = re.compile(
    r"(us-)?ascii|utf-?8|(iso-?8859|windows|cp|koi8|mac|big5|gb|euc|shift|iso-?2022)[\w-]{0,20}|latin-?\d",
    re.I,
)
"""The encodings of texts. Python knows others, some of them slow."""
_FORBIDDEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|55(?:29[6-9]|[3-9][0-9]{2})|5[67][0-9]{3}|6553[45])|x0*(?:[0-8bcef]|1[0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef]));",
    re.I,
)
"""Characters that XML can't hold (https://www.w3.org/TR/xml/#charsets). A test's output may have them."""


class Opened(NamedTuple):
    """The begin of an element, without its namespace."""

    name: str
    attributes: Mapping[str, str]


class Closed(NamedTuple):
    """The end of an element."""

    name: str


Piece: TypeAlias = Opened | Closed | str
"""A piece of an XML document; a text may come in several."""


def unreadable(where: str, reason: str, fix: str | None = None) -> KanmonError:
    """The error for a refused report.

    `reason` completes the sentence "The report …". `fix` replaces the code's general one.
    """
    message = phrase("The report {reason}.", reason=reason)
    return KanmonError(Code.RESULTS_UNREADABLE, message, where=where, fix=fix)


def too_big(where: str, reason: str) -> KanmonError:
    """The error for a report beyond the limits.

    `reason` completes the sentence "The report …".
    """
    return KanmonError(Code.REPORT_TOO_BIG, phrase("The report {reason}.", reason=reason), where=where)


def read_report(path: Path, where: str) -> bytes:
    """The content of a report.

    Raises REPORT_TOO_BIG or RESULTS_UNREADABLE.
    """
    try:
        content = read_regular(path, LARGEST)
    except TooBigError as error:
        raise too_big(where, str(error)) from None
    except FileNotFoundError:
        raise unreadable(where, phrase("is not there any more")) from None
    except RefusedFileError as error:
        raise unreadable(where, str(error)) from None
    if not re.search(rb"\S", content):
        raise unreadable(where, phrase("is empty"), phrase(_ENDED))
    return content


_ENDED = deferred("The tool that writes it may have ended before: see the step's log.")


def open_text(content: bytes, where: str) -> io.TextIOWrapper:
    """The text of a report; bytes that its encoding does not know become the character U+FFFD.

    The bytes decide: .NET's StringWriter declares utf-16 for what is stored as UTF-8, and PowerShell's `>`
    stores as UTF-16 what declares UTF-8. Raises RESULTS_UNREADABLE for an unknown encoding.
    """
    encoding = _encoding(content)
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace")
    except LookupError:
        reason = phrase("is in an encoding that is not known: {encoding}", encoding=encoding)
        raise unreadable(where, reason, phrase(_UTF8)) from None


_UTF8 = deferred("Have the tool write UTF-8.")


def _encoding(content: bytes) -> str:
    for bom, encoding in _BOMS.items():
        if content.startswith(bom):
            return encoding
    if content[:1] == b"\0" or content[1:2] == b"\0":
        return "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    declared = _DECLARED.match(content)
    name = declared[1].decode("ascii", "replace") if declared else "utf-8"
    if re.match("utf-?16|ucs-?2|unicode", name, re.I):
        return "utf-8"
    return name if _KNOWN.fullmatch(name) else phrase("{name} (refused)", name=name)


def _without_blanks(content: bytes) -> bytes:
    """The content without blanks before it: XML can't begin with one. A byte order mark stays."""
    content = content.lstrip()
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    return mark + content.removeprefix(mark).lstrip() if mark else content


def xml_pieces(content: bytes, where: str) -> Iterator[Piece]:
    """An XML document piece by piece.

    Cobertura reports name an external DTD: it is not read. Raises RESULTS_UNREADABLE for malformed XML, also
    at its end, and for entities, defined or external (https://docs.python.org/3/library/xml.html#xml-security),
    for too deep nesting. Raises REPORT_TOO_BIG for too many elements.
    """
    found = _Bounded()
    parser = DefusedXMLParser(target=found)
    try:
        for text in _clean(open_text(_without_blanks(content), where)):
            parser.feed(text)
            yield from found.taken()
        parser.close()
    except ParseError as error:
        fix = phrase(_MALFORMED.get(error.code, _WRONG))
        raise unreadable(where, phrase("is not well-formed XML: {error}", error=error), fix) from None
    except _TooDeepError as error:
        raise unreadable(where, str(error)) from None
    except _TooMuchError as error:
        raise too_big(where, str(error)) from None
    except ValueError:  # defusedxml's refusals
        fix = phrase("Write it without a DTD of its own.")
        raise unreadable(where, phrase("defines entities"), fix) from None
    yield from found.taken()


_WRONG = deferred("Have the tool write well-formed XML.")
_CUT = deferred("It may be cut off, because the tool ended early: see the step's log.")
_SEVERAL = deferred("It holds several documents: have each run of the tool write a file of its own.")
_MALFORMED = {3: _CUT, 5: _CUT, 20: _CUT, 9: _SEVERAL}
"""The fixes for Expat's errors, by their codes (https://docs.python.org/3/library/pyexpat.html)."""


def _clean(text: io.TextIOWrapper) -> Iterator[str]:
    """The text in pieces, without characters that XML can't hold: only a reference is never cut in two."""
    rest = ""
    while piece := text.read(_PIECE):
        piece = rest + piece
        cut = piece.rfind("&", max(0, len(piece) - 12))
        rest = piece[cut:] if cut >= 0 else ""
        yield _FORBIDDEN.sub("\ufffd", piece[:cut] if cut >= 0 else piece)
    yield _FORBIDDEN.sub("\ufffd", rest)


class _TooDeepError(Exception):
    """The document has too many levels."""


class _TooMuchError(Exception):
    """The document has too many elements."""


@dataclass
class _Bounded:
    """Takes a parser's pieces, up to the limits."""

    pieces: list[Piece] = field(default_factory=list)
    depth: int = 0
    count: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST:
            raise _TooDeepError(phrase("is nested deeper than {limit} elements", limit=DEEPEST))
        if self.count > MOST:
            raise _TooMuchError(phrase("has more than {limit:,} elements", limit=MOST))
        self.pieces.append(Opened(tag.rpartition("}")[2], attributes))

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.pieces.append(Closed(tag.rpartition("}")[2]))

    def data(self, text: str) -> None:
        self.pieces.append(text)

    def taken(self) -> list[Piece]:
        """The pieces since the last call."""
        taken, self.pieces = self.pieces, []
        return taken
