"""The part of the config that says how a release is tried, and how users come to it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import Section
from kanmon.config.values import Name, Pattern, Percent, Query, UrlPath

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Hook(Section):
    """A function of the slot that is invoked before traffic, such as a migration."""

    name: Name = Field(description="For people.")
    function: Name = Field(description="The function that is invoked; it must be idempotent.")
    payload: dict[str, JsonValue] = Field(default_factory=dict, description="Added to its event.")


class Expect(Section):
    """What an answer must be. Everything that is given must hold."""

    status: int = Field(200, ge=100, le=599, description="HTTP status.")
    json_: dict[Query, JsonValue] = Field(
        default_factory=dict, alias="json", description="JMESPath expression to the value expected."
    )
    headers: dict[str, Pattern] = Field(
        default_factory=dict, description="Header to the pattern that its value must match."
    )
    body: Pattern | None = Field(None, description="A pattern to be found in the body.")
    latency: Duration = Field(2.0, description="The longest that an answer may take.")

    release: bool | None = Field(
        None,
        description="The answer must name the release being checked. Default: yes for API answers and pages.",
    )

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class Check(Section):
    """A smoke check: one request with its assertions."""

    name: Name = Field(description="For people.")
    path: UrlPath = Field(description="Below the app's domain, with its query.")
    method: HttpMethod = Field("GET", description="HTTP method.")
    headers: dict[str, str] = Field(default_factory=dict, description="Sent with the request.")
    body: str | None = Field(None, description="Sent with the request.")
    expect: Expect = Expect()
    successes: int = Field(2, ge=1, le=20, description="Consecutive successes that count as passed.")
    failures: int = Field(
        5,
        ge=1,
        le=100,
        description="Consecutive failures of the release being checked that count as failed.",
    )
    deadline: Duration = Field(15.0, description="How long it may be tried at most.")


class Step(Section):
    """A canary step: a share of API traffic, for a while."""

    percent: Percent = Field(description="Share of API requests that the candidate gets.")
    bake: Duration = Field(300.0, description="How long it is watched at that share.")


class Traffic(Section):
    """How users come to the new release."""

    strategy: Literal["all-at-once", "canary"] = Field(
        "canary", description="Whether a share of requests goes first."
    )
    steps: tuple[Step, ...] = Field((Step(percent=10),), description="Rising shares, 10 % by default.")
    bake: Duration = Field(0.0, description="How long the live release is watched before it is stable.")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        shares = [step.percent for step in self.steps]
        if shares != sorted(set(shares)):
            raise ValueError("steps must rise")
        return self


class ApprovalRules(Section):
    """What is asked of the GitHub environment that holds a release back, beyond reviewers and branches."""

    prevent_self_review: bool = Field(
        False, description="Nobody may approve a run that they started; the environment must say so too."
    )
