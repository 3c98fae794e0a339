"""CloudFront's and API Gateway's rules in memory: behaviors, caching, routes, policies."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from embedded.edge import canary, delivery, forwarding, proxy_event, response_headers
from embedded.edge.behaviors import choose
from embedded.edge.cache import Cache, key_of, seconds_to_keep
from embedded.edge.cached import Cached
from embedded.edge.distribution import Behavior, Distribution
from embedded.edge.messages import Request, Response
from embedded.edge.permissions import allowed
from embedded.edge.routes import match

NONE = {
    "EnableAcceptEncodingGzip": True,
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
    "CookiesConfig": {"CookieBehavior": "none"},
    "HeadersConfig": {"HeaderBehavior": "none"},
}


def behavior(pattern: str = "*", policy: dict[str, Any] | None = None) -> Behavior:
    """A behavior with a cache policy of an hour."""
    parameters = {"ParametersInCacheKeyAndForwardedToOrigin": NONE}
    cache_policy = {"MinTTL": 0, "DefaultTTL": 3600, "MaxTTL": 86400, **parameters, **(policy or {})}
    methods = frozenset({"GET", "HEAD"})
    return Behavior(pattern, "o", methods, methods, True, cache_policy, None, None, {})


def distribution(**errors: int) -> Distribution:
    """A distribution with error caching times, as `e404=0`."""
    rules = {int(code[1:]): {"ErrorCachingMinTTL": ttl} for code, ttl in errors.items()}
    return Distribution("E1", "arn", "d1.cloudfront.net", True, "", (), {}, rules)


@pytest.mark.parametrize(
    ("uri", "pattern"),
    [
        ("/api/x", "/api/*"),
        ("/API/x", "*"),
        ("/api", "*"),
        ("/img/a.png", "img/?.png"),
        ("/img/ab.png", "*"),
        ("/deep/x.css", "*.css"),
    ],
)
def test_behavior_by_path_pattern(uri: str, pattern: str) -> None:
    """Case counts, `?` is one character, a leading slash may be missing, the default is last."""
    behaviors = [behavior(p) for p in ("/api/*", "img/?.png", "*.css", "*")]
    assert choose(behaviors, uri).pattern == pattern


@pytest.mark.parametrize(
    ("cache_control", "policy", "seconds"),
    [
        (None, {}, 3600.0),
        ("max-age=60", {}, 60.0),
        ("max-age=60, s-maxage=5", {}, 5.0),
        ("max-age=999999", {}, 86400.0),
        ("max-age=0", {}, 0.0),
        ("max-age=1", {"MinTTL": 30}, 30.0),
        ("no-cache", {}, 0.0),
        ("no-store", {}, None),
        ("private", {}, None),
        ("no-cache", {"MinTTL": 30}, 30.0),
        ("max-age=60", {"MaxTTL": 0}, None),
    ],
)
def test_how_long_content_is_kept(
    cache_control: str | None, policy: dict[str, Any], seconds: float | None
) -> None:
    """The rules of expiration, row by row."""
    headers = {} if cache_control is None else {"cache-control": [cache_control]}
    found = seconds_to_keep(distribution(), behavior(policy=policy), Response(200, headers), 1.0)
    assert found == seconds


@pytest.mark.parametrize(
    ("status", "cache_control", "errors", "seconds"),
    [
        (404, None, {}, 10.0),
        (404, "no-cache", {}, None),
        (500, "no-store", {}, 10.0),
        (502, None, {"e502": 0}, None),
        (403, None, {}, None),
        (403, "max-age=60", {}, 60.0),
        (400, None, {}, None),
    ],
)
def test_how_long_errors_are_kept(
    status: int, cache_control: str | None, errors: dict[str, int], seconds: float | None
) -> None:
    """Ten seconds unless the distribution sets another time, even with caching disabled."""
    headers = {} if cache_control is None else {"cache-control": [cache_control]}
    disabled = behavior(policy={"MaxTTL": 0, "DefaultTTL": 0})
    response = Response(status, headers)
    assert seconds_to_keep(distribution(**errors), disabled, response, 1.0) == seconds


def test_the_cache_key_has_the_parts_of_the_policy() -> None:
    """Query strings outside the policy share an entry; those inside don't."""
    parameters = {
        **NONE,
        "QueryStringsConfig": {
            "QueryStringBehavior": "whitelist",
            "QueryStrings": {"Items": ["v"]},
        },
    }
    one = behavior(policy={"ParametersInCacheKeyAndForwardedToOrigin": parameters})

    def key(query: str, method: str = "GET") -> object:
        return key_of(distribution(), one, Request(method, "/", query))

    assert key("v=1&x=1") == key("v=1&x=2") == key("v=1", "HEAD")
    assert key("v=1") != key("v=2")


