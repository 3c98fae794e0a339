"""A warm invocation answers when the function does, not 50 milliseconds later.

ministack waits for a function's first log line, even if there is none. A line written
before the answer is there within a few milliseconds; a later one is logged with the next answer.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import lambda_runtime

FIRST_LINE_SECONDS = 0.002
_drain = lambda_runtime.Worker._drain_stderr_bounded


def apply() -> None:
    """Shorten the wait."""
    lambda_runtime.Worker._drain_stderr_bounded = drain


def drain(worker: Any, first_line_wait: float = FIRST_LINE_SECONDS) -> Any:
    """The lines so far."""
    return _drain(worker, first_line_wait=first_line_wait, idle_confirm=0.002)
