"""Reads report files safely.

Unreviewed code wrote them: a file is read whole or refused (SEC-5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError, TreeBuilder

from defusedxml.ElementTree import DefusedXMLParser

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.regular_file import RefusedFileError, TooBigError, read_regular

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

LARGEST = 50 * 1024 * 1024
"""The greatest size of a report, in bytes."""
DEEPEST = 100
"""The deepest nesting of elements in a report."""
MOST = 300_000
"""The greatest number of elements in a report. With attributes, so many take 300 MB of memory."""


def unreadable(where: str, reason: str) -> KanmonError:
    """The error for a refused report.

    `reason` completes the sentence "The report …".
    """
    return KanmonError(Code.RESULTS_UNREADABLE, f"The report {reason}.", where=where)


def too_big(where: str, reason: str) -> KanmonError:
    """The error for a report beyond the limits.

    `reason` completes the sentence "The report …".
    """
    return KanmonError(Code.REPORT_TOO_BIG, f"The report {reason}.", where=where)


def read_report(path: Path, where: str) -> bytes:
    """The content of a report.

    Raises REPORT_TOO_BIG or RESULTS_UNREADABLE.
    """
    try:
        return read_regular(path, LARGEST)
    except TooBigError as error:
        raise too_big(where, str(error)) from None
    except FileNotFoundError:
        raise unreadable(where, "is not there any more") from None
    except RefusedFileError as error:
        raise unreadable(where, str(error)) from None


def parse_xml(content: bytes, where: str) -> Element:
    """The root of an XML document, with names without their namespaces.

    Cobertura reports name an external DTD: it is not read. Raises RESULTS_UNREADABLE for malformed XML
    and for entities, defined or external (https://docs.python.org/3/library/xml.html#xml-security),
    for too deep nesting. Raises REPORT_TOO_BIG for too many elements.
    """
    parser = DefusedXMLParser(target=_Bounded())
    try:
        parser.feed(content)
        root: Element = parser.close()
    except ParseError as error:
        raise unreadable(where, f"is not well-formed XML: {error}") from None
    except _TooDeepError as error:
        raise unreadable(where, str(error)) from None
    except _TooMuchError as error:
        raise too_big(where, str(error)) from None
    except (ValueError, LookupError):  # defusedxml's refusals are ValueErrors
        raise unreadable(where, "defines entities, or is in an encoding that is not known") from None
    return root


class _TooDeepError(Exception):
    """The document has too many levels."""


class _TooMuchError(Exception):
    """The document has too many elements."""


class _Bounded:
    """Builds a tree of elements, up to the limits."""

    def __init__(self) -> None:
        self._tree = TreeBuilder()
        self._depth = self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST:
            raise _TooDeepError(f"is nested deeper than {DEEPEST} elements")
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