def test_entry_ages() -> None:
    """Fresh until its time is over."""
    now = [100.0]
    cache = Cache(lambda: now[0])
    cache.put(("k",), Response(200), 10)
    entry = cache.get(("k",))
    assert entry is not None
    assert entry.fresh(109.9)
    assert not entry.fresh(110.0)


def test_origin_gets_next_to_nothing_without_a_policy() -> None:
    """No cookies, query strings or headers of the viewer's; CloudFront's own instead."""
    request = Request(
        "GET",
        "/x",
        "a=1",
        {"cookie": ["c=1"], "x-mine": ["1"], "host": ["d"], "authorization": ["t"]},
        id="i",
    )
    sent = forwarding.forwarded(behavior(), request, {"OriginPath": "/p"}, "via")
    assert sent.uri == "/p/x"
    assert sent.query == ""
    assert set(sent.headers) == {"user-agent", "x-forwarded-for", "via", "x-amz-cf-id"}
    assert sent.headers["user-agent"] == ["Amazon CloudFront"]
    policy = {
        "HeadersConfig": {"HeaderBehavior": "allExcept", "Headers": {"Items": ["Host"]}},
        "CookiesConfig": {"CookieBehavior": "all"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
    }
    viewer = replace(behavior(), origin_request_policy=policy)
    sent = forwarding.forwarded(viewer, request, {}, "via")
    assert sent.query == "a=1"
    assert sent.headers["cookie"] == ["c=1"]
    assert sent.headers["authorization"] == ["t"]
    assert "host" not in sent.headers


RESOURCES = {
    identifier: {"path": path, "resourceMethods": {m: {"name": identifier} for m in methods}}
    for identifier, (path, methods) in {
        "root": ("/", []),
        "goals": ("/goals", ["GET", "POST"]),
        "new": ("/goals/new", ["GET"]),
        "goal": ("/goals/{id}", ["ANY"]),
        "sub": ("/goals/{id}/sub", ["GET"]),
        "rest": ("/{proxy+}", ["ANY"]),
    }.items()
}


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters"),
    [
        ("GET", "/goals", "goals", {}),
        ("GET", "/goals/", "goals", {}),
        ("GET", "/goals/new", "new", {}),
        ("PUT", "/goals/new", "goal", {"id": "new"}),
        ("GET", "/goals/a%2Fb", "goal", {"id": "a/b"}),
        ("GET", "/goals/1/sub", "sub", {"id": "1"}),
        ("GET", "/goals/1/other/x", "rest", {"proxy": "goals/1/other/x"}),
        ("DELETE", "/goals", "rest", {"proxy": "goals"}),
        ("GET", "/", None, {}),
    ],
)
def test_route(method: str, path: str, resource: str | None, parameters: dict[str, str]) -> None:
    """INF-6: literal before parameter before greedy, a method before ANY."""
    found = match(RESOURCES, method, path)
    assert (found and found.resource_id) == resource
    if found:
        assert found.parameters == parameters


def test_canary_draw_changes_deployment_and_variables() -> None:
    """CD-8: all of the canary's overrides, or none."""
    stage = {
        "deploymentId": "d1",
        "variables": {"slot": "blue", "other": "x"},
        "canarySettings": {
            "percentTraffic": 30.0,
            "deploymentId": "d2",
            "stageVariableOverrides": {"slot": "green"},
        },
    }
    draws = [canary.draw(stage, random.Random(seed)) for seed in range(300)]
    assert 60 <= sum(draw.canary for draw in draws) <= 120
    for draw in draws:
        slot, deployment = ("green", "d2") if draw.canary else ("blue", "d1")
        assert draw.variables["slot"] == slot
        assert draw.deployment == deployment
        assert draw.variables["other"] == "x"
    stage["canarySettings"] = {"percentTraffic": 0.0}
    assert not canary.draw(stage, random.Random(1)).canary


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"statusCode": 200, "body": "x"}, 200, b"x"),
        ({"statusCode": "201"}, 201, b""),
        (
            {"statusCode": 200, "body": base64.b64encode(b"\0").decode(), "isBase64Encoded": True},
            200,
            b"\0",
        ),
        ({"body": "x"}, None, b""),
        ({"statusCode": 200, "body": {"not": "text"}}, None, b""),
        ("text", None, b""),
        ({"statusCode": 200, "body": "!", "isBase64Encoded": True}, None, b""),
    ],
)
def test_proxy_answer(result: Any, status: int | None, body: bytes) -> None:
    """INF-6: answers for API Gateway, and malformed ones."""
    made = proxy_event.answer(json.dumps(result).encode(), None, ("*/*",))
    assert (made and made.status) == status
    if made:
        assert made.body == body


