"""The traffic of a new release."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import MistakeError, Section
from kanmon.config.values import Percent
from kanmon.language import phrase


class CanaryStep(Section):
    """A canary step: a share of API traffic, for some time."""

    percent: Percent = Field(
        examples=[10], description="The share of all API requests for the candidate, in percent."
    )
    bake: Duration = Field(
        "5m",
        validate_default=True,
        description="The time at this share. Meanwhile Kanmon repeats the checks and reads the rollback "
        "alarms; after a failure it rolls back. With few requests, give it more time.",
    )


class Traffic(Section):
    """The traffic of a new release: all requests at once, or a share of them first."""

    strategy: Literal["all-at-once", "canary"] = Field(
        "canary",
        description="`canary`: the candidate first gets a share of the API requests, as in `steps`. "
        "`all-at-once`: it gets all requests after its checks. Pages always move at once.",
    )
    steps: tuple[CanaryStep, ...] = Field(
        ({"percent": 10, "bake": "5m"},),
        validate_default=True,
        description="The shares of a canary, one after the other. Each must be larger than the one before: "
        "`[{percent: 10, bake: 5m}, {percent: 50, bake: 10m}]`. `all-at-once` ignores them.",
    )
    bake: Duration = Field(
        "0s",
        validate_default=True,
        description="The time to watch the live release, before it counts as stable. Kanmon repeats the "
        "checks and reads the rollback alarms; after a failure it rolls back. `0s`: the checks run and the "
        "alarms are read once.",
    )

    @property
    def shares(self) -> tuple[CanaryStep, ...]:
        """The canary's shares before the release goes live, in order; none for `all-at-once`."""
        return self.steps if self.strategy == "canary" else ()

    @model_validator(mode="after")
    def _rising(self) -> Self:
        for index, (before, after) in enumerate(pairwise(self.steps), 1):
            if after.percent <= before.percent:
                raise MistakeError(
                    phrase(
                        "A share of {after} % can't come after {before} %: the shares of a canary must rise.",
                        after=after.percent,
                        before=before.percent,
                    ),
                    phrase("Write, for example, `{line}`.", line="steps: [{percent: 10}, {percent: 50}]"),
                    at=("steps", index, "percent"),
                )
        return self
