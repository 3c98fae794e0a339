"""Authorizers in memory: tokens of user pools, decisions of functions, and how long they count (INF-6)."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pytest

from embedded.edge.authorizers import Authorizers
from embedded.edge.cached import Cached
from embedded.edge.emulator import RawAnswer
from embedded.edge.messages import Request, Response
from embedded.edge.proxy_event import ProxyCall
from embedded.edge.routes import Match
from embedded.signatures import Key, make_key

POOL = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_Abc"
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Abc"
URI = (
    "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:"
    "111122223333:function:shop-${stageVariables.slot}-authorize/invocations"
)
CALL = ProxyCall("api1", "live", "111122223333", "api1.execute-api", "/api/a", {"slot": "blue"}, ())
GROUPS: dict[str, Any] = {"cognito:groups": ["a", "b"], "n": True}
ALLOW = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}


@cache
def key() -> Key:
    return make_key(1024)


def text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def token(signed_by: Key | None = None, **claims: Any) -> str:
    claims = {"iss": ISSUER, "iat": time.time() - 5, "exp": time.time() + 60, "sub": "ann"} | claims
    content = ".".join(text(json.dumps(one).encode()) for one in ({"alg": "RS256", "kid": "k"}, claims))
    return f"{content}.{text((signed_by or key()).sign(content.encode()))}"


@dataclass
class Aws:
    """Answers of functions and key sets; roles may invoke what `denied` doesn't name."""

    answer: Any = None
    failed: bool = False
    denied_role: str = ""
    region: str = "eu-central-1"
    invoked: list[tuple[str, Any]] = field(default_factory=list)

    async def invoke(self, function: str, event: bytes, seconds: float) -> RawAnswer:
        del seconds
        self.invoked.append((function.rpartition(":")[2], json.loads(event)))
        headers = {"x-amz-function-error": ["Unhandled"]} if self.failed else {}
        return RawAnswer(200, headers, json.dumps(self.answer).encode())

    async def send(self, service: str, method: str, path: str) -> RawAnswer:
        assert (service, method, path) == ("cognito-idp", "GET", "/eu-central-1_Abc/.well-known/jwks.json")
        size = key().modulus.bit_length() // 8
        one = {"kid": "k", "n": text(key().modulus.to_bytes(size, "big")), "e": "AQAB"}
        return RawAnswer(200, {}, json.dumps({"keys": [one]}).encode())

    async def denied(self, role: str | None, function: str) -> str | None:
        del function
        return None if role != self.denied_role else "no"


@dataclass
class Gateway:
    """An API with one method and its authorizer."""

    aws: Aws
    method: dict[str, Any]
    authorizer: dict[str, Any]
    now: float = 0.0

    def __post_init__(self) -> None:
        aws: Any = self.aws
        self._authorizers = Authorizers(aws, Cached(), aws, clock=lambda: self.now)

    def ask(self, call: ProxyCall = CALL, **headers: str) -> Any:
        request = Request("GET", call.path, headers={name: [value] for name, value in headers.items()})
        match = Match("r", "/api/a", self.method, {})
        given = self._authorizers.ask(request, call, match, {"a": {"id": "a", **self.authorizer}})
        answer = asyncio.run(given)
        return answer.status if isinstance(answer, Response) else answer


def pool(*scopes: str) -> Gateway:
    method = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": "a", "authorizationScopes": scopes}
    return Gateway(Aws(), method, {"providerARNs": [POOL]})


def function(answer: Any = None, **authorizer: Any) -> Gateway:
    given = {"principalId": "ann", "policyDocument": {"Statement": [ALLOW]}} if answer is None else answer
    settings = {
        "type": "REQUEST",
        "authorizerUri": URI,
        "identitySource": "method.request.header.Authorization, stageVariables.slot",
        "authorizerResultTtlInSeconds": 60,
    }
    return Gateway(Aws(given), {"authorizationType": "CUSTOM", "authorizerId": "a"}, settings | authorizer)


@pytest.mark.parametrize("form", ["{}", "Bearer {}"])
def test_a_valid_token_gives_its_claims(form: str) -> None:
    """As texts, also a list."""
    given = pool().ask(authorization=form.format(token(None, **GROUPS)))
    assert given["claims"]["sub"] == "ann"
    assert given["claims"]["cognito:groups"] == "[a b]"
    assert given["claims"]["n"] == "true"


