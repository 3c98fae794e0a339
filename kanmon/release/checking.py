"""Runs smoke checks inside an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.aws.refusals import CONCURRENCY
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.checks.execution import CheckResult
    from kanmon.checks.probe import Target
    from kanmon.config.checks import Check
    from kanmon.release.journal import Journal
    from kanmon.release.ports import Site


class ChecksFailedError(KanmonError):
    """Smoke checks failed; `failed` has these checks.

    Without `arrived`, none of them proves anything about the release: API Gateway does not know its stage.
    Without `invoked`, the function of one of them did not run.
    """

    def __init__(
        self,
        failed: tuple[Check, ...],
        target: Target,
        message: str,
        *,
        arrived: bool = True,
        invoked: bool = True,
    ) -> None:
        fix = Code.CHECK_FAILED.fix_with(LOG_GROUP=target.logs)
        if not invoked:
            fix = sentences(_fix_without_function(), fix)
        super().__init__(Code.CHECK_FAILED, message, where=place_of(target), fix=fix)
        self.failed = failed
        self.arrived = arrived
        self.invoked = invoked


def place_of(target: Target) -> str:
    """Where checks failed: the release, and the way to it."""
    return phrase("{release} as {target}", release=target.release, target=phrase(target.name))


def _fix_without_function() -> str:
    return phrase(
        "API Gateway answered itself, and the function did not run. Is the status 429? Raise `api.throttle` "
        "in the config. Is it 500? {concurrency} Then release again.",
        concurrency=phrase(CONCURRENCY),
    )


def check(site: Site, journal: Journal, checks: Sequence[Check], target: Target) -> None:
    """Run checks and note their results. Raises ChecksFailedError when one failed."""
    results = site.checks.run(checks, target)
    journal.record_checks(results)
    refuse_failed(results)


def refuse_failed(results: Sequence[CheckResult]) -> None:
    """Raise ChecksFailedError with the reasons when one of these checks failed. All have one target."""
    failed = [result for result in results if not result.passed]
    if failed:
        message = sentences(
            *(
                phrase("{check}: {failure}.", check=result.check.name, failure=result.failure)
                for result in failed
            )
        )
        checks = tuple(result.check for result in failed)
        arrived = any(result.arrived for result in failed)
        invoked = all(result.invoked for result in failed)
        raise ChecksFailedError(checks, failed[0].target, message, arrived=arrived, invoked=invoked)
