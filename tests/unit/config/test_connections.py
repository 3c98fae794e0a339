"""The policy of the pages allows what the config itself needs, or the build warns of it (INF-8)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.bundle.policy_warnings import policy_warnings
from kanmon.codes import Code
from kanmon.config.connections import forbidden
from kanmon.config.schema import Config
from kanmon.config.served import read_served
from tests.fakes.app import USER_POOL, make_config

API = "https://cognito-idp.ap-northeast-1.amazonaws.com"
LOGIN = "https://shop-login.auth.ap-northeast-1.amazoncognito.com"
POOL = "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_A"


def web(**web: Any) -> Config:
    return make_config(user_pool=USER_POOL, web={"directory": "out", **web})


def test_the_default_lets_the_browser_sign_in() -> None:
    config = make_config(user_pool=USER_POOL)
    assert config.web
    assert f"connect-src 'self' {API} {LOGIN};" in config.web.content_security_policy
    served = read_served(config.as_json())
    assert served.web
    assert served.web.content_security_policy == config.web.content_security_policy
    assert not policy_warnings(config)


def test_the_default_allows_the_hosts_of_what_there_is_only() -> None:
    closed, plain = make_config(), make_config(user_pool={})
    assert closed.web
    assert plain.web
    assert "connect-src 'self';" in closed.web.content_security_policy
    assert f"connect-src 'self' {API};" in plain.web.content_security_policy
    assert make_config(user_pool={}, web=None, checks=[{"name": "health", "path": "/api/a"}]).web is None


def test_users_of_another_pool_sign_in_there() -> None:
    api = {
        "routes": [{"path": "/api/{proxy+}", "function": "api"}],
        "authorizers": {"users": {"user_pool_arns": [POOL]}},
        "authorizer": "users",
    }
    config = make_config(api=api)
    assert config.web
    assert API in config.web.content_security_policy


def test_a_policy_of_ones_own_stays_and_the_build_warns_of_what_it_forbids() -> None:
    config = web(content_security_policy="default-src 'self'")
    assert config.web
    assert config.web.content_security_policy == "default-src 'self'"
    [warning] = policy_warnings(config)
    assert warning.code is Code.POLICY_FORBIDS
    assert f"{API} (`user_pool`), {LOGIN} (`user_pool.hosted_login`)" in warning.message
    assert f"connect-src 'self' {API} {LOGIN}" in str(warning.fix)


def test_a_stored_default_is_the_same_when_it_is_read_again() -> None:
    """A config's digest doesn't change by reading it."""
    config = make_config(user_pool=USER_POOL)
    assert Config.model_validate(config.as_json()).as_json() == config.as_json()


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("https://api.example.com/v1?x=1", "https://api.example.com"),
        ("wss://live.example.com", "wss://live.example.com"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("help@example.com", None),
        ("/api/x", None),
        ("see https://example.com", None),
        ("https://example.com.", "https://example.com."),
    ],
)
def test_an_address_in_the_settings_is_one_that_pages_may_ask(value: str, asked: str | None) -> None:
    """The default forbids other sites, so the build warns of it."""
    config = make_config(web={"directory": "out", "settings": {"VALUE": value}})
    assert forbidden(config) == ({asked: "web.settings.VALUE"} if asked else {})


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ("connect-src *", True),
        ("connect-src https:", True),
        ("connect-src http:", False),
        ("connect-src https://api.example.com", True),
        ("connect-src https://API.example.com/v1/", True),
        ("connect-src api.example.com", True),
        ("connect-src http://api.example.com", True),
        ("connect-src *.example.com", True),
        ("connect-src https://*.api.example.com", False),
        ("connect-src https://example.com", False),
        ("connect-src https://api.example.com:8443", False),
        ("connect-src https://api.example.com:*", True),
        ("default-src 'self'; connect-src 'self' https://api.example.com", True),
        ("default-src https://api.example.com; connect-src 'self'", False),
        ("default-src https://api.example.com", True),
        ("default-src 'none'", False),
        ("script-src 'self'", True),
        ("connect-src https:, connect-src 'self'", False),
        ("Connect-Src https:", True),
    ],
)
def test_a_policy_is_read_as_browsers_read_it(policy: str, allowed: bool) -> None:
    settings = {"API": "https://api.example.com/v1"}
    config = make_config(web={"directory": "out", "settings": settings, "content_security_policy": policy})
    assert bool(forbidden(config)) is not allowed


def test_a_default_that_is_too_long_with_its_hosts_is_refused() -> None:
    headers = {"Permissions-Policy": "x" * 1500}
    make_config(web={"directory": "out", "response_headers": headers})
    with pytest.raises(ValidationError, match="S3 keeps the policy"):
        make_config(user_pool=USER_POOL, web={"directory": "out", "response_headers": headers})
