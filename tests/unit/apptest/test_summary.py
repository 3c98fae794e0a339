"""The verdict in a file: a job with a token reads it, and the app's code may have written it (TRU-3)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.apptest.results import Case, CaseOutcome, Results
from kanmon.apptest.run import Verdict
from kanmon.apptest.summary import Summary, read_summary, summary_of, write_summary
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path

LONG = "関" * 200_000
GOOD: dict[str, Any] = {
    "passed": False,
    **dict.fromkeys(["total", "good", "failed", "flaky", "skipped", "seconds"], 1),
    "problems": [{"code": "KNM-121", "message": "no"}],
    "cases": [{"name": "a", "suite": "", "file": "", "line": None, "details": ""}],
}


def long_verdict() -> Verdict:
    """Many tests with long texts."""
    case = Case(LONG, LONG, LONG, 1, 1.0, CaseOutcome.FAILED, LONG, LONG)
    failure = KanmonError(Code.TESTS_FAILED, LONG, where=LONG)
    return Verdict(Results((case,) * 101), None, None, (), (failure,))


def test_the_longest_verdict_is_read_back(tmp_path: Path) -> None:
    summary = summary_of(long_verdict())
    write_summary(summary, tmp_path / "new/verdict.json")
    assert read_summary(tmp_path / "new/verdict.json") == summary
    assert summary.failed == 101
    assert len(summary.cases) == 100


def test_what_the_apps_commands_left_there_is_replaced(tmp_path: Path) -> None:
    """TRU-6: writing into a FIFO would never end, and a link leads elsewhere."""
    os.mkfifo(tmp_path / "verdict.json")
    write_summary(summary_of(long_verdict()), tmp_path / "verdict.json")
    assert read_summary(tmp_path / "verdict.json").failed == 101


@pytest.mark.parametrize(
    "change",
    [
        {"total": -1},
        {"seconds": float("inf")},
        {"failed": "1"},
        {"page": "https://evil.example"},
        {"problems": [{"code": "**bold**", "message": ""}]},
        {"problems": [{"code": "KNM-121", "message": "x" * 2_001}]},
        {"cases": GOOD["cases"] * 101},
        {"cases": [{**GOOD["cases"][0], "name": "x" * 301}]},
        {"lines": {"covered": 1, "total": 10**30}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_made_up_verdict_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    """TRU-5, TRU-6"""
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(GOOD))
    assert isinstance(read_summary(path), Summary)
    path.write_text(json.dumps(GOOD | change))
    assert _refusal(path).code is Code.RESULTS_UNREADABLE


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b" " * (32 * 1024 * 1024 + 1)])
def test_a_file_without_a_verdict_is_refused(tmp_path: Path, content: bytes) -> None:
    """TRU-6"""
    (tmp_path / "verdict.json").write_bytes(content)
    assert _refusal(tmp_path / "verdict.json").code is Code.RESULTS_UNREADABLE


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """TRU-6: a FIFO would be read for ever."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/hostname")
    for name in ("fifo", "link", "missing"):
        assert _refusal(tmp_path / name).code is Code.RESULTS_UNREADABLE


def _refusal(path: Path) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        read_summary(path)
    return caught.value
