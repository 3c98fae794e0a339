"""The app's smoke checks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.durations import Duration
from kanmon.config.expect import Expect
from kanmon.config.section import Section
from kanmon.config.values import Name, UrlPath

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


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
