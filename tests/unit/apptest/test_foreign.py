"""A report of another kind is named in the reader's language, with the way to a right one (DOC-1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kanmon.apptest.documents import open_text
from kanmon.apptest.foreign import (
    check_coverage,
    check_json,
    check_results,
    foreign_coverage,
    foreign_results,
)
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("japanese")
JAPANESE = re.compile("[\u3041-\u30ff]")


def _is_japanese(error: KanmonError) -> bool:
    return bool(JAPANESE.search(error.message) and JAPANESE.search(error.fix))


@pytest.mark.parametrize("root", ["TestRun", "test-run", "assembly", "html", "report", "coverage", "unknown"])
def test_foreign_results_are_named_in_japanese(root: str) -> None:
    assert _is_japanese(foreign_results(root, "report.xml"))


@pytest.mark.parametrize(
    "root", ["report", "clover", "CoverageSession", "html", "robot", "testsuite", "unknown"]
)
def test_foreign_coverage_is_named_in_japanese(root: str) -> None:
    assert _is_japanese(foreign_coverage(root, "report.xml"))


@pytest.mark.parametrize(
    ("check", "head"),
    [
        (check_results, "TN:"),
        (check_results, "1..3"),
        (check_results, "a text"),
        (check_coverage, "mode: set"),
        (check_json, '{"data": [], "type": "llvm.coverage.json.export"}'),
    ],
)
def test_a_foreign_text_is_named_in_japanese(check: Callable[[str, str], None], head: str) -> None:
    with pytest.raises(KanmonError) as refused:
        check(head, "report")
    assert _is_japanese(refused.value)


@pytest.mark.parametrize("encoding", ["utf-99", "zlib_codec"])
def test_an_unknown_encoding_is_refused_in_japanese(encoding: str) -> None:
    """No encoding has the note in its name, in no language."""
    with pytest.raises(KanmonError) as refused:
        open_text(f'<?xml version="1.0" encoding="{encoding}"?>'.encode(), "report.xml")
    assert refused.value.code is Code.RESULTS_UNREADABLE
    assert _is_japanese(refused.value)
