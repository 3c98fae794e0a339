"""The order of CloudFront's stations, in memory: conditions, response headers policy, response function."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

from embedded.edge.cache import Cache
from embedded.edge.distribution import Behavior, Distribution, Function
from embedded.edge.function_host import FunctionHost
from embedded.edge.functions import Functions
from embedded.edge.messages import Request, Response
from embedded.edge.pipeline import Pipeline

NONE = {
    "QueryStringsConfig": {"QueryStringBehavior": "none"},
    "CookiesConfig": {"CookieBehavior": "none"},
    "HeadersConfig": {"HeaderBehavior": "none"},
}
POLICY = {"CustomHeadersConfig": {"Items": [{"Header": "x-floor", "Value": "policy", "Override": True}]}}
RENAMES = """
function handler(event) {
  var headers = event.response.headers;
  headers['x-status'] = { value: String(event.response.statusCode) };
  if (headers['x-amz-meta-floor']) {
    headers['x-floor'] = headers['x-amz-meta-floor'];
    delete headers['x-amz-meta-floor'];
  }
  return event.response;
}
"""
SETS_A_COOKIE = """
function handler(event) {
  if (event.request.querystring.first) {
    event.response.cookies = { visit: { value: '1', attributes: 'Secure' } };
  }
  return event.response;
}
"""
METHODS = frozenset({"GET", "HEAD"})
BEHAVIOR = Behavior(
    pattern="*",
    origin_id="web",
    allowed_methods=METHODS,
    cached_methods=METHODS,
    compress=False,
    cache_policy={"MinTTL": 0, "MaxTTL": 60, "ParametersInCacheKeyAndForwardedToOrigin": NONE},
    origin_request_policy=None,
    response_headers_policy=POLICY,
    functions={"viewer-response": Function("f", "1", RENAMES)},
)
DISTRIBUTION = Distribution(
    "E1",
    "arn",
    "d1.cloudfront.net",
    True,
    "",
    (BEHAVIOR,),
    {"web": {"DomainName": "b.s3.amazonaws.com"}},
    {404: {"ErrorCode": 404, "ResponsePagePath": "/sorry", "ResponseCode": "200", "ErrorCachingMinTTL": 0}},
)
PAGE = {"etag": ['"1"'], "cache-control": ["no-cache"], "x-amz-meta-floor": ["release"]}


@dataclass
class Bucket:
    """The origin: a page, and nothing else but the page for errors."""

    tag: str = '"1"'

    async def fetch(
        self, distribution: Distribution, origin: Any, request: Request, etag: str | None
    ) -> Response:
        del distribution, origin
        if request.uri not in {"/", "/sorry"}:
            return Response(404)
        if etag == self.tag:
            return Response(304, {"etag": [self.tag]})
        return Response(200, PAGE | {"etag": [self.tag]}, b"page")


@dataclass
class Known:
    """The distribution of every request."""

    distribution: Distribution

    async def find(self, host: str) -> Distribution:
        del host
        return self.distribution


def answers(*requests: Request, distribution: Distribution = DISTRIBUTION) -> list[Response]:
    """The answers of one edge to requests, one after the other."""

    async def ask() -> list[Response]:
        host = FunctionHost()
        known, bucket = cast("Any", Known(distribution)), cast("Any", Bucket())
        pipeline = Pipeline(known, Functions(host), Cache(), bucket, cast("Any", None))
        try:
            return [await pipeline.handle(request) for request in requests]
        finally:
            await host.close()

    return asyncio.run(ask())


ASK = Request("GET", "/")
REVALIDATE = Request("GET", "/", headers={"if-none-match": ['"1"']})


def test_the_function_has_the_last_word_over_the_policy() -> None:
    (page,) = answers(ASK)
    assert page.headers["x-floor"] == ["release"]
    assert "x-amz-meta-floor" not in page.headers


def test_a_kept_page_goes_through_the_function_too() -> None:
    _, again = answers(ASK, ASK)
    assert again.headers["x-cache"] == ["RefreshHit from cloudfront"]
    assert again.headers["x-floor"] == ["release"]


def test_policy_and_function_see_a_304_from_the_cache() -> None:
    _, unchanged = answers(ASK, REVALIDATE)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["x-status"] == ["304"]
    assert unchanged.headers["x-floor"] == ["release"]


def test_a_304_of_the_bucket_has_no_metadata_and_is_not_kept() -> None:
    unchanged, page = answers(REVALIDATE, ASK)
    assert unchanged.status == 304
    assert unchanged.headers["x-floor"] == ["policy"]
    assert (page.status, page.body) == (200, b"page")


def test_an_error_does_not_reach_the_function() -> None:
    plain = replace(DISTRIBUTION, errors={})
    (missing,) = answers(Request("GET", "/gone"), distribution=plain)
    assert missing.status == 404
    assert missing.headers["x-floor"] == ["policy"]
    assert "x-status" not in missing.headers


def test_the_page_of_an_error_does_not_reach_it_either() -> None:
    """The origin's status decides, not the status for the viewer."""
    (sorry,) = answers(Request("GET", "/gone"))
    assert sorry.status == 200
    assert sorry.body == b"page"
    assert "x-status" not in sorry.headers


def test_the_cache_keeps_no_cookie_of_the_function() -> None:
    """It comes after the cache, so the next viewer gets the page without it."""
    behavior = replace(BEHAVIOR, functions={"viewer-response": Function("c", "1", SETS_A_COOKIE)})
    distribution = replace(DISTRIBUTION, behaviors=(behavior,))
    first, second = answers(replace(ASK, query="first=1"), ASK, distribution=distribution)
    assert first.headers["set-cookie"] == ["visit=1; Secure"]
    assert second.headers["x-cache"] == ["RefreshHit from cloudfront"]
    assert "set-cookie" not in second.headers
