"""Runs the team's own tests (`verify`) against a candidate, before any user is on it (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences
from kanmon.model import OperationKind
from kanmon.release.checking import place_of
from kanmon.release.events import EventKind

if TYPE_CHECKING:
    from kanmon.checks.probe import Target
    from kanmon.release.steps import Steps

_SHOWN = 3
"""The failures in a message. The job summary has all."""


def run_own_tests(steps: Steps, candidate: Target) -> None:
    """Run the team's own tests against a new release. Raises CANDIDATE_REFUSED when one failed.

    A rollback runs none: its target passed them once, and users wait.
    """
    if steps.operation.kind is not OperationKind.DEPLOY:
        return
    verify, commit = steps.release.current_config.verify, steps.release.manifest.commit
    if verify is None:
        return
    text = phrase("your own tests of {commit} run in {image}", commit=commit[:12], image=verify.image)
    steps.journal.emit(EventKind.NOTE, text)
    verdict = steps.services.preview_tests.run(verify, commit, candidate, steps.site.url, steps.obey)
    steps.journal.emit(EventKind.NOTE, _numbers(verdict.results.executed, len(verdict.results.failures)))
    if not verdict.passed:
        problem = sentences(*(failure.message for failure in verdict.failures[:_SHOWN]))
        raise KanmonError(Code.CANDIDATE_REFUSED, problem, where=place_of(candidate))


def _numbers(executed: int, failed: int) -> str:
    if executed == 1:
        return phrase("1 test of your own ran, {failed} failed", failed=failed)
    return phrase("{executed} tests of your own ran, {failed} failed", executed=executed, failed=failed)
