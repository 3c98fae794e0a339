"""The REST API in front of the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import Section
from kanmon.config.values import Name

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    """Access to the API for the pages of other sites; the edge sends the headers, functions need no code."""

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


def check_routes(routes: Iterable[Route]) -> None:
    """Check the variables of the routes' paths.

    Raises ValueError for one that API Gateway would refuse. `{name+}` must come last. A place takes one
    variable only: `/goals/{id}` refuses `/goals/{goal}/steps`.
    """
    variables: dict[str, str] = {}
    for route in routes:
        segments = route.path.strip("/").split("/")
        for depth, segment in enumerate(segments):
            if not segment.startswith("{"):
                continue
            if segment.endswith("+}") and depth < len(segments) - 1:
                raise ValueError(
                    f"route {route.path}: {segment} takes all that follows, so it must come last"
                )
            before = "/" + "/".join(segments[:depth])
            if variables.setdefault(before, segment) != segment:
                raise ValueError(
                    f"route {route.path}: at {before} there is {variables[before]} already, and API Gateway "
                    f"takes one variable at a place, not {segment} too"
                )
