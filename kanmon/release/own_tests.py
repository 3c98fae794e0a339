"""Runs the team's own tests (`verify`) against a candidate, before any user is on it (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import OperationKind
from kanmon.release.events import EventKind
from kanmon.text import counted

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
    steps.journal.emit(EventKind.NOTE, f"your own tests of {commit[:12]} run in {verify.image}")
    verdict = steps.services.preview_tests.run(verify, commit, candidate, steps.site.url, steps.obey)
    text = f"{counted(verdict.results.executed, 'test')} of your own ran"
    steps.journal.emit(EventKind.NOTE, f"{text}, {len(verdict.results.failures)} failed")
    if not verdict.passed:
        problem = " ".join(failure.message for failure in verdict.failures[:_SHOWN])
        raise KanmonError(Code.CANDIDATE_REFUSED, problem, where=f"{candidate.release} as candidate")
