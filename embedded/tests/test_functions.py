"""CloudFront Functions under real Node: events, results, refusals (INF-8)."""

from __future__ import annotations

import asyncio

import pytest

from embedded.edge.distribution import Distribution, Function
from embedded.edge.function_host import FunctionHost
from embedded.edge.functions import Functions, request_object
from embedded.edge.messages import Request, Response

DISTRIBUTION = Distribution(
    "E1", "arn:aws:cloudfront::1:distribution/E1", "d1.cloudfront.net", True, "", (), {}, {}
)
REQUEST = Request(
    "GET",
    "/a%20b",
    "x=1&x=2&flag&y=%C3%A9",
    {"host": ["d1.cloudfront.net"], "accept": ["a", "b"], "cookie": ["c=1; d=2"]},
    id="r-1",
)


def run(code: str, request: Request = REQUEST) -> Request | Response:
    """One viewer-request run in a host of its own."""

    async def once() -> Request | Response:
        host = FunctionHost()
        try:
            function = Function("f", "1", code)
            return await Functions(host).on_request(function, DISTRIBUTION, request)
        finally:
            await host.close()

    return asyncio.run(once())


def answered(code: str, response: Response) -> Response:
    """One viewer-response run in a host of its own."""

    async def once() -> Response:
        host = FunctionHost()
        try:
            return await Functions(host).on_response(
                Function("f", "1", code), DISTRIBUTION, REQUEST, response
            )
        finally:
            await host.close()

    return asyncio.run(once())


def failed(code: str) -> str:
    """Why a function's result was refused."""
    answer = run(code)
    assert isinstance(answer, Response)
    reason = answer.body.decode()
    assert answer.status == (502 if "FunctionValidationError" in reason else 503)
    return reason


def test_request_has_cloudfronts_shape() -> None:
    """Lower-case headers without cookies, nothing decoded, multiValue for repeated names."""
    assert request_object(REQUEST) == {
        "method": "GET",
        "uri": "/a%20b",
        "querystring": {
            "x": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]},
            "flag": {"value": ""},
            "y": {"value": "%C3%A9"},
        },
        "headers": {
            "host": {"value": "d1.cloudfront.net"},
            "accept": {"value": "a", "multiValue": [{"value": "a"}, {"value": "b"}]},
        },
        "cookies": {"c": {"value": "1"}, "d": {"value": "2"}},
    }


def test_unchanged_request_comes_back_the_same() -> None:
    """Event and result agree in every part."""
    assert run("function handler(event) { return event.request; }") == REQUEST


def test_uri_and_query_can_change() -> None:
    """The work of a path function."""
    made = run(
        "async function handler(event) { const r = event.request; r.uri = '/live' + r.uri;"
        " r.querystring = {q: {value: event.context.eventType}}; return r; }"
    )
    assert isinstance(made, Request)
    assert made.uri == "/live/a%20b"
    assert made.query == "q=viewer-request"


def test_response_ends_the_request() -> None:
    """Headers and cookies arrive."""
    made = run(
        "function handler(event) { return {statusCode: 302, statusDescription: 'Found',"
        " headers: {location: {value: '/x'}},"
        " cookies: {p: {value: '1', attributes: 'Path=/; Secure'}}, body: 'gone'}; }"
    )
    assert made == Response(
        302,
        {"location": ["/x"], "set-cookie": ["p=1; Path=/; Secure"], "content-length": ["4"]},
        b"gone",
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("function handler(e) { throw new Error('no'); }", "FunctionExecutionError"),
        ("function handler(e) { return undefined; }", "neither a request nor a response"),
        ("function handler(e) { e.request.method = 'PUT'; return e.request; }", "read-only"),
        ("function handler(e) { e.request.uri = 'x'; return e.request; }", "begin with /"),
        ("function handler(e) { return {statusCode: 99}; }", "no status"),
        (
            "function handler(e) { e.request.headers.Upper = {value: 'x'}; return e.request; }",
            "lower-case",
        ),
        (
            "function handler(e) { e.request.headers.host = {value: 'x'}; return e.request; }",
            "host is read-only",
        ),
        (
            "function handler(e) { e.request.headers['x-edge-a'] = {value: 'x'}; return e.request; }",
            "may not be added",
        ),
        (f"function handler(e) {{ return e.request; }} //{'x' * 10240}", "FunctionSizeLimitExceeded"),
        ("function handler(e) { return require('fs'); }", "require is not defined"),
        ("function handler(e) { setTimeout(function () {}, 1); }", "setTimeout is not defined"),
        ("function handler(e) { return fetch('/'); }", "fetch is not defined"),
        ("function handler(e) { return eval('1'); }", "Code generation from strings"),
        ("function handler(e) { while (true) {} }", "timed out"),
        ("async function handler(e) { await new Promise(function () {}); }", "not finish"),
        ("function nothing() {}", "no handler"),
        ("this is no JavaScript", "SyntaxError"),
    ],
)
def test_refused(code: str, reason: str) -> None:
    """Bad results are a 502 and exceptions a 503, as at CloudFront."""
    assert reason in failed(code)


def test_no_state_between_runs() -> None:
    """A global of one run is not seen by the next."""
    code = "var n = 0; function handler(e) { n += 1; e.request.uri = '/' + n; return e.request; }"

    async def twice() -> list[str]:
        host = FunctionHost()
        functions, function = Functions(host), Function("f", "1", code)
        uris = []
        for _ in range(2):
            made = await functions.on_request(function, DISTRIBUTION, REQUEST)
            assert isinstance(made, Request)
            uris.append(made.uri)
        await host.close()
        return uris

    assert asyncio.run(twice()) == ["/1", "/1"]


def test_response_function_changes_headers() -> None:
    """viewer-response: headers and cookies."""
    code = "function handler(e) { e.response.headers['x-a'] = {value: e.request.uri}; return e.response; }"
    made = answered(code, Response(200, {"etag": ['"1"'], "set-cookie": ["s=1; Path=/"]}, b"body"))
    assert made.headers["x-a"] == ["/a%20b"]
    assert made.headers["set-cookie"] == ["s=1; Path=/"]
    assert made.body == b"body"


def test_response_function_does_not_see_disallowed_headers() -> None:
    """They pass by the function, whatever it makes of the rest."""
    code = "function handler(e) { var h = e.response.headers; e.response.headers = {names: {value: Object"
    code += ".keys(h).join()}}; return e.response; }"
    made = answered(code, Response(200, {"etag": ['"1"'], "x-cache": ["Hit"], "x-amz-meta-a": ["b"]}))
    assert made.headers == {"names": ["etag,x-amz-meta-a"], "x-cache": ["Hit"]}
