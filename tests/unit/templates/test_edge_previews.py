"""Both functions of the edge, with its cache: a preview is for the holder of its token alone (TRU-2)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.edge.cache import Cache
from embedded.edge.distribution import Behavior, Distribution, Function
from embedded.edge.function_host import FunctionHost
from embedded.edge.functions import Functions
from embedded.edge.messages import Request, Response
from embedded.edge.pipeline import Pipeline
from kanmon.naming import PREVIEW_COOKIE, PREVIEW_METADATA, PREVIEW_PARAMETER, preview_folder
from kanmon.templates.edge import headers_function, path_function
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN, FORGOTTEN = "r2-" + "ab" * 16, "r1-" + "cd" * 16
"""A candidate's token, and one left by a run that died: nobody in these tests knows it."""
CLOSED = ("r1-" + "0" * 32, "r2-" + "f" * 32, "r3-" + "12" * 16)
METHODS = frozenset({"GET", "HEAD"})
NAMES = ("index.html", "about.html", "robots.txt")


def _objects() -> dict[str, Response]:
    """The web bucket. The body of each file is its release; of an asset, `asset`."""
    found = {"assets/a-1.js": Response(200, {"cache-control": ["max-age=60"]}, b"asset")}
    for folder, release, cache in (
        ("", "live", "no-cache"),
        (preview_folder(OPEN), "candidate", "no-store"),
        (preview_folder(FORGOTTEN), "forgotten", "no-store"),
    ):
        token = folder.split("/")[1] if folder else ""
        marks = {f"x-amz-meta-{PREVIEW_METADATA}": [token]} if token else {}
        for name in NAMES:
            headers = {"cache-control": [cache], "etag": [f'"{release}"'], **marks}
            found[folder + name] = Response(200, headers, release.encode())
    return found


@dataclass
class Bucket:
    """The web bucket, as CloudFront reads it."""

    objects: dict[str, Response]

    async def fetch(
        self, distribution: Distribution, origin: Any, request: Request, etag: str | None = None
    ) -> Response:
        del distribution, origin, etag
        return self.objects.get(unquote(request.uri.removeprefix("/")), Response(404, {}, b"NoSuchKey"))


class Api:
    """The API's stages."""

    async def fetch(self, origin: Any, request: Request) -> Response:
        del origin
        stages = {"live": b"live", OPEN: b"candidate", FORGOTTEN: b"forgotten"}
        stage = request.uri.split("/")[1]
        return Response(200, {}, stages[stage]) if stage in stages else Response(403, {}, b"Forbidden")


def _behavior(pattern: str, origin: str, functions: dict[str, Function]) -> Behavior:
    keyless = {"QueryStringBehavior": "none", "CookieBehavior": "none", "HeaderBehavior": "none"}
    kinds = {"QueryStringsConfig": keyless, "CookiesConfig": keyless, "HeadersConfig": keyless}
    policy = {"MinTTL": 0, "MaxTTL": 86400, "ParametersInCacheKeyAndForwardedToOrigin": kinds}
    return Behavior(pattern, origin, METHODS, METHODS, False, policy, None, None, functions)


def _distribution() -> Distribution:
    paths = Function("paths", "1", path_function(make_config()))
    headers = Function("headers", "1", headers_function(make_config()))
    behaviors = (
        _behavior("/api/*", "api", {"viewer-request": paths}),
        _behavior("/assets/*", "web", {"viewer-response": headers}),
        _behavior("*", "web", {"viewer-request": paths, "viewer-response": headers}),
    )
    origins = {
        "web": {"DomainName": "b.s3.amazonaws.com"},
        "api": {"DomainName": "a1.execute-api.us-east-1.amazonaws.com"},
    }
    return Distribution("E1", "arn", "d1.cloudfront.net", True, "", behaviors, origins, {})


@dataclass(frozen=True)
class Known:
    """The distribution of every request."""

    distribution: Distribution

    async def find(self, host: str) -> Distribution:
        del host
        return self.distribution


