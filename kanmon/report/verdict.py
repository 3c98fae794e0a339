"""Test results in the terminal, the job summary and the pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase
from kanmon.report.console import styled
from kanmon.report.markdown import render_markdown
from kanmon.text import counted

if TYPE_CHECKING:
    from kanmon.apptest.run import Verdict
    from kanmon.apptest.summary import Summary
    from kanmon.report.console import Screen

_PRINTED = 200
"""The most failed tests in the terminal. More of them hide the first error, and take seconds to print."""
_SHOWN = ((100, 20), (50, 20), (20, 20), (10, 20), (5, 20), (1, 20), (0, 20), (0, 5), (0, 1), (0, 0))
"""The failed tests and the problems, fewer and fewer until they fit."""


def verdict_markdown(summary: Summary, limit: int, page: str = "") -> str:
    """The verdict in at most `limit` bytes, with the details of as many failed tests as possible.

    `page` is the address of the run, for readers outside of the run's page.
    """
    markdown = ""
    for shown, problems in _SHOWN:
        values = {"summary": summary, "shown": shown, "problems": problems, "page": page}
        markdown = render_markdown("verdict.md.j2", **values)
        if len(markdown.encode()) <= limit:
            break
    return markdown


def print_verdict(console: Screen, verdict: Verdict) -> None:
    """Print the test results: the first failed tests, then the numbers."""
    results = verdict.results
    for case in results.failures[:_PRINTED]:
        place = f" {case.file}:{case.line}" if case.line else f" {case.file}" if case.file else ""
        console.print(
            "[red]{outcome:>6}[/] {case}",
            outcome=phrase(case.outcome),
            case=f"{case.suite} {case.name}{place}",
        )
        console.print("       [dim]{message}[/]", message=case.message.strip().partition("\n")[0])
    if (more := len(results.failures) - _PRINTED) > 0:
        console.print(deferred("       and {more} more failed tests: see the reports"), more=str(more))
    colour = "green" if verdict.passed else "red"
    console.print("{numbers}", numbers=styled(_numbers(verdict), colour))


def _numbers(verdict: Verdict) -> str:
    """The results in numbers, on one line."""
    results = verdict.results
    numbers = phrase(
        "{tests} ran, {failed} failed",
        tests=counted(results.executed, "test"),
        failed=len(results.failures),
    )
    if results.flaky:
        numbers += phrase(", {number} only passed when run again", number=results.flaky)
    if results.skipped:
        numbers += phrase(", {number} skipped", number=results.skipped)
    if verdict.coverage:
        numbers += phrase("; {percent:.2f} % of the lines covered", percent=verdict.coverage.lines.percent)
    return numbers
