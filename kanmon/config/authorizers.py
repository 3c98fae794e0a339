"""Authorizers: what API Gateway asks about a request before a function gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import MistakeError, Section, written
from kanmon.config.values import Name
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.api import Api
    from kanmon.config.schema import Config

OPEN = "none"
"""The authorizer of a route for everybody."""
AUTHORIZATION = "method.request.header.Authorization"
"""The header with a token, as API Gateway names it."""
_LONGEST = 3600.0
"""Seconds: https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html"""
_WAYS = ("user_pool", "user_pool_arns", "function")

PoolArn = Annotated[
    str,
    written(
        r"^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[A-Za-z0-9_-]{1,55}$",
        deferred("Write the ARN of a Cognito user pool."),
        "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_AbCdEfGhI",
    ),
]
IdentitySource = Annotated[
    str,
    written(
        r"^(method\.request\.(header|querystring)\.[A-Za-z0-9_-]+|context\.[A-Za-z.]+)$",
        deferred("Write `method.request.header.NAME`, `method.request.querystring.NAME` or `context.NAME`."),
        AUTHORIZATION,
    ),
]


class Authorizer(Section):
    """What API Gateway asks about a request before a function gets it: a user pool, or a function of yours.

    The REST API checks tokens of Cognito only. For those of another issuer, such as Auth0 or Entra ID, use a
    function: a library checks a JWT in a few lines.
    """

    user_pool: bool = Field(
        False,
        description="`true`: a request needs a token of the app's own `user_pool`, in the header "
        "`Authorization`. The function finds its claims in `requestContext.authorizer.claims`.",
    )
    user_pool_arns: tuple[PoolArn, ...] = Field(
        (),
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
        max_length=1000,
        description="The same with other user pools: their ARNs. They must be in the API's region.",
    )
    function: Name | None = Field(
        None,
        examples=["authorize"],
        description="Your own Lambda authorizer: a name under `functions`. It answers with an IAM policy. It "
        "belongs to the release that gets the request: canary, preview and rollback move it, too.",
    )
    type: Literal["request", "token"] = Field(
        "request",
        description="The event for `function`. `request`: the whole request. `token`: the value of one "
        "header. API Gateway can keep decisions (`ttl`) for `request` only: those about a token would also "
        "count for the other release, in a canary and after a rollback.",
    )
    identity_sources: tuple[IdentitySource, ...] = Field(
        (AUTHORIZATION,),
        max_length=10,
        description="The parts of a request for the decision. A request without one of them gets 401, and "
        "`function` is not asked. Requests with the same parts share a decision for `ttl`.",
    )
    ttl: Duration = Field(
        0,
        examples=["5m"],
        description="How long API Gateway keeps a decision of `function`; at most an hour. Then its policy "
        "must name all methods that the caller may use, not only that of the request.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [way for way in _WAYS if getattr(self, way)]
        if len(given) != 1:
            ways = ", ".join(f"`{way}`" for way in given)
            problem = deferred(
                "An authorizer asks a user pool or a function. This one has none of `user_pool`, `function`."
            )
            if given:
                problem = deferred("An authorizer asks a user pool or a function. This one has {ways}.")
            raise MistakeError(
                phrase(problem, ways=ways),
                phrase(
                    "Write one of `user_pool: true`, `user_pool_arns` and `function`. For tokens of another "
                    "issuer, write `function`: the REST API itself checks tokens of Cognito only."
                ),
                at=tuple(given[1:2]),
            )
        self._check_ttl()
        self._check_sources()
        return self

    def _check_ttl(self) -> None:
        if not self.ttl:
            return
        if not self.function:
            raise MistakeError(
                phrase("API Gateway checks a token of a user pool by itself."),
                phrase("Remove it."),
                at=("ttl",),
            )
        if self.type == "token":
            raise MistakeError(
                phrase(
                    "API Gateway keeps decisions about a token for the whole API. After a rollback, those of "
                    "the bad release would still count."
                ),
                phrase("Write `type: request`, or remove `ttl`."),
                at=("ttl",),
            )
        if self.ttl > _LONGEST or self.ttl != int(self.ttl):
            raise MistakeError(
                phrase("API Gateway takes whole seconds, at most an hour."),
                phrase("Write `ttl: 5m`."),
                at=("ttl",),
            )

    def _check_sources(self) -> None:
        at, sources = ("identity_sources",), self.identity_sources
        if self.type == "request" and self.function:
            if self.ttl and not sources:
                raise MistakeError(
                    phrase("With `ttl`, all requests would share one decision."),
                    phrase("Write `identity_sources: [{header}]`.", header=AUTHORIZATION),
                    at=at,
                )
            return
        if len(sources) != 1 or not sources[0].startswith("method.request.header."):
            raise MistakeError(
                phrase("A token is in one header."),
                phrase("Write `identity_sources: [{header}]`.", header=AUTHORIZATION),
                at=at,
            )


def check_authorizers(config: Config) -> None:
    """Check the authorizers of the routes. Raises MistakeError with the first problem."""
    if config.api is None:
        return
    for name, authorizer in config.api.authorizers.items():
        for mistake in _wrong_authorizer(config, name, authorizer):
            raise mistake
    for mistake in (*_unknown(config.api), *_unused(config.api), *_wrong_scopes(config.api)):
        raise mistake


def _wrong_authorizer(config: Config, name: str, authorizer: Authorizer) -> Iterator[MistakeError]:
    at = ("api", "authorizers", name)
    if name == OPEN:
        yield MistakeError(
            phrase("`{name}` opens a route for everybody, so no authorizer can have this name.", name=OPEN),
            phrase("Choose another name, such as `users`."),
            at=at,
        )
    if authorizer.user_pool and config.user_pool is None and config.existing.user_pool is None:
        yield MistakeError(
            phrase("The app has no user pool."),
            phrase(
                "Add `user_pool: {}` to the config, name yours under `existing.user_pool`, or several under "
                "`user_pool_arns`."
            ),
            at=(*at, "user_pool"),
        )
    if authorizer.function and authorizer.function not in config.functions:
        yield MistakeError(
            phrase(
                "The authorizer names the function {function}, which is not under `functions`.",
                function=authorizer.function,
            ),
            phrase("Use a name from there."),
            at=(*at, "function"),
        )
    for index, arn in enumerate(authorizer.user_pool_arns):
        if arn.split(":")[3] != config.region:
            yield MistakeError(
                phrase("The user pool is not in {region}, the API's region.", region=config.region),
                phrase("Name a pool of this region, or use a function."),
                at=(*at, "user_pool_arns", index),
            )


def _unused(api: Api) -> Iterator[MistakeError]:
    """An authorizer without a route: everybody may send the requests that it was meant for."""
    used = {api.authorizer_of(route) for route in api.routes}
    for name in api.authorizers:
        if name not in used:
            yield MistakeError(
                phrase("No route has the authorizer {name}, so it protects nothing.", name=name),
                phrase(
                    "Add `authorizer: {name}` to `api` for all routes, or to a route. Or remove it.",
                    name=name,
                ),
                at=("api", "authorizers", name),
            )


def _unknown(api: Api) -> Iterator[MistakeError]:
    named: dict[tuple[int | str, ...], str | None] = {("api",): api.authorizer}
    named |= {("api", "routes", index): route.authorizer for index, route in enumerate(api.routes)}
    for place, name in named.items():
        if name not in {None, OPEN, *api.authorizers}:
            yield MistakeError(
                phrase("There is no authorizer {name} under `api.authorizers`.", name=name),
                phrase("Use a name from there, or `{name}`.", name=OPEN),
                at=(*place, "authorizer"),
            )


def _wrong_scopes(api: Api) -> Iterator[MistakeError]:
    for index, route in enumerate(api.routes):
        used = api.authorizers.get(api.authorizer_of(route))
        if route.scopes and (used is None or used.function):
            yield MistakeError(
                phrase(
                    "The route {path} has scopes. Only an authorizer with a user pool checks them.",
                    path=route.path,
                ),
                phrase("Name one under `authorizer`, or check the scopes in the function."),
                at=("api", "routes", index, "scopes"),
            )
