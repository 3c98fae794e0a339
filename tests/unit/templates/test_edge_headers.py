"""The headers of every answer, as a scanner grades them (INF-8)."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.edge import response_headers
from embedded.edge.messages import Request, Response
from kanmon.config.web import Web
from kanmon.templates.edge import edge_template
from tests.fakes.app import make_config
from tests.fakes.scanner import CSP, Headers, grade, wrong
from tests.unit.templates.parsed import parse


def _policies(**changes: Any) -> dict[str, Any]:
    resources = parse(edge_template(make_config(**changes)))["Resources"]
    return {
        name: item["Properties"]["ResponseHeadersPolicyConfig"]
        for name, item in resources.items()
        if item["Type"] == "AWS::CloudFront::ResponseHeadersPolicy"
    }


def _headers(policy: Any, origin: str = "", **own: str) -> Headers:
    """The viewer's form of an answer of S3's or API Gateway's."""
    request = Request("GET", "/", headers={"origin": [origin]} if origin else {})
    answer = Response(200, {"server": ["AmazonS3"], **{name: [value] for name, value in own.items()}})
    sent = response_headers.apply(policy, request, answer).headers
    return {name: ", ".join(values) for name, values in sent.items()}


CORS = {"origins": ["https://admin.example.com", "https://shop.example.com"], "credentials": True}
ROUTES = [{"path": "/api/{proxy+}", "function": "api"}]
PLAIN, SHARED = _policies(), _policies(api={"routes": ROUTES, "cors": CORS})


@pytest.mark.parametrize("policy", [*PLAIN.values(), *SHARED.values()], ids=[*PLAIN, *SHARED])
def test_a_scanner_gives_the_best_grade(policy: Any) -> None:
    """INF-8"""
    headers = _headers(policy, "https://admin.example.com")
    assert wrong(headers) == []
    assert grade(headers) >= 130


@pytest.mark.parametrize("name", [name for name in _headers(PLAIN["SecurityHeaders"]) if name.islower()])
def test_the_scanner_misses_each_header(name: str) -> None:
    """The scanner sees the faults it is there for."""
    headers = _headers(PLAIN["SecurityHeaders"])
    assert grade({key: value for key, value in headers.items() if key != name}) < grade(headers)


@pytest.mark.parametrize(
    "loose", ["script-src 'self' 'unsafe-inline'", "script-src *", "object-src 'self'", "frame-ancestors *"]
)
def test_the_scanner_sees_a_loose_policy(loose: str) -> None:
    headers = _headers(PLAIN["SecurityHeaders"])
    policy = headers[CSP].replace("object-src 'none'", "").replace("frame-ancestors 'none'", "")
    assert grade(headers | {CSP: f"{policy}; {loose}"}) < grade(headers)


def test_an_origins_own_headers_do_not_weaken_it() -> None:
    weak = {"x-frame-options": "ALLOWALL", CSP: "default-src *", "referrer-policy": "unsafe-url"}
    plain = _headers(PLAIN["SecurityHeaders"])
    assert _headers(PLAIN["SecurityHeaders"], **weak) == plain


@pytest.mark.parametrize(
    "change",
    [{"content_security_policy": "default-src 'self'; report-uri \"/x\""}, {"settings": {"MAPS": "on"}}],
    ids=["policy", "settings"],
)
def test_what_belongs_to_a_release_is_not_in_the_stack(change: dict[str, Any]) -> None:
    """CD-10: a change of the stack reaches users at once."""
    web = {"directory": "web/dist"}
    assert edge_template(make_config(web=web | change)) == edge_template(make_config(web=web))


@pytest.mark.parametrize("policy", [*PLAIN.values(), *SHARED.values()], ids=[*PLAIN, *SHARED])
def test_the_floor_allows_nothing(policy: Any) -> None:
    assert _headers(policy)[CSP] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("wrong", ["", " a", "a ", "default-src\n'self'", "default-src é"])
def test_a_policy_impossible_as_a_header_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="content_security_policy"):
        Web(directory="web", content_security_policy=wrong)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://admin.example.com", True),
        ("https://shop.example.com", True),
        ("https://evil.example.com", False),
        ("https://admin.example.com.evil.test", False),
        ("http://admin.example.com", False),
        ("null", False),
    ],
)
def test_only_named_origins_may_read(origin: str, allowed: bool) -> None:
    """INF-6: whatever headers a function sends."""
    headers = _headers(SHARED["ApiHeaders"], origin, **{"access-control-allow-credentials": "true"})
    assert headers.get("access-control-allow-origin") == (origin if allowed else None)
    if allowed:
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["vary"] == "Origin"


@pytest.mark.parametrize("policies", [PLAIN, SHARED], ids=["without CORS", "with CORS"])
def test_no_other_site_may_read_a_page(policies: Any) -> None:
    headers = _headers(policies["SecurityHeaders"], "https://admin.example.com")
    assert "access-control-allow-origin" not in headers


def test_without_cors_the_api_has_the_headers_of_pages() -> None:
    assert set(PLAIN) == {"SecurityHeaders"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": []},
        {"origins": ["*"]},
        {"origins": ["https://*.example.com"]},
        {"origins": ["http://a.example"]},
        {"origins": ["https://a.example/"]},
        {"origins": ["https://a.example"], "methods": ["*"]},
        {"origins": ["https://a.example"], "headers": ["*"]},
    ],
)
def test_cors_open_to_everybody_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cors"):
        make_config(api={"routes": ROUTES, "cors": wrong})
