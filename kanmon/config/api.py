"""The REST API in front of the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.authorizers import OPEN, Authorizer
from kanmon.config.durations import Duration
from kanmon.config.mocks import Mock
from kanmon.config.paths import is_api_path
from kanmon.config.section import MistakeError, Section, written
from kanmon.config.values import Name
from kanmon.language import deferred, phrase
from kanmon.naming import ENTRY_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable


_STEP = "[A-Za-z0-9_-][A-Za-z0-9._-]*"
_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


class Route(Section):
    """One route of the API."""

    path: Annotated[
        str,
        written(
            r"^(/([A-Za-z0-9._:-]+|\{[A-Za-z0-9._-]+\+?\}))+$",
            deferred(
                "Begin with `/`. Each step is a word of letters, digits and `._:-`, a variable `{id}`, or at "
                "the end `{proxy+}` for any rest."
            ),
            "/api/goals/{id}",
        ),
    ] = Field(
        description="The path, below `api.prefix` or one of `api.paths`. `/api/goals/{id}` has a variable; "
        "`/api/{proxy+}` takes every path below `/api/`."
    )
    method: Literal["ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        "ANY",
        description="The HTTP method of the requests. `ANY` takes all methods without a route of their own.",
    )
    function: Name | None = Field(
        None,
        examples=["api"],
        description="The function for these requests: a name under `functions`. A route has this key or "
        "`mock`.",
    )
    mock: Mock | None = Field(
        None,
        examples=[{"status": 301, "headers": {"location": "https://www.example.com/"}}],
        description="A fixed answer without a function, for `GET`, `HEAD` or `OPTIONS`: a redirect, a "
        "document, a preflight. It names no release, so a check of it needs `expect: {release: false}`.",
    )
    authorizer: str | None = Field(
        None,
        examples=["users"],
        description="Who may send these requests: a name under `api.authorizers`, or `none` for everybody. "
        "Default: `api.authorizer`.",
    )
    scopes: tuple[
        Annotated[
            str,
            Field(max_length=256),
            written(
                r"^[!#-\[\]-~]+$",
                deferred("Use ASCII characters without spaces, quotes and `\\`."),
                "orders/write",
            ),
        ],
        ...,
    ] = Field(
        (),
        max_length=50,
        description="OAuth scopes of Cognito: a request needs an access token with one of them. Without "
        "scopes, each valid token of the user pool is enough.",
    )

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if (self.function is None) == (self.mock is None):
            raise MistakeError(
                phrase("The route {path} needs `function` or `mock`, one of them.", path=self.path),
                phrase("Write `function: api`, for example."),
                at=("mock",) if self.function else ("function",),
            )
        if self.mock and self.method not in _WITHOUT_BODY:
            # API Gateway chooses a mock's template by the request's type: another one gets 415.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
            raise MistakeError(
                phrase("API Gateway answers a mock for requests without a body only."),
                phrase("Write `method: GET`, `HEAD` or `OPTIONS`, or use a function."),
                at=("method",),
            )
        return self


class Throttle(Section):
    """The most requests from all users together. Above it, API Gateway answers with 429."""

    rate: float = Field(
        100,
        gt=0,
        description="Requests a second, as a lasting rate. Above it, API Gateway answers with 429. A change "
        "reaches users at once.",
    )
    burst: int = Field(
        200,
        gt=0,
        description="The most requests in a short peak, before `rate` counts. Choose at least `rate`.",
    )


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Token = Annotated[
    str, written(r"^[A-Za-z0-9-]+$", deferred("Use letters, digits and hyphens."), "content-type")
]


class Cors(Section):
    """Access to the API for the pages of other sites; the edge sends the headers, functions need no code."""

    origins: tuple[
        Annotated[
            str,
            written(
                r"^https://[a-z0-9.-]+(:\d+)?$",
                deferred(
                    "Write `https://` and the domain in lower case, without a path and without `/` at the "
                    "end."
                ),
                "https://admin.example.com",
            ),
        ],
        ...,
    ] = Field(
        min_length=1,
        description="The other sites, as a browser names them: `https://admin.example.com`. No path, no `/` "
        "at the end.",
    )
    methods: tuple[Method, ...] = Field(
        ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        min_length=1,
        description="The HTTP methods for pages of these sites.",
    )
    headers: tuple[Token, ...] = Field(
        ("content-type", "authorization"),
        min_length=1,
        description="The request headers for pages of these sites.",
    )
    credentials: bool = Field(
        False,
        description="`true`: requests of these sites may carry the user's cookies. Turn it on only for sites "
        "you trust as much as your own.",
    )
    max_age: Duration = Field(
        "10m",
        validate_default=True,
        description="How long a browser remembers these rules before it asks again. With a shorter time, "
        "browsers see a change of the rules sooner.",
    )


MediaType = Annotated[
    str,
    Field(max_length=255),
    written(
        r"^(\*/\*|[a-z0-9][a-z0-9.+-]*/([a-z0-9][a-z0-9.+-]*|\*))$",
        deferred(
            "Write a type in lower case without parameters, a whole kind (`image/*`), or `*/*` for every "
            "type."
        ),
        "application/pdf",
    ),
]


class Api(Section):
    """The REST API in front of the functions."""

    prefix: Annotated[
        str,
        written(
            r"^/[a-z0-9-]+$",
            deferred("Write `/` and one word of lower-case letters, digits and hyphens."),
            "/api",
        ),
    ] = Field(
        "/api",
        description="The beginning of the API's paths under the app's domain. Open pages still call the old "
        "prefix after a change: first name the new one in `paths`, and release routes for both.",
    )
    paths: tuple[
        Annotated[
            str,
            Field(max_length=200),
            written(
                rf"^/(\.well-known/)?{_STEP}(/{_STEP})*(/\*)?$",
                deferred("Write a path such as `/.well-known/jwks.json`, or a folder with `/*` at its end."),
                "/webhooks/*",
            ),
        ],
        ...,
    ] = Field(
        (),
        # CloudFront takes 75 behaviours, one for each:
        # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
        max_length=20,
        description="More paths for the API, outside of `prefix`: `[/auth/*, /.well-known/jwks.json]`. "
        "`/auth/*` is each path below `/auth/`. They change with the edge, for the live release at once.",
    )
    authorizers: dict[Name, Authorizer] = Field(
        default_factory=dict,
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
        max_length=10,
        examples=[{"users": {"user_pool": True}}],
        description="Authorizers, each under a name of your choice, such as `users`. They decide about a "
        "request before a function gets it. Those that they refuse get 401 or 403, in JSON.",
    )
    authorizer: str = Field(
        OPEN,
        examples=["users"],
        description="The authorizer of all routes without their own: a name under `authorizers`, or `none`.",
    )
    routes: tuple[Route, ...] = Field(
        min_length=1,
        # Kanmon's own limit. API Gateway's is about paths: see `resource_count`.
        max_length=300,
        description="The routes: each gives the requests of one path to one function. Most apps need one: "
        "`{path: /api/{proxy+}, function: api}`.",
    )
    throttle: Throttle = Field(
        default_factory=Throttle,
        description="The most requests from all users together. Above it, API Gateway answers with 429.",
    )
    binary: tuple[MediaType, ...] = Field(
        (
            "application/octet-stream",
            "application/pdf",
            "application/zip",
            "application/gzip",
            "audio/*",
            "font/*",
            "image/*",
            "multipart/form-data",
            "video/*",
        ),
        max_length=100,
        description="The media types of binary requests and answers. A request with such a `content-type` "
        "reaches the function in base64, with `isBase64Encoded: true`; other bytes would arrive damaged. A "
        "base64 answer leaves as bytes when the first type in the request's `accept` is one of them. A page "
        "that a browser opens asks for `text/html` first: its downloads need `*/*`, and every request is "
        "base64 then. Lambda takes and gives 6 MB, so about 4.5 MB of bytes.",
    )
    cors: Cors | None = Field(
        None,
        description="Other sites whose pages may call the API (CORS). CloudFront sends the headers; your "
        "functions need no code. Without this section, only the app's own pages may call the API.",
    )

    @property
    def answered(self) -> tuple[str, ...]:
        """The patterns of the API's paths, as CloudFront has them: `/api/*`, `/.well-known/jwks.json`."""
        return answered_by(self.prefix, (route.path for route in self.routes), self.paths)

    def authorizer_of(self, route: Route) -> str:
        """The name of a route's authorizer; `none` for a route for everybody."""
        # A browser asks before it has a token, and a mock has nothing to hide.
        return route.authorizer or (OPEN if route.mock else self.authorizer)

    @model_validator(mode="after")
    def _paths_apart(self) -> Self:
        for index, path in enumerate(self.paths):
            others = (f"{self.prefix}/*", *self.paths[:index])
            problem = ""
            if is_api_path(path.removesuffix("*"), others) or path in others:
                problem = phrase(
                    "The path {path} is in {others} already.", path=path, others=phrase(" and ").join(others)
                )
            elif path == f"/{ENTRY_PAGE}":
                problem = phrase("{path} is the web app's entry page.", path=path)
            if problem:
                raise MistakeError(problem, phrase("Remove it."), at=("paths", index))
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for index, route in enumerate(self.routes):
            if not is_api_path(route.path, self.answered):
                raise MistakeError(
                    phrase(
                        "The route {path} does not begin with the API's prefix {prefix}, and is not in "
                        "`api.paths`. Nobody could reach it.",
                        path=route.path,
                        prefix=self.prefix,
                    ),
                    phrase(
                        "Write `path: {prefix}{path}`, or add its path to `api.paths`.",
                        prefix=self.prefix,
                        path=route.path,
                    ),
                    at=("routes", index, "path"),
                )
            if (route.path, route.method) in seen:
                raise MistakeError(
                    phrase("The route {method} {path} is there twice.", method=route.method, path=route.path),
                    phrase("Remove one of the two."),
                    at=("routes", index),
                )
            seen.add((route.path, route.method))
        return self