def test_any_other_token_is_unauthorized() -> None:
    wrong = [
        "",
        "a.b.c",
        "ann",
        token(exp=time.time() - 10),
        token(iat=time.time() + 99),
        token(iss=ISSUER + "x"),
        token(make_key(1024)),
        token()[:-8] + "AAAAAAAA",
    ]
    assert [pool().ask(authorization=one) for one in wrong] == [401] * len(wrong)
    assert pool().ask() == 401


def test_scopes_want_an_access_token_with_one_of_them() -> None:
    asked = pool("shop/write", "shop/admin")
    assert asked.ask(authorization=token()) == 401
    assert asked.ask(authorization=token(scope="shop/read openid")) == 401
    assert "claims" in asked.ask(authorization=token(scope="openid shop/write"))


def test_a_function_gets_the_request_and_decides() -> None:
    gateway = function()
    assert gateway.ask(authorization="t") == {"principalId": "ann"}
    [(name, event)] = gateway.aws.invoked
    assert name == "shop-blue-authorize"
    assert event["type"] == "REQUEST"
    assert event["methodArn"] == "arn:aws:execute-api:eu-central-1:111122223333:api1/live/GET/api/a"
    assert event["headers"]["Authorization"] == "t"
    assert "body" not in event


def test_a_function_of_a_token_gets_the_token_alone() -> None:
    gateway = function(type="TOKEN", identitySource="method.request.header.X-Key")
    assert gateway.ask() == 401
    gateway.ask(CALL, **{"x-key": "t"})
    [(_, event)] = gateway.aws.invoked
    assert event == {"type": "TOKEN", "methodArn": event["methodArn"], "authorizationToken": "t"}


def test_a_missing_identity_source_asks_no_function() -> None:
    gateway = function()
    assert gateway.ask() == 401
    assert not gateway.aws.invoked


def test_a_decision_is_kept_for_its_slot_and_its_time() -> None:
    """CD-10: after a rollback, the other release's function decides."""
    gateway = function()
    green = replace(CALL, variables={"slot": "green"})
    for call, now in ((CALL, 0), (CALL, 30), (green, 31), (CALL, 59), (CALL, 61)):
        gateway.now = now
        gateway.ask(call, authorization="t")
    assert [name for name, _ in gateway.aws.invoked] == [
        "shop-blue-authorize", "shop-green-authorize", "shop-blue-authorize",
    ]  # fmt: skip


def test_a_kept_policy_is_asked_for_each_method() -> None:
    """The usual mistake: a policy for the one method of the first request."""
    only = ALLOW | {"Resource": "arn:aws:execute-api:eu-central-1:111122223333:api1/live/GET/api/a"}
    gateway = function({"principalId": "ann", "policyDocument": {"Statement": [only]}})
    assert gateway.ask(authorization="t") == {"principalId": "ann"}
    assert gateway.ask(replace(CALL, path="/api/b"), authorization="t") == 403


@pytest.mark.parametrize(
    ("answer", "failed", "status"),
    [
        ({"policyDocument": {"Statement": [ALLOW | {"Effect": "Deny"}]}}, False, 403),
        ({"policyDocument": {"Statement": []}}, False, 403),
        ({"errorMessage": "Unauthorized"}, True, 401),
        ({"errorMessage": "boom"}, True, 500),
        ({"isAuthorized": True}, False, 500),
        ("yes", False, 500),
        ({"policyDocument": {"Statement": [ALLOW]}, "context": {"roles": ["a"]}}, False, 500),
    ],
)
def test_what_a_function_may_answer(answer: Any, failed: bool, status: int) -> None:
    gateway = function(answer)
    gateway.aws.failed = failed
    assert gateway.ask(authorization="t") == status


def test_the_role_must_be_able_to_invoke() -> None:
    gateway = function(authorizerCredentials="r")
    gateway.aws.denied_role = "r"
    assert gateway.ask(authorization="t") == 500
    assert not gateway.aws.invoked


def test_a_method_without_an_authorizer_is_open() -> None:
    assert Gateway(Aws(), {"authorizationType": "NONE"}, {}).ask() == {}
    assert Gateway(Aws(), {"authorizationType": "CUSTOM", "authorizerId": "gone"}, {}).ask() == 500
