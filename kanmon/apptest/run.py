"""Runs the app's tests and judges their reports (CD-1)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kanmon.appcommand.process import run_command
from kanmon.apptest.coverage import Coverage, merge, read_coverage
from kanmon.apptest.files import check_inside, fresh_files, stamps
from kanmon.apptest.junit import read_results
from kanmon.apptest.results import Results
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from kanmon.apptest.files import Stamp
    from kanmon.apptest.share import Share
    from kanmon.config.test import AppTests, CoverageRules

    Read = TypeVar("Read")

_SHOWN = 200


@dataclass(frozen=True)
class CommandResult:
    """How a test command ended."""

    command: str
    status: int
    """The exit status, negative for a signal: -15 for SIGTERM."""
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """The verdict on the app's tests."""

    results: Results
    coverage: Coverage | None
    """The measured coverage; None when the config has no rules, or no report could be read."""
    rules: CoverageRules | None
    commands: tuple[CommandResult, ...]
    failures: tuple[KanmonError, ...]
    """All reasons against a pass."""

    @property
    def passed(self) -> bool:
        """Whether everything required is there and good."""
        return not self.failures


def run_tests(
    config: AppTests, project: Path, on_command: Callable[[str], None], on_line: Callable[[str], None]
) -> Verdict:
    """Run all test commands in `project`, one after the other, and judge their reports.

    `on_command` gets every command before it runs. `on_line` gets every printed line. All problems are in the
    verdict: TESTS_FAILED for commands and tests; RESULTS_MISSING, RESULTS_UNREADABLE and UNSAFE_PATH for
    reports; COVERAGE_LOW. Only an interruption is raised, after the running command was ended.
    """
    rules = config.coverage
    patterns = (*config.results, *(rules.reports if rules else ()))
    before = stamps(patterns, project)
    commands = tuple(_run(command, project, on_command, on_line) for command in config.commands)
    return judge(commands, config.results, project, before=before, rules=rules)


def judge(
    commands: tuple[CommandResult, ...],
    patterns: tuple[str, ...],
    project: Path,
    *,
    before: Mapping[Path, Stamp] | None = None,
    rules: CoverageRules | None = None,
) -> Verdict:
    """Judge commands that ended, by the reports in `project` that match `patterns`.

    `before` has the stamps of the files from before the commands. All problems are in the verdict, as for
    :func:`run_tests`.
    """
    reports = _Reports(project, before or {})
    found, problems = reports.read(patterns, read_results)
    results = Results(
        tuple(case for cases in found.values() for case in cases),
        tuple(path.relative_to(project).as_posix() for path in found),
    )
    failures = [*_failed(commands), *_judge_results(results), *problems]
    coverage = None
    if rules:
        measured, problems = reports.read(rules.reports, read_coverage)
        coverage = merge(file for files in measured.values() for file in files) if measured else None
        failures += [*problems, *(_judge_coverage(coverage, rules) if coverage else ())]
    return Verdict(results, coverage, rules, commands, tuple(failures))


def _run(
    command: str, project: Path, on_command: Callable[[str], None], on_line: Callable[[str], None]
) -> CommandResult:
    on_command(command)
    began = time.monotonic()
    status = run_command(command, project, on_line)
    return CommandResult(command, status, time.monotonic() - began)


@dataclass(frozen=True)
class _Reports:
    project: Path
    before: Mapping[Path, Stamp]

    def read(
        self, patterns: Iterable[str], read: Callable[[Path, Path], Read]
    ) -> tuple[dict[Path, Read], list[KanmonError]]:
        """The content of each fresh report, read once, and the problem of each other one."""
        contents: dict[Path, Read] = {}
        problems = []
        found: dict[Path, None] = {}
        for pattern in patterns:
            try:
                found |= dict.fromkeys(fresh_files(pattern, self.project, self.before))
            except KanmonError as problem:
                problems.append(problem)
        for path in found:
            try:
                check_inside(path, self.project)
                contents[path] = read(path, self.project)
            except KanmonError as problem:
                problems.append(problem)
        return contents, problems


def _failed(commands: Iterable[CommandResult]) -> list[KanmonError]:
    return [
        KanmonError(
            Code.TESTS_FAILED,
            phrase(
                "`{command}` ended with status {status}.",
                command=one_line(result.command, _SHOWN),
                status=result.status,
            ),
            fix=phrase(_READ_LOG),
        )
        for result in commands
        if result.status
    ]


_READ_LOG = deferred("Its output is in the step's log.")


def _judge_results(results: Results) -> list[KanmonError]:
    failed = results.failures
    if failed:
        one = failed[0]
        place = f"{one.file}:{one.line}" if one.line else one.file
        problem = phrase(
            "{failed} of {executed} tests failed; the first is {name}.",
            failed=len(failed),
            executed=results.executed,
            name=one_line(one.name, _SHOWN),
        )
        return [KanmonError(Code.TESTS_FAILED, problem, where=place or None)]
    if results.files and not results.executed:
        problem = phrase("No test ran: the reports are empty.")
        if results.cases:
            problem = phrase("No test ran: all {number} are skipped.", number=len(results.cases))
        return [KanmonError(Code.RESULTS_MISSING, problem)]
    return []


def _judge_coverage(coverage: Coverage, rules: CoverageRules) -> list[KanmonError]:
    if not coverage.lines.total:
        return [KanmonError(Code.RESULTS_MISSING, phrase("The coverage reports measure no line of code."))]
    problems = _below(_LINES, coverage.lines, rules.minimum)
    if rules.branches is not None:
        problems += _below(_BRANCHES, coverage.branches, rules.branches)
        if rules.branches and not coverage.branches.total:
            problem = phrase(
                "The coverage reports measure no branches, and `test.coverage.branches` asks for them."
            )
            fix = phrase("Have the tool measure branches (`coverage run --branch`), or remove the key.")
            problems.append(KanmonError(Code.RESULTS_MISSING, problem, fix=fix))
    return problems


_LINES = deferred("{percent:.2f} % of the lines are covered, less than {minimum:g} %.")
_BRANCHES = deferred("{percent:.2f} % of the branches are covered, less than {minimum:g} %.")


def _below(problem: str, share: Share, minimum: float) -> list[KanmonError]:
    if share.reaches(minimum):
        return []
    message = phrase(problem, percent=share.percent, minimum=minimum)
    return [KanmonError(Code.COVERAGE_LOW, message)]
