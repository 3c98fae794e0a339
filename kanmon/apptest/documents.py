"""Reads report files safely.

Unreviewed code wrote them: a file is read whole or refused (SEC-5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, TreeBuilder

from defusedxml.ElementTree import DefusedXMLParser

from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

LARGEST = 50 * 1024 * 1024
"""The greatest size of a report, in bytes."""
DEEPEST = 100
"""The deepest nesting of elements in a report."""
MOST = 1_000_000
"""The greatest number of elements in a report."""


def unreadable(where: str, reason: str) -> KanmonError:
    """The error for a refused report.

    `reason` completes the sentence "The report …".
    """
    return KanmonError(Code.RESULTS_UNREADABLE, f"The report {reason}.", where=where)


def read_report(path: Path, where: str) -> bytes:
    """The content of a report.

    Raises RESULTS_UNREADABLE if it is too large or can't be opened.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise unreadable(where, f"can't be opened: {error.strerror}") from None
    if len(content) > LARGEST:
        raise unreadable(where, f"is larger than {LARGEST // 1024**2} MB")
    return content


def parse_xml(content: bytes, where: str) -> Element:
    """The root of an XML document, with names without their namespaces.

    Cobertura reports name an external DTD: it is not read. Raises RESULTS_UNREADABLE for malformed XML,
    for entities, defined or external (https://docs.python.org/3/library/xml.html#xml-security), for too deep
    nesting and for too many elements.
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
    """The document is beyond the limits."""


class _Bounded:
    """Builds a tree of elements, up to the limits."""

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