def answered_by(prefix: str, routes: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """The patterns of an API's paths. The prefix itself is one, if it has a route."""
    itself = {prefix} & set(routes)
    return tuple(dict.fromkeys((f"{prefix}/*", *itself, *paths)))


def resource_count(routes: Iterable[Route]) -> int:
    """The resources that API Gateway makes of the routes: one for each step of a path, and the root.

    Paths share the steps at their beginning: `/api/goals/{id}` and `/api/goals` are four with the root.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
    """
    found = {""}
    for route in routes:
        steps = route.path.split("/")
        found |= {"/".join(steps[: depth + 1]) for depth in range(len(steps))}
    return len(found)


def check_routes(routes: Iterable[Route]) -> None:
    """Check the variables of the routes' paths.

    Raises MistakeError for one that API Gateway would refuse. `{name+}` must come last. A place takes one
    variable only: `/goals/{id}` refuses `/goals/{goal}/steps`.
    """
    variables: dict[str, str] = {}
    for index, route in enumerate(routes):
        segments = route.path.strip("/").split("/")
        for depth, segment in enumerate(segments):
            if not segment.startswith("{"):
                continue
            if segment.endswith("+}") and depth < len(segments) - 1:
                raise MistakeError(
                    phrase(
                        "In the route {path}, {variable} takes the whole rest of the path, so it must come "
                        "last.",
                        path=route.path,
                        variable=segment,
                    ),
                    phrase(
                        "End the path with {variable}, or write {single} for a single step.",
                        variable=segment,
                        single=segment.replace("+", ""),
                    ),
                    at=("api", "routes", index, "path"),
                )
            before = "/" + "/".join(segments[:depth])
            if variables.setdefault(before, segment) != segment:
                raise MistakeError(
                    phrase(
                        "The route {path} has the variable {variable} after {before}. Another route has "
                        "{other} there, and API Gateway takes one variable at a place.",
                        path=route.path,
                        variable=segment,
                        before=before,
                        other=variables[before],
                    ),
                    phrase("Write {other} instead of {variable}.", other=variables[before], variable=segment),
                    at=("api", "routes", index, "path"),
                )
