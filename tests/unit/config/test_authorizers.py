"""Authorizers, mocks and further paths: what the config takes and refuses (INF-6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from kanmon.config.served import read_served
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from kanmon.config.schema import Config

FUNCTIONS: dict[str, Any] = {
    name: {"handler": f"shop.{name}", "artifact": "build/api"} for name in ("api", "migrate", "authorize")
}
ALL = {"path": "/api/{proxy+}", "function": "api"}
OWN = {"users": {"user_pool": True}}
ASKED = {"partners": {"function": "authorize"}}
POOL = "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_A"


def config(*routes: dict[str, Any], **api: Any) -> Config:
    given = {"routes": [ALL, *routes], **api}
    return make_config(functions=FUNCTIONS, user_pool={}, api=given)


def mistake(*routes: dict[str, Any], **api: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        config(*routes, **api)
    return str(refused.value)


def named(made: Config) -> dict[str, str]:
    assert made.api
    return {route.path: made.api.authorizer_of(route) for route in made.routes}


def test_a_default_counts_for_all_routes_but_those_with_their_own() -> None:
    made = config(
        {"path": "/api/open", "function": "api", "authorizer": "none"},
        {"path": "/api/partners", "function": "api", "authorizer": "partners"},
        {"path": "/api/old", "method": "GET", "mock": {"status": 301}},
        authorizers=OWN | ASKED,
        authorizer="users",
    )
    assert named(made) == {
        "/api/{proxy+}": "users",
        "/api/open": "none",
        "/api/partners": "partners",
        "/api/old": "none",
    }


def test_without_authorizers_every_route_is_open() -> None:
    assert set(named(config()).values()) == {"none"}


@pytest.mark.parametrize(
    ("authorizers", "words"),
    [
        ({"users": {}}, "asks a user pool or a function. This one has none of"),
        ({"users": {"user_pool": True, "function": "authorize"}}, "has `user_pool`, `function`"),
        ({"users": {"function": "nobody"}}, "names the function nobody"),
        ({"users": {"user_pool": True, "ttl": "5m"}}, "checks a token of a user pool by itself"),
        ({"users": {"function": "authorize", "type": "token", "ttl": "5m"}}, "Write `type: request`"),
        ({"users": {"function": "authorize", "ttl": "2h"}}, "at most an hour"),
        ({"users": {"function": "authorize", "ttl": "5m", "identity_sources": []}}, "share one decision"),
        (
            {"users": {"function": "authorize", "type": "token", "identity_sources": ["context.path"]}},
            "A token is in one header",
        ),
        (
            {"users": {"function": "authorize", "identity_sources": ["header.x"]}},
            "authorizers.users.identity_sources.0",
        ),
        (
            {"users": {"user_pool_arns": [POOL.replace("ap-northeast-1", "eu-west-1")]}},
            "not in ap-northeast-1",
        ),
        ({"users": {"user_pool_arns": ["ap-northeast-1_A"]}}, "user_pool_arns.0"),
        ({"none": {"user_pool": True}}, "no authorizer can have this name"),
        ({"users": {"issuer": "https://login.shop.test"}}, "issuer"),
        ({"users": {"user_pool": True}, "more": {"user_pool_arns": [POOL]}}, "protects nothing"),
    ],
)
def test_a_wrong_authorizer_is_refused(authorizers: dict[str, Any], words: str) -> None:
    assert words in mistake(authorizers=authorizers, authorizer="users" if "users" in authorizers else "none")


def test_tokens_of_another_issuer_need_a_function_and_the_message_says_so() -> None:
    """The REST API has no authorizer for them: the fix names the way."""
    assert "For tokens of another issuer, write `function`" in mistake(authorizers={"users": {}})


def test_the_apps_own_pool_must_exist() -> None:
    with pytest.raises(ValidationError, match="The app has no user pool"):
        make_config(api={"routes": [ALL], "authorizers": OWN, "authorizer": "users"})
    make_config(
        api={"routes": [ALL], "authorizers": {"users": {"user_pool_arns": [POOL]}}, "authorizer": "users"}
    )


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"authorizer": "nobody"}, "no authorizer nobody"),
        ({"scopes": ["shop/write"]}, "Only an authorizer with a user pool"),
        ({"authorizer": "partners", "scopes": ["shop/write"]}, "Only an authorizer with a user pool"),
        ({"authorizer": "users", "scopes": ["a b"]}, "scopes.0"),
    ],
)
def test_a_route_with_a_wrong_authorizer_is_refused(route: dict[str, Any], words: str) -> None:
    others = [
        {"path": f"/api/{name}", "function": "api", "authorizer": name} for name in ("users", "partners")
    ]
    given = {"path": "/api/x", "function": "api"} | route
    assert words in mistake(*others, given, authorizers=OWN | ASKED)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({}, "needs `function` or `mock`, one of them"),
        ({"function": "api", "mock": {}}, "needs `function` or `mock`, one of them"),
        ({"mock": {}}, "Write `method: GET`"),
        ({"mock": {}, "method": "POST"}, "Write `method: GET`"),
        ({"mock": {"status": 100}, "method": "GET"}, "mock.status"),
        ({"mock": {"headers": {"a": "it's"}}, "method": "GET"}, "mock.headers.a"),
        ({"mock": {"headers": {"a": "b\r\nc: d"}}, "method": "GET"}, "mock.headers.a"),
        ({"mock": {"headers": {"Content-Length": "1"}}, "method": "GET"}, "sets this header"),
        ({"mock": {"headers": {"x-kanmon-release": "r1"}}, "method": "GET"}, "sets this header"),
        ({"mock": {"body": "x" * 10_001}, "method": "GET"}, "mock.body"),
    ],
)
def test_a_wrong_mock_is_refused(route: dict[str, Any], words: str) -> None:
    assert words in mistake({"path": "/api/x"} | route)


def test_a_check_of_a_mock_asks_for_no_release() -> None:
    """Otherwise it would fail on every release: API Gateway's own answer names none."""
    mock = {"path": "/api/ping", "method": "GET", "mock": {"body": "{}"}}
    check: dict[str, Any] = {"name": "ping", "path": "/api/ping?x=1"}
    with pytest.raises(ValidationError, match="API Gateway answers it, and names no release"):
        make_config(api={"routes": [ALL, mock]}, checks=[check])
    make_config(api={"routes": [ALL, mock]}, checks=[check | {"expect": {"release": False}}])


