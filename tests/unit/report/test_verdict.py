"""People's view of their tests: as much as fits, and nothing else (CD-1, SEC-5)."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from kanmon.apptest.coverage import Coverage, FileCoverage
from kanmon.apptest.results import Case, CaseOutcome, Results
from kanmon.apptest.run import CommandResult, Verdict
from kanmon.apptest.summary import summary_of
from kanmon.cli.commands import test as test_command
from kanmon.codes import Code
from kanmon.config.test import CoverageRules
from kanmon.errors import KanmonError
from kanmon.github.comments import COMMENT_LIMIT
from kanmon.github.runner import HarmlessLog, Runner
from kanmon.report.console import make_console
from kanmon.report.step import WorkflowStep
from kanmon.report.verdict import print_verdict, verdict_markdown

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "::error::x\n##[group]y | </details><script>alert(1)</script> @team closes #1 `${{ secrets.X }}` "
    "[a](http://b)\n```\n# out"
)
GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def case(name: str, outcome: CaseOutcome = CaseOutcome.PASSED, details: str = "") -> Case:
    return Case(name, "suite", "tests/a.py", 3, 0.5, outcome, details.partition("\n")[0], details)


def verdict(*cases: Case, file: str = "shop/a.py", failures: tuple[KanmonError, ...] = ()) -> Verdict:
    hits = {1: True, 2: False, 3: True}
    return Verdict(
        Results(cases, ("junit.xml",)),
        Coverage((FileCoverage(file, hits, {1: {"x": True, "y": False}}),)),
        CoverageRules(reports=("c",), minimum=60),
        (CommandResult("make test", 0, 1.25),),
        failures,
    )


def test_the_numbers_are_there() -> None:
    cases = case("a"), case("b", CaseOutcome.FLAKY), case("c", CaseOutcome.SKIPPED)
    markdown = verdict_markdown(summary_of(verdict(*cases)), 10_000, "")
    assert "| 3 | 1 | 0 | 1 | 1 | 1.25 s | 66.66 % (at least 60 %) | 50.00 % |" in markdown
    assert markdown.startswith("## Tests passed")
    assert not markdown.rstrip().endswith(")")


def test_a_report_with_little_in_it_is_shown() -> None:
    bare = Case("a", "", "", None, 0.0, CaseOutcome.FAILED, "", "")
    markdown = verdict_markdown(summary_of(Verdict(Results((bare,)), None, None, (), ())), 10_000, "")
    assert "<summary><b>a</b></summary>" in markdown
    assert "The report gives no reason." in markdown


def test_hostile_names_show_as_themselves() -> None:
    failure = KanmonError(Code.TESTS_FAILED, HOSTILE, where=HOSTILE)
    hostile = Case(HOSTILE, HOSTILE, HOSTILE, 1, 1.0, CaseOutcome.FAILED, HOSTILE, HOSTILE)
    summary = summary_of(verdict(hostile, file=HOSTILE, failures=(failure,)))
    markdown = verdict_markdown(summary, 100_000, "https://run")
    html = GFM.render(markdown)
    assert "<script" not in html
    assert re.findall(r"<h\d", html) == ["<h2"]
    assert re.findall('href=.([^"]*)', html) == ["https://run"]
    assert html.count("<details>") == 3
    assert html.count("</details>") == 3
    assert html.count("<table>") == 3
    outside = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)
    assert not re.search(r"@team|#1|://b", outside)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 300), st.integers(1, 3_000), st.integers(5_000, 60_000))
def test_it_always_fits_and_counts_the_left_out_tests(failed: int, size: int, limit: int) -> None:
    cases = [case(f"test {number}", CaseOutcome.FAILED, "関" * size) for number in range(failed)]
    markdown = verdict_markdown(summary_of(verdict(*cases)), limit, "https://run")
    assert len(markdown.encode()) <= limit <= COMMENT_LIMIT
    shown = markdown.count("関" * size)
    assert (shown == failed) == ("not shown" not in markdown)
    if shown < failed:
        assert f"{failed - shown}{' more' if shown else ''} failed tests are not shown" in markdown


@pytest.mark.parametrize(("count", "size"), [(3, 10), (20, 10), (1000, 10), (1000, 2_000), (20, 2_000)])
def test_many_problems_fit_and_are_counted(count: int, size: int) -> None:
    """Each report that can't be read is one, and a pattern takes in thousands."""
    failures = [KanmonError(Code.RESULTS_UNREADABLE, "<" * size, where=f"{n}") for n in range(count)]
    cases = [case(f"test {number}", CaseOutcome.FAILED, "no") for number in range(9)]
    limit = COMMENT_LIMIT - 100
    markdown = verdict_markdown(summary_of(verdict(*cases, failures=tuple(failures))), limit, "https://run")
    assert len(markdown.encode()) <= limit
    shown = markdown.count("**KNM")
    assert (shown == count) == ("problems are not shown" not in markdown)
    if shown < count:
        assert f"- {count - shown} more problems are not shown here" in markdown
    if size == 10:
        assert shown == min(count, 20)
        assert "<b>test 8</b>" in markdown


def test_a_step_names_the_first_failures_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    log = io.StringIO()
    failure = KanmonError(Code.TESTS_FAILED, "30 of 30 tests failed.")
    cases = [case(f"test {number}", CaseOutcome.FAILED, "no\n::error::") for number in range(30)]
    WorkflowStep(Runner(log)).verdict(verdict(*cases, failures=(failure,)), tmp_path / "app")
    annotations = log.getvalue().splitlines()
    assert len(annotations) == 10
    assert annotations[0].startswith("::error title=Kanmon KNM-121::KNM-121: 30 of 30 tests failed.")
    assert annotations[1] == "::error title=test 0,file=app/tests/a.py,line=3::no"
    written = dict(
        re.findall(r"^(\w+)<<(?:ghadelimiter_\S+)\n(.*)$", (tmp_path / "GITHUB_OUTPUT").read_text(), re.M)
    )
    assert written.pop("error") == "KNM-121: 30 of 30 tests failed."
    assert written == {"tests": "30", "failed": "30", "coverage": "66.66"}
    assert set(written) == set(test_command.COMMAND.outputs)
    assert "<b>test 29</b>" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()


def test_a_log_counts_the_failed_tests_beyond_two_hundred() -> None:
    """TRU-6: 20,000 of them took more than ten seconds to print."""
    file = io.StringIO()
    print_verdict(make_console(file), verdict(*[case(f"t{n}", CaseOutcome.FAILED) for n in range(203)]))
    assert " t199 " in file.getvalue()
    assert " t200 " not in file.getvalue()
    assert "and 3 more failed tests: see the reports" in file.getvalue()


def test_a_log_holds_a_failed_test_and_no_command() -> None:
    file = io.StringIO()
    log = HarmlessLog(file)
    print_verdict(make_console(log), verdict(case(HOSTILE, CaseOutcome.FAILED, HOSTILE), case("b")))  # type: ignore[arg-type]
    log.close()
    assert "2 tests ran, 1 failed; 66.66 % of the lines covered" in file.getvalue()
    assert not re.search(r"^\s*::|##\[", file.getvalue(), re.M)
