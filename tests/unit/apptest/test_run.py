"""The verdict on the app's tests: it names everything that is wrong, and no old report counts (CD-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.apptest.run import Verdict, run_tests
from kanmon.codes import Code
from kanmon.config import test

if TYPE_CHECKING:
    from pathlib import Path

PASSED = '<testsuite><testcase name="a" time="1"/></testsuite>'
FAILED = '<testsuite><testcase name="a"><failure message="no"/></testcase></testsuite>'
SKIPPED = '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'


def writing(content: str, name: str = "junit.xml") -> str:
    return f"mkdir -p out && printf %s '{content}' > out/{name}"


def verdict_of(folder: Path, *commands: str, coverage: test.CoverageRules | None = None) -> Verdict:
    config = test.AppTests(commands=commands, results=("out/junit*.xml",), coverage=coverage)
    return run_tests(config, folder, lambda _: None, lambda _: None)


def codes(verdict: Verdict) -> list[Code]:
    return [failure.code for failure in verdict.failures]


def test_passing_tests_pass(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, writing(PASSED))
    assert verdict.passed
    assert verdict.results.executed == 1
    assert verdict.results.files == ("out/junit.xml",)


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([writing(FAILED)], [Code.TESTS_FAILED]),
        ([writing(FAILED) + "; exit 1"], [Code.TESTS_FAILED, Code.TESTS_FAILED]),
        ([writing(PASSED) + "; exit 3"], [Code.TESTS_FAILED]),
        (["true"], [Code.RESULTS_MISSING]),
        ([writing(SKIPPED)], [Code.RESULTS_MISSING]),
        ([writing("<testsuite/>")], [Code.RESULTS_MISSING]),
        ([writing("<nothing>")], [Code.RESULTS_UNREADABLE]),
        (["mkdir out; ln -s /etc/hostname out/junit.xml"], [Code.UNSAFE_PATH]),
    ],
)
def test_any_problem_fails_the_verdict(tmp_path: Path, commands: list[str], expected: list[Code]) -> None:
    assert codes(verdict_of(tmp_path, *commands)) == expected


def test_a_bad_report_hides_no_good_one(tmp_path: Path) -> None:
    """A crashed worker cuts off the first of two files that one pattern takes in."""
    verdict = verdict_of(
        tmp_path,
        writing("<testsuite><testcase name=", "junit-a.xml"),
        writing(FAILED, "junit-b.xml"),
        "ln -s /etc/hostname out/junit-c.xml",
        writing(PASSED, "junit-d.xml"),
    )
    assert codes(verdict) == [Code.TESTS_FAILED, Code.RESULTS_UNREADABLE, Code.UNSAFE_PATH]
    assert verdict.results.files == ("out/junit-b.xml", "out/junit-d.xml")
    assert verdict.results.executed == 2


def test_a_bad_report_is_one_problem_although_two_patterns_take_it_in(tmp_path: Path) -> None:
    config = test.AppTests(commands=(writing("<a"),), results=("out/junit*.xml", "out/*.xml"))
    verdict = run_tests(config, tmp_path, lambda _: None, lambda _: None)
    assert codes(verdict) == [Code.RESULTS_UNREADABLE]


def test_all_commands_run_after_a_failed_one(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, "exit 7", writing(PASSED))
    assert [result.status for result in verdict.commands] == [7, 0]
    assert codes(verdict) == [Code.TESTS_FAILED]
    assert "status 7" in verdict.failures[0].message


def test_an_old_report_does_not_count(tmp_path: Path) -> None:
    assert verdict_of(tmp_path, writing(PASSED)).passed
    verdict = verdict_of(tmp_path, "echo the tool crashed")
    assert codes(verdict) == [Code.RESULTS_MISSING]
    assert "only 1 from before" in verdict.failures[0].message


def test_a_report_written_again_counts(tmp_path: Path) -> None:
    """Its content may be the same."""
    assert verdict_of(tmp_path, writing(PASSED)).passed
    assert verdict_of(tmp_path, writing(PASSED)).passed


LCOV = "SF:a.py\nDA:1,1\nDA:2,1\nDA:3,0\nend_of_record\n"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"minimum": 66.66}, []),
        ({"minimum": 66.67}, [Code.COVERAGE_LOW]),
        ({"minimum": 0, "branches": 50}, [Code.RESULTS_MISSING]),
    ],
)
def test_a_low_coverage_fails(tmp_path: Path, rules: dict[str, float], expected: list[Code]) -> None:
    rules_ = test.CoverageRules(reports=("out/lcov",), **rules)
    verdict = verdict_of(tmp_path, writing(PASSED), writing(LCOV, "lcov"), coverage=rules_)
    assert codes(verdict) == expected


def test_a_bad_coverage_report_hides_no_good_one(tmp_path: Path) -> None:
    bad = writing("SF:a.py", "lcov-a")
    rules = test.CoverageRules(reports=("out/lcov*",), minimum=80)
    verdict = verdict_of(tmp_path, writing(PASSED), bad, writing(LCOV, "lcov-b"), coverage=rules)
    assert codes(verdict) == [Code.RESULTS_UNREADABLE, Code.COVERAGE_LOW]
    assert verdict.coverage is not None
    assert verdict.coverage.lines.total == 3


def test_a_missing_coverage_report_fails(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, writing(PASSED), coverage=test.CoverageRules(reports=("out/lcov",)))
    assert codes(verdict) == [Code.RESULTS_MISSING]
