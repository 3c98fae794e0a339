"""The user pool's section: what it takes, and what Cognito would refuse later (INF-4, SEC-2)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.config.user_pool import login_host
from tests.fakes.app import USER_POOL, make_config

MAIL = USER_POOL["mail"]
LOGIN = {"domain": "shop-login", "callback_urls": ["https://shop.example.com/in"]}


def test_every_key_is_taken() -> None:
    assert make_config(user_pool=USER_POOL).user_pool


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"attributes": {"custom:plan": {}}}, "user_pool.attributes"),
        ({"attributes": {"p" * 21: {}}}, "user_pool.attributes"),
        ({"attributes": {"plan": {"type": "text"}}}, "attributes.plan.type"),
        ({"attributes": {"plan": {"max": 3000}}}, "Cognito takes 2048 characters"),
        ({"attributes": {"plan": {"min": 3, "max": 2}}}, "greater than the greatest"),
        ({"attributes": {"plan": {"type": "date", "max": 2}}}, "A date has no limits"),
        ({"attributes": {"plan": {"required": True}}}, "attributes.plan.required"),
        ({"required": ["username"]}, "required.0"),
        ({"required": ["name", "name"]}, "there twice"),
        ({"password": {"minimum_length": 5}}, "password.minimum_length"),
        ({"password": {"history": 25}}, "password.history"),
        ({"mail": MAIL | {"sender": "nobody"}}, "mail.sender"),
        ({"mail": MAIL | {"sender": "no-reply@other.example.com"}}, "may not send for no-reply@other"),
        ({"mail": MAIL | {"sender": "no-reply@myshop.example.com"}}, "may not send for"),
        ({"mail": MAIL | {"identity": "shop.example.com"}}, "mail.identity"),
        (
            {"mail": MAIL | {"identity": MAIL["identity"].replace("ap-northeast-1", "eu-central-1")}},
            "takes one from ap-northeast-1, us-east-1",
        ),
        ({"messages": {"verification": {"subject": "a", "body": "no code"}}}, "without `{####}`"),
        ({"messages": {"invitation": {"subject": "a", "body": "{####}!!"}}}, "without `{username}`"),
        ({"messages": {"verification": {"subject": "a\nb", "body": "{####}"}}}, "verification.subject"),
        ({"tokens": {"access": "1m"}}, "from 5 minutes to a day"),
        ({"tokens": {"id": "90s"}}, "whole minutes"),
        ({"tokens": {"refresh_days": 0}}, "tokens.refresh_days"),
        ({"hosted_login": LOGIN | {"domain": "Shop"}}, "hosted_login.domain"),
        ({"hosted_login": LOGIN | {"domain": "my-cognito-login"}}, "no domain with `cognito`"),
        ({"hosted_login": LOGIN | {"callback_urls": ["http://shop.example.com/"]}}, "callback_urls.0"),
        ({"hosted_login": LOGIN | {"callback_urls": ["https://shop.example.com/#in"]}}, "callback_urls.0"),
        ({"hosted_login": LOGIN | {"callback_urls": []}}, "callback_urls"),
        ({"hosted_login": LOGIN | {"flows": ["client_credentials"]}}, "flows.0"),
        ({"hosted_login": LOGIN | {"scopes": ["orders/write"]}}, "The pool knows no scope orders/write"),
        ({"resource_servers": {"orders": {}}}, "resource_servers.orders"),
        (
            {"triggers": {"pre_sign_up": "greet"}},
            "trigger pre_sign_up names the function greet, which is not",
        ),
        ({"triggers": {"post_confirmation": "Api"}}, "triggers.post_confirmation"),
        ({"triggers": {"presignup": "api"}}, "triggers.presignup"),
        (
            {"triggers": {"pre_token_generation": "api", "pre_token_generation_v2": "api"}},
            "events of one version",
        ),
        (
            {"triggers": {"create_auth_challenge": "api"}},
            "needs three functions, and `define_auth_challenge` is missing",
        ),
        (
            {"triggers": {"define_auth_challenge": "api", "create_auth_challenge": "api"}},
            "and `verify_auth_challenge_response` is missing",
        ),
        ({"resource_servers": {"orders": {"a/b": "x"}}}, "resource_servers.orders"),
    ],
)
def test_what_cognito_would_refuse_is_refused(section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make_config(user_pool=section)
    assert words in str(refused.value)


def test_an_identity_sends_for_its_address_its_domain_and_hosts_below() -> None:
    for sender in ("no-reply@shop.example.com", "Shop <no-reply@mail.shop.example.com>"):
        make_config(user_pool={"mail": MAIL | {"sender": sender}})
    address = MAIL["identity"].replace("identity/", "identity/help@")
    make_config(user_pool={"mail": MAIL | {"identity": address, "sender": "help@shop.example.com"}})


@pytest.mark.parametrize(("scope", "known"), [("orders/write", True), ("openid", True), ("orders/x", False)])
def test_a_routes_scope_must_be_one_of_the_apps_own_pool(scope: str, known: bool) -> None:
    """Otherwise nobody could ever send the request."""
    api = {
        "routes": [{"path": "/api/{proxy+}", "function": "api", "authorizer": "users", "scopes": [scope]}],
        "authorizers": {"users": {"user_pool": True}},
    }
    if known:
        make_config(user_pool=USER_POOL, api=api)
        return
    with pytest.raises(ValidationError, match=r"Add `orders: \{x: …\}` to `user_pool.resource_servers`"):
        make_config(user_pool=USER_POOL, api=api)


def test_the_login_pages_have_a_host() -> None:
    assert login_host(make_config(user_pool=USER_POOL)) == "shop-login.auth.ap-northeast-1.amazoncognito.com"
    assert not login_host(make_config(user_pool={}))
    assert not login_host(make_config())
