"""The real headers function, run by node behind the headers policy: the headers of each answer (INF-8)."""

from __future__ import annotations

import asyncio
from typing import Any

from embedded.edge import response_headers
from embedded.edge.distribution import Distribution, Function
from embedded.edge.function_host import FunctionHost
from embedded.edge.functions import Functions
from embedded.edge.messages import Request, Response
from kanmon.config.web import CHANGEABLE, Web
from kanmon.naming import HEADER_METADATA
from kanmon.templates.edge import edge_template, headers_function
from tests.fakes.app import make_config
from tests.fakes.scanner import CSP, grade, wrong
from tests.unit.templates.parsed import parse

EDGE = parse(edge_template(make_config()))["Resources"]
POLICY = EDGE["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
DISTRIBUTION = Distribution("E1", "arn", "d1.cloudfront.net", True, "", (), {}, {})
METADATA = f"x-amz-meta-{HEADER_METADATA}"
OWN = "default-src 'self'; img-src https://images.example.com"


def _answers(*answers: Response) -> list[dict[str, str]]:
    """The headers of answers as CloudFront sends them: first the policy, then the function."""
    request, function = Request("GET", "/"), Function("headers", "1", headers_function(make_config()))

    async def run() -> list[Response]:
        host = FunctionHost()
        try:
            return [
                await Functions(host).on_response(
                    function, DISTRIBUTION, request, response_headers.apply(POLICY, request, answer)
                )
                for answer in answers
            ]
        finally:
            await host.close()

    return [{name: ", ".join(values) for name, values in sent.headers.items()} for sent in asyncio.run(run())]


def _file(status: int = 200, **headers: str) -> Response:
    metadata = {f"{METADATA}{name.replace('_', '-')}": [value] for name, value in headers.items()}
    return Response(status, {"content-type": ["text/html"], "x-amz-meta-kanmon-release": ["r1"]} | metadata)


def test_a_file_has_the_headers_of_its_release_over_the_floor() -> None:
    (sent,) = _answers(_file(content_security_policy=OWN))
    assert sent[CSP] == OWN
    assert sent["x-frame-options"] == "DENY"
    assert not [name for name in sent if name.startswith(METADATA)]


def test_a_page_still_names_its_release() -> None:
    """Smoke checks look for it."""
    (sent,) = _answers(_file(content_security_policy=OWN))
    assert sent["x-amz-meta-kanmon-release"] == "r1"


def test_a_scanner_gives_pages_the_best_grade() -> None:
    policy = Web(directory="web/dist").headers[CSP]
    (sent,) = _answers(_file(content_security_policy=policy))
    assert wrong(sent) == []
    assert grade(sent) >= 130


def test_a_file_without_headers_of_its_own_keeps_the_floor() -> None:
    (sent,) = _answers(_file())
    assert sent[CSP] == "default-src 'none'; frame-ancestors 'none'"


def test_a_304_leaves_the_browser_its_policy() -> None:
    """It has no metadata. With the floor, the browser would block everything in a page of its cache."""
    bare, full = _answers(_file(304), _file(304, content_security_policy=OWN))
    assert CSP not in bare
    assert full[CSP] == OWN


def test_a_304_leaves_the_browser_its_other_headers() -> None:
    """ADP-4: a page with a camera keeps it. What no release changes comes with each answer."""
    (sent,) = _answers(_file(304))
    assert not {name.lower() for name in CHANGEABLE} & set(sent)
    assert sent["x-content-type-options"] == "nosniff"


def test_a_release_has_the_last_word_about_its_headers() -> None:
    """ADP-4"""
    own = Web(directory="web/dist", response_headers=dict.fromkeys(CHANGEABLE, "own")).headers
    (sent,) = _answers(_file(200, **own))
    assert {sent[name.lower()] for name in CHANGEABLE} == {"own"}


def test_any_header_of_a_release_is_sent() -> None:
    """Another header needs no change of the stack."""
    (sent,) = _answers(_file(permissions_policy="camera=(self)"))
    assert sent["permissions-policy"] == "camera=(self)"


# The cookie of a preview.

TOKEN = "r2-" + "0" * 32
COOKIE = f"kanmon-preview={TOKEN}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=900"


def _previewed(status: int) -> Response:
    page = _file(status, content_security_policy=OWN)
    return Response(status, page.headers | {"x-amz-meta-kanmon-preview": [TOKEN]})


def test_a_served_page_of_a_preview_sets_its_cookie() -> None:
    """TRU-2"""
    (sent,) = _answers(_previewed(200))
    assert sent["set-cookie"] == COOKIE
    assert "x-amz-meta-kanmon-preview" not in sent
    assert sent[CSP] == OWN


def test_nothing_else_sets_the_cookie() -> None:
    """TRU-2: a live page, part of a page, or an answer without one."""
    for sent in _answers(_file(), _file(304), _previewed(206), _previewed(304)):
        assert "set-cookie" not in sent
        assert TOKEN not in str(sent)


def test_the_cookie_does_not_depend_on_the_request() -> None:
    """AWS does not say whether this function sees the path of the viewer or that of the path function."""
    assert "event.request" not in headers_function(make_config())


def _behaviors(**changes: Any) -> dict[str, list[tuple[str, str]]]:
    """The functions of each path, by event."""
    resources = parse(edge_template(make_config(**changes)))["Resources"]
    config = resources["Distribution"]["Properties"]["DistributionConfig"]
    every = [{"PathPattern": "*"} | config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]
    return {
        behavior["PathPattern"]: [
            (item["EventType"], item["FunctionARN"]["GetAtt"].partition(".")[0])
            for item in behavior["FunctionAssociations"]
        ]
        for behavior in every
    }


HEADERS, PATHS = ("viewer-response", "HeadersFunction"), ("viewer-request", "PathFunction")


def test_the_web_apps_files_go_through_it_and_the_api_does_not() -> None:
    assert _behaviors() == {"*": [HEADERS, PATHS], "/api/*": [PATHS], "/assets/*": [HEADERS]}


def test_an_app_without_pages_has_no_such_function() -> None:
    assert "HeadersFunction" not in parse(edge_template(make_config(web=None)))["Resources"]
    assert _behaviors(web=None) == {"*": [PATHS]}


def test_the_function_fits_into_cloudfronts_limit() -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html"""
    assert len(headers_function(make_config()).encode()) < 10 * 1024
