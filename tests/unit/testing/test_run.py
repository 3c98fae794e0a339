"""A verdict says everything that is wrong, and takes nobody's old report for an answer (CD-1)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kanmon.config import testing
from kanmon.errors import Code
from kanmon.testing import Verdict, run_tests
from kanmon.testing.process import app_environment

if TYPE_CHECKING:
    from pathlib import Path

PASSED = '<testsuite><testcase name="a" time="1"/></testsuite>'
FAILED = '<testsuite><testcase name="a"><failure message="no"/></testcase></testsuite>'
SKIPPED = '<testsuite><testcase name="a"><skipped/></testcase></testsuite>'


def writing(content: str, name: str = "junit.xml") -> str:
    return f"mkdir -p out && printf %s '{content}' > out/{name}"


def verdict_of(folder: Path, *commands: str, coverage: testing.Coverage | None = None) -> Verdict:
    config = testing.Test(commands=commands, results=("out/junit*.xml",), coverage=coverage)
    return run_tests(config, folder, lambda _: None, lambda _: None)


def codes(verdict: Verdict) -> list[Code]:
    return [failure.code for failure in verdict.failures]


def test_tests_that_pass_pass(tmp_path: Path) -> None:
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
def test_whatever_is_wrong_fails_the_verdict(
    tmp_path: Path, commands: list[str], expected: list[Code]
) -> None:
    assert codes(verdict_of(tmp_path, *commands)) == expected


def test_all_commands_run_even_after_one_that_failed(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, "exit 7", writing(PASSED))
    assert [result.status for result in verdict.commands] == [7, 0]
    assert codes(verdict) == [Code.TESTS_FAILED]
    assert "status 7" in verdict.failures[0].message


def test_an_old_report_says_nothing_about_this_run(tmp_path: Path) -> None:
    assert verdict_of(tmp_path, writing(PASSED)).passed
    verdict = verdict_of(tmp_path, "echo the tool crashed")
    assert codes(verdict) == [Code.RESULTS_MISSING]
    assert "only 1 from before" in verdict.failures[0].message


def test_a_report_written_again_with_the_same_content_counts(tmp_path: Path) -> None:
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
def test_coverage_below_what_is_asked_for_fails(
    tmp_path: Path, rules: dict[str, float], expected: list[Code]
) -> None:
    rules_ = testing.Coverage(reports=("out/lcov",), **rules)
    verdict = verdict_of(tmp_path, writing(PASSED), writing(LCOV, "lcov"), coverage=rules_)
    assert codes(verdict) == expected


def test_a_coverage_report_that_is_missing_fails(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, writing(PASSED), coverage=testing.Coverage(reports=("out/lcov",)))
    assert codes(verdict) == [Code.RESULTS_MISSING]


def test_what_a_command_prints_comes_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    config = testing.Test(commands=("printf 'a\\nb'; echo c >&2",), results=("x",))
    run_tests(config, tmp_path, lines.append, lines.append)
    assert lines[1:] == ["a", "bc"]


def test_what_a_command_left_running_ends_with_it(tmp_path: Path) -> None:
    verdict_of(tmp_path, "sleep 1000 & echo $! > pid")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_an_interruption_ends_the_command(tmp_path: Path) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    config = testing.Test(commands=("echo $$ > pid; echo started; sleep 1000",), results=("x",))
    with pytest.raises(KeyboardInterrupt):
        run_tests(config, tmp_path, lambda _: None, interrupted)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_apps_tests_get_nothing_by_which_they_could_speak_for_the_step() -> None:
    """SEC-5: the commands come with the pull request."""
    given = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SHA": "1",
        "GITHUB_TOKEN": "t",
        "GITHUB_OUTPUT": "o",
        "GITHUB_STEP_SUMMARY": "s",
        "GITHUB_ENV": "e",
        "GITHUB_PATH": "p",
        "INPUT_TOKEN": "t",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
        "PATH": "/bin",
    }
    assert app_environment(given) == {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "1", "PATH": "/bin"}
    assert app_environment({"INPUT_X": "mine"}) == {"INPUT_X": "mine"}