@dataclass(frozen=True)
class Edge:
    """An edge location with its cache, for all viewers."""

    runner: asyncio.Runner
    pipeline: Pipeline

    def ask(self, uri: str, *, cookie: str | None = None, link: str | None = None) -> Response:
        """The answer to a GET request."""
        headers = {} if cookie is None else {"cookie": [f"{PREVIEW_COOKIE}={quote(cookie)}"]}
        query = "" if link is None else f"{PREVIEW_PARAMETER}={quote(link)}"
        return self.runner.run(self.pipeline.handle(Request("GET", uri, query, headers)))


@pytest.fixture(scope="module")
def edge() -> Iterator[Edge]:
    with asyncio.Runner() as runner:
        host = FunctionHost()
        known, bucket, api = cast("Any", Known(_distribution())), cast("Any", Bucket(_objects())), Api()
        yield Edge(runner, Pipeline(known, Functions(host), Cache(), bucket, cast("Any", api)))
        runner.run(host.close())


_PATH = st.lists(
    st.sampled_from(
        ["", "api", "assets", "a-1.js", "goals", *NAMES, ".previews", "%2epreviews", OPEN, *CLOSED, "live",
         "releases", "r1", "r2", "..", "%2e%2e", "%2f", "%252e%252e"]
    )
    | st.text("abr12-./%", max_size=5),
    max_size=5,
).map(lambda parts: "/" + "/".join(parts))  # fmt: skip
_CLAIM = (
    st.none()
    | st.sampled_from([*CLOSED, "", "r1", OPEN[:-1], f"{OPEN}/", f"../{OPEN}"])
    | st.text(max_size=9)
)


@settings(deadline=None)
@given(path=_PATH, cookie=_CLAIM, link=_CLAIM)
def test_without_the_open_token_there_is_the_live_release_or_an_error(
    edge: Edge, path: str, cookie: str | None, link: str | None
) -> None:
    """TRU-2: for any path, also with the token in it."""
    edge.ask("/", cookie=OPEN)
    answer = edge.ask(path, cookie=cookie, link=link)
    assert answer.status in {302, 400, 403, 404} or answer.body in {b"live", b"asset"}
    assert not [line for line in answer.headers.get("set-cookie", []) if "=r" in line]
    if (cookie if link is None else link) in CLOSED and not path.startswith("/assets/"):
        assert answer.status in {400, 403, 404}


@settings(deadline=None)
@given(path=_PATH, by_link=st.booleans())
def test_with_the_open_token_there_is_its_release_or_an_error(edge: Edge, path: str, by_link: bool) -> None:
    """CD-7, TRU-2: never the live one, so that no page and API of two releases meet."""
    edge.ask(path)
    answer = edge.ask(path, link=OPEN) if by_link else edge.ask(path, cookie=OPEN)
    assert answer.status in {400, 403, 404} or answer.body in {b"candidate", b"asset"}
    page = answer.body == b"candidate" and not path.startswith("/api/")
    assert ("set-cookie" in answer.headers) is page


def test_the_next_viewer_gets_no_copy_of_a_preview(edge: Edge) -> None:
    """TRU-2: the cache's key has neither the link nor the cookie."""
    for path in ("/", "/about.html", "/goals/7", "/api/goals"):
        bodies = [edge.ask(path, link=OPEN).body, edge.ask(path).body, edge.ask(path, cookie=OPEN).body]
        assert bodies == [b"candidate", b"live", b"candidate"]


def test_a_closed_preview_is_gone_at_once(edge: Edge) -> None:
    """TRU-2: nothing of it is in the cache."""
    objects = cast("Any", edge.pipeline.s3).objects
    key = preview_folder(OPEN) + "about.html"
    assert edge.ask("/about.html", cookie=OPEN).status == 200
    page = objects.pop(key)
    assert edge.ask("/about.html", cookie=OPEN).status == 404
    objects[key] = page
