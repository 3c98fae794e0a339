"""A warm invocation answers when the function does, not 50 milliseconds later.

ministack waits that long for a first log line of a function that wrote none. A line written
before the answer is there within a few milliseconds; a later one is logged with the next answer.
"""

from __future__ import annotations

from typing import Any

from tests.embedded.server.modules import lambda_runtime

FIRST_LINE_SECONDS = 0.002
_drain = lambda_runtime.Worker._drain_stderr_bounded


def apply() -> None:
    """Shorten the wait."""
    lambda_runtime.Worker._drain_stderr_bounded = drain


def drain(worker: Any) -> Any:
    """The lines that are there."""
    return _drain(worker, first_line_wait=FIRST_LINE_SECONDS, idle_confirm=0.002)
