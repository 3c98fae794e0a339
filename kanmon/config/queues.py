"""The app's queues."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from kanmon.config.section import MistakeError, Section
from kanmon.config.values import Name
from kanmon.language import phrase


class Queue(Section):
    """A queue, its function, and a dead-letter queue for messages after too many failures."""

    function: Name | None = Field(
        None,
        examples=["mail"],
        description="The function to process the messages: a name under `functions`. It returns the ids of "
        "failed messages in `batchItemFailures`; only these come again. An empty list means success. Without "
        "it, the messages stay for a person, such as those of `functions.<name>.dead_letters`, and the queue "
        "has no dead-letter queue of its own.",
    )
    batch_size: int = Field(
        10,
        ge=1,
        le=10_000,
        description="The most messages in one call of the function. With more "
        "than 10, Lambda waits up to a second to collect them.",
    )
    retries: int = Field(
        3,
        ge=1,
        le=1000,
        description="The number of tries for a message. After the last one, it moves to "
        "the dead-letter queue `<app>-<environment>-<name>-dead`, and stays there for 14 days.",
    )
    retention_days: int = Field(
        4, ge=1, le=14, description="Days to keep an unprocessed message. Then SQS deletes it."
    )

    @model_validator(mode="after")
    def _of_its_function(self) -> Self:
        for key in ("batch_size", "retries"):
            if self.function is None and getattr(self, key) != type(self).model_fields[key].default:
                raise MistakeError(
                    phrase("`{key}` is for the function of a queue, and this queue has none.", key=key),
                    phrase("Remove it, or add `function`."),
                    at=(key,),
                )
        return self
