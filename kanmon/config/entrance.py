"""The part of the config that lies behind the app's domain: the API and the web app."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import InsidePath, Section
from kanmon.config.values import Name


class Route(Section):
    """One route of the API."""

    path: Annotated[str, Field(pattern=r"^(/([A-Za-z0-9._~-]+|\{[A-Za-z0-9._-]+\+?\}))+$")] = Field(
        description="As API Gateway writes it: `/api/goals/{id}`, `/api/{proxy+}`."
    )
    method: Literal["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        "ANY", description="HTTP method."
    )
    function: Name = Field(description="The function that answers.")


class Throttle(Section):
    """Limits of the API's stage."""

    rate: float = Field(100, gt=0, description="Requests a second.")
    burst: int = Field(200, gt=0, description="Requests at once.")


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]


class Cors(Section):
    """Which other sites' pages may call the API. The edge answers for it: functions need not know."""

    origins: tuple[Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:\d+)?$")], ...] = Field(
        min_length=1, description="As browsers write them: `https://admin.example.com`."
    )
    methods: tuple[Method, ...] = Field(
        ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), min_length=1, description="What they may do."
    )
    headers: tuple[Token, ...] = Field(
        ("content-type", "authorization"), min_length=1, description="Headers that they may send."
    )
    credentials: bool = Field(False, description="Whether they may send cookies.")
    max_age: Duration = Field(600.0, description="How long a browser may keep the answer.")


class Api(Section):
    """The REST API in front of the functions."""

    prefix: Annotated[str, Field(pattern=r"^/[a-z0-9-]+$")] = Field(
        "/api", description="Where the API lies under the app's domain; every route begins with it."
    )
    routes: tuple[Route, ...] = Field(min_length=1)
    throttle: Throttle = Throttle()
    cors: Cors | None = Field(None, description="Without it, only the app's own pages may call the API.")

    @model_validator(mode="after")
    def _under_prefix(self) -> Self:
        for route in self.routes:
            if not f"{route.path}/".startswith(f"{self.prefix}/"):
                raise ValueError(f"route {route.path} does not begin with the prefix {self.prefix}")
        seen: set[tuple[str, str]] = set()
        for route in self.routes:
            if (route.path, route.method) in seen:
                raise ValueError(f"route {route.method} {route.path} is there twice")
            seen.add((route.path, route.method))
        return self


# What a page of Vite's needs, which puts small images and fonts into its files as `data:`.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'self'; connect-src 'self'; font-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:; object-src 'none'; upgrade-insecure-requests"
)


class Web(Section):
    """The web app: what the front-end build writes."""

    directory: InsidePath = Field(description="The folder that the front-end build writes.")
    entry: Literal["index.html"] = Field("index.html", description="The page that is the web pointer.")
    immutable: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/\*$")], ...] = Field(
        ("assets/*",),
        description="Folders whose files have their content's hash in their name; kept append-only.",
    )
    # What a header's value may be: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    content_security_policy: Annotated[str, Field(pattern=r"^[ -~]+$", max_length=1783)] = Field(
        _CONTENT_SECURITY_POLICY,
        description="What pages may load and from where, as the header of this name says it.",
    )
