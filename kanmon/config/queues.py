"""The app's queues."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.section import Section
from kanmon.config.values import Name


class Queue(Section):
    """A queue, its function, and a dead-letter queue for messages after too many failures."""

    function: Name = Field(
        description="Gets the messages. It answers with `batchItemFailures`: those come again, no other does."
    )
    batch_size: int = Field(10, ge=1, le=10_000, description="Messages at once at most.")
    retries: int = Field(3, ge=1, le=1000, description="Tries, before a message is a dead letter.")
    retention_days: int = Field(4, ge=1, le=14, description="How long a message waits at most.")
