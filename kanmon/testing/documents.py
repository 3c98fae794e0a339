"""Report files, written by code that nobody has reviewed yet: read whole, or refused (SEC-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, TreeBuilder

from defusedxml.ElementTree import DefusedXMLParser

from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

LARGEST = 50 * 1024 * 1024
"""Bytes that a report may have."""
DEEPEST = 100
"""Elements that may lie inside one another."""
MOST = 1_000_000
"""Elements that a report may have."""


def unreadable(where: str, reason: str) -> KanmonError:
    """The refusal of a report; `reason` goes on after "The report"."""
    return KanmonError(Code.RESULTS_UNREADABLE, f"The report {reason}.", where=where)


def read_report(path: Path, where: str) -> bytes:
    """The content of a report. Raises RESULTS_UNREADABLE for one that is too large or can't be opened."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise unreadable(where, f"can't be opened: {error.strerror}") from None
    if len(content) > LARGEST:
        raise unreadable(where, f"is larger than {LARGEST // 1024**2} MB")
    return content


def parse_xml(content: bytes, where: str) -> Element:
    """The root of an XML document; names come without their namespaces.

    An external DTD is not read: Cobertura reports name one. Raises RESULTS_UNREADABLE for what is not
    well-formed, defines or asks for entities (https://docs.python.org/3/library/xml.html#xml-security), is
    nested too deep or has too many elements.
    """
    parser = DefusedXMLParser(target=_Bounded())
    try:
        parser.feed(content)
        root: Element = parser.close()
    except ParseError as error:
        raise unreadable(where, f"is not well-formed XML: {error}") from None
    except _TooMuchError as error:
        raise unreadable(where, str(error)) from None
    except (ValueError, LookupError):  # defusedxml's refusals are ValueErrors
        raise unreadable(where, "defines entities, or is in an encoding that is not known") from None
    return root


class _TooMuchError(Exception):
    """The document has more than a report may have."""


class _Bounded:
    """Builds a tree as long as it is of a sensible size."""

    def __init__(self) -> None:
        self._tree = TreeBuilder()
        self._depth = self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise _TooMuchError(f"is nested deeper than {DEEPEST} elements")
        if self._count > MOST:
            raise _TooMuchError(f"has more than {MOST:,} elements")
        self._tree.start(tag.rpartition("}")[2], attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        self._tree.end(tag.rpartition("}")[2])

    def data(self, text: str) -> None:
        self._tree.data(text)

    def close(self) -> Element:
        return self._tree.close()