PATHS = ["/auth/*", "/webhooks/*", "/.well-known/jwks.json"]


def test_the_api_has_paths_outside_of_its_prefix() -> None:
    made = config(
        {"path": "/auth/{proxy+}", "function": "api"},
        {"path": "/.well-known/jwks.json", "method": "GET", "function": "api"},
        paths=PATHS,
    )
    assert made.api
    assert made.api.answered == ("/api/*", *PATHS)


@pytest.mark.parametrize(
    "path",
    ["auth/*", "/", "/*", "/a*", "/a/*/b", "/.hidden/x", "/.previews/x", "/.well-known/*", "/a/../b", "/a b",
     "/index.html", "/api/*", "/api/x", "/api/x/*", "/auth/*", "/auth/x", "/{id}", "/a//b"],
)  # fmt: skip
def test_a_path_that_is_none_or_there_twice_is_refused(path: str) -> None:
    found = mistake(paths=["/auth/*", path])
    assert any(words in found for words in ("api.paths", f"The path {path} is in", "entry page"))


@pytest.mark.parametrize("path", ["/auth", "/authx/y", "/apix", "/{proxy+}", "/.well-known/other.json"])
def test_a_route_that_nobody_could_reach_is_refused(path: str) -> None:
    assert "Nobody could reach it" in mistake({"path": path, "function": "api"}, paths=PATHS)


def test_a_folder_of_assets_may_not_be_the_apis() -> None:
    with pytest.raises(ValidationError, match=r"`api.paths`"):
        make_config(
            api={"routes": [ALL], "paths": ["/files/*"]}, web={"directory": "out", "immutable": ["files/a/*"]}
        )


def test_the_prefix_itself_may_have_a_route() -> None:
    """CloudFront's `/api/*` is not `/api`: without a pattern of its own, it shows the web app's page."""
    for paths in ([], ["/api"]):
        made = config({"path": "/api", "function": "api"}, paths=paths)
        assert made.api
        assert made.api.answered == ("/api/*", "/api")
        served = read_served(made.as_json())
        assert served.api
        assert served.api.answered == ("/api/*", "/api")


@pytest.mark.parametrize(
    ("paths", "answered"),
    [(None, ()), (PATHS, tuple(PATHS)), ("new", ()), ([{"path": "/x"}, "/y"], ("/y",))],
)
def test_a_stored_configs_paths_are_read_leniently(paths: Any, answered: tuple[str, ...]) -> None:
    """CD-10: a rollback reads a config of any version."""
    stored: dict[str, Any] = {"app": "shop", "environment": "test", "api": {"prefix": "/v1", "paths": paths}}
    served = read_served(stored)
    assert served.api
    assert served.api.answered == ("/v1/*", *answered)
