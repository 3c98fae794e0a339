"""The traffic of a new release."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import Section
from kanmon.config.values import Percent


class CanaryStep(Section):
    """A canary step: a share of API traffic, for some time."""

    percent: Percent = Field(description="Share of API requests that the candidate gets.")
    bake: Duration = Field(300.0, description="How long it is watched at that share.")


class Traffic(Section):
    """The traffic of a new release: all requests at once, or a share of them first."""

    strategy: Literal["all-at-once", "canary"] = Field(
        "canary", description="Whether a share of requests goes first."
    )
    steps: tuple[CanaryStep, ...] = Field(
        (CanaryStep(percent=10),), description="Rising shares, 10 % by default."
    )
    bake: Duration = Field(0.0, description="How long the live release is watched before it is stable.")

    @property
    def shares(self) -> tuple[CanaryStep, ...]:
        """The canary's shares before the release goes live, in order; none for `all-at-once`."""
        return self.steps if self.strategy == "canary" else ()

    @model_validator(mode="after")
    def _rising(self) -> Self:
        shares = [step.percent for step in self.steps]
        if shares != sorted(set(shares)):
            raise ValueError("steps must rise")
        return self
