"""The app's smoke checks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.durations import Duration
from kanmon.config.expect import Expect
from kanmon.config.section import Section
from kanmon.config.values import HeaderName, HeaderValue, Name, UrlPath

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Check(Section):
    """A smoke check: one request with its assertions."""

    name: Name = Field(
        examples=["health"], description="The check's name in messages. Each check has a name of its own."
    )
    path: UrlPath = Field(
        examples=["/api/health"],
        description="The path of the request under the app's domain, with its query: `/api/goals?limit=1`.",
    )
    method: HttpMethod = Field(
        "GET",
        description="The HTTP method of the request. A check runs many times, also on the live release, so a "
        "`POST` must do no harm.",
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        examples=[{"accept": "application/json"}],
        description="The headers of the request, such as `{accept: application/json}`. Never put a secret "
        "here.",
    )
    body: str | None = Field(
        None,
        examples=['{"title": "test"}'],
        description="The body of the request, as text. Without it, the request has no body.",
    )
    expect: Expect = Field(
        default_factory=Expect,
        description="The conditions on the answer. All must hold. Without this key: status 200, the right "
        "release, within 2 seconds.",
    )
    successes: int = Field(
        2,
        ge=1,
        le=20,
        description="The check has passed after this number of good answers in a row. A larger number is "
        "stricter and slower.",
    )
    failures: int = Field(
        5,
        ge=1,
        le=100,
        description="The check has failed after this number of bad answers in a row. Only answers of the "
        "checked release count. A smaller number finds a fault sooner, but then a short disturbance fails "
        "the release, too.",
    )
    deadline: Duration = Field(
        "60s",
        validate_default=True,
        description="The longest time for all tries of the check together. A check without enough successes "
        "by then has failed. Give a slow start, such as a database waking up, enough time. It begins when "
        "API Gateway knows the candidate's new stage: Kanmon waits up to 90 seconds for this.",
    )