@pytest.mark.parametrize(
    ("accept", "types", "body"),
    [
        ("image/png", ("image/png",), b"\0"),
        ("image/png, text/html", ("image/*",), b"\0"),
        (None, ("*/*",), b"\0"),
        ("text/html, image/png", ("image/png",), b"AA=="),
        (None, ("image/png",), b"AA=="),
        ("image/png", (), b"AA=="),
    ],
)
def test_a_binary_answer_needs_its_media_type(
    accept: str | None, types: tuple[str, ...], body: bytes
) -> None:
    """INF-6: the first type of `Accept` decides."""
    result = {"statusCode": 200, "body": "AA==", "isBase64Encoded": True}
    made = proxy_event.answer(json.dumps(result).encode(), accept, types)
    assert made is not None
    assert made.body == body


def test_proxy_answer_headers_unite() -> None:
    """Single and multi-value headers together; a header in both isn't doubled."""
    made = proxy_event.answer(
        json.dumps(
            {
                "statusCode": 200,
                "headers": {"A": "1", "X": True},
                "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "a": ["1"]},
            }
        ).encode(),
        None,
        (),
    )
    assert made is not None
    assert made.headers["set-cookie"] == ["a=1", "b=2"]
    assert made.headers["a"] == ["1"]
    assert made.headers["x"] == ["true"]


def test_bucket_policy_names_the_distribution() -> None:
    """INF-8: only this distribution, only granted actions, a Deny wins."""
    grant = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::web/*",
        "Condition": {"StringEquals": {"aws:SourceArn": "arn:E1"}},
    }
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    mine = {"aws:SourceArn": "arn:E1", "aws:SecureTransport": "true"}
    service = "cloudfront.amazonaws.com"

    def may(action: str, context: dict[str, str], *more: dict[str, Any]) -> bool:
        return allowed([grant, plain, *more], action, "arn:aws:s3:::web/x", context, service)

    assert may("s3:GetObject", mine)
    assert not may("s3:GetObject", {**mine, "aws:SourceArn": "arn:E2"})
    assert not may("s3:GetObject", {**mine, "aws:SecureTransport": "false"})
    assert not may("s3:PutObject", mine)
    assert not may("s3:GetObject", mine, {**plain, "Condition": {}})


def test_response_headers_policy_overrides_only_if_it_is_set() -> None:
    """INF-8: override replaces, without it the origin's header stays."""
    policy = {
        "SecurityHeadersConfig": {
            "FrameOptions": {"FrameOption": "DENY", "Override": True},
            "ReferrerPolicy": {"ReferrerPolicy": "no-referrer", "Override": False},
        },
        "RemoveHeadersConfig": {"Items": [{"Header": "Server"}]},
    }
    response = Response(
        200, {"x-frame-options": ["SAMEORIGIN"], "referrer-policy": ["origin"], "server": ["x"]}
    )
    made = response_headers.apply(policy, Request("GET", "/"), response)
    assert made.headers == {"x-frame-options": ["DENY"], "referrer-policy": ["origin"]}


def test_small_and_binary_files_are_not_compressed() -> None:
    """From 1,000 bytes, and listed types only."""
    asked = Request("GET", "/", headers={"accept-encoding": ["gzip, br"]})

    def encoding(kind: str, size: int) -> str | None:
        response = Response(200, {"content-type": [kind]}, b"x" * size)
        return delivery.deliver(behavior(), asked, response).header("content-encoding")

    assert encoding("text/html; charset=utf-8", 1000) == "gzip"
    assert encoding("text/html", 999) is None
    assert encoding("image/png", 5000) is None


def test_cached_values_are_refreshed_without_a_wait() -> None:
    """No viewer waits for a refresh; a value that led to a refusal is read at once."""
    now = [0.0]
    reads: list[int] = []

    async def use() -> list[int]:
        refreshed = asyncio.Event()

        async def load() -> int:
            reads.append(1)
            if len(reads) == 2:
                refreshed.set()
            return len(reads)

        cached = Cached(1.0, clock=lambda: now[0])
        seen = [await cached.get("k", load), await cached.get("k", load)]
        now[0] = 2.0
        seen.append(await cached.get("k", load))
        await asyncio.wait_for(refreshed.wait(), 5)
        seen.append(await cached.get("k", load))
        cached.forget("k")
        seen.append(await cached.get("k", load))
        now[0] = 20.0
        return [*seen, await cached.get("k", load)]

    assert asyncio.run(use()) == [1, 1, 1, 2, 3, 4]
