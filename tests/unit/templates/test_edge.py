"""The edge's stack: its origins and caches, for an API, a web app or both (INF-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.config.web import DEFAULT_POLICY
from kanmon.templates.edge import edge_template, headers_function, path_function
from kanmon.templates.slot import slot_template
from tests.fakes.app import make_config
from tests.fakes.existing import DOMAIN, WEB_ACL
from tests.fakes.linted import findings
from tests.unit.templates.parsed import parse

if TYPE_CHECKING:
    from kanmon.config.schema import Config

ROUTES = [{"path": "/api/{proxy+}", "function": "api"}]
CORS = {"origins": ["https://a.example"], "credentials": True}
WEB_ONLY = make_config(api=None, functions={}, hooks=[], database=None)
CONFIGS = {
    "both": make_config(api={"routes": ROUTES, "cors": CORS}),
    "more paths": make_config(api={"routes": ROUTES, "paths": ["/auth/*", "/.well-known/jwks.json"]}),
    "web only": WEB_ONLY,
    "API only": make_config(web=None),
    "API only, shared": make_config(web=None, api={"routes": ROUTES, "cors": CORS}),
    "own names": make_config(existing={"domain": DOMAIN, "web_acl": WEB_ACL}),
}


def _edge(config: Config) -> dict[str, Any]:
    parsed: dict[str, Any] = parse(edge_template(config))
    return parsed


def _distribution(config: Config) -> dict[str, Any]:
    made: dict[str, Any] = _edge(config)["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    return made


@pytest.mark.parametrize("case", CONFIGS)
def test_cfn_lint_finds_nothing(case: str) -> None:
    body = edge_template(CONFIGS[case])
    assert findings(body) == []
    assert "\n\n\n" not in body
    assert not [line for line in body.split("\n") if line != line.rstrip()]


def test_a_slot_without_functions_is_a_stack_all_the_same() -> None:
    assert findings(slot_template(WEB_ONLY, {})) == []


@pytest.mark.parametrize(
    ("case", "origins", "patterns"),
    [
        ("both", ["web", "api"], ["*", "/api/*", "/assets/*"]),
        (
            "more paths",
            ["web", "api"],
            ["*", "/api/*", "/auth/*", "/.well-known/jwks.json", "/assets/*"],
        ),
        ("web only", ["web"], ["*", "/assets/*"]),
        ("API only", ["api"], ["*"]),
    ],
)
def test_it_has_the_apps_origins_and_paths(case: str, origins: list[str], patterns: list[str]) -> None:
    made, config = _edge(CONFIGS[case]), _distribution(CONFIGS[case])
    behaviors = [{"PathPattern": "*"} | config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]
    assert [origin["Id"] for origin in config["Origins"]] == origins
    assert [behavior["PathPattern"] for behavior in behaviors] == patterns
    assert ("WebBucket" in made["Outputs"]) is ("web" in origins)
    assert ("ApiId" in made.get("Parameters", {})) is ("api" in origins)
    for behavior in behaviors:
        assert behavior["ViewerProtocolPolicy"] in {"redirect-to-https", "https-only"}
        assert behavior["Compress"] is True
        assert behavior["ResponseHeadersPolicyId"]


def test_an_asset_is_one_object_for_every_viewer_and_release() -> None:
    """INF-8: a year, and neither a query nor a cookie nor a header makes another of it."""
    for name, seconds in (("AssetCache", 31536000), ("PageCache", 3600)):
        cache = _edge(CONFIGS["both"])["Resources"][name]["Properties"]["CachePolicyConfig"]
        key = cache["ParametersInCacheKeyAndForwardedToOrigin"]
        assert cache["DefaultTTL"] == seconds
        assert cache["MinTTL"] == 0
        assert {key["CookiesConfig"]["CookieBehavior"], key["HeadersConfig"]["HeaderBehavior"]} == {"none"}
        assert key["QueryStringsConfig"] == {"QueryStringBehavior": "none"}


@pytest.mark.parametrize("case", CONFIGS)
def test_no_error_is_kept_and_none_turns_into_a_page(case: str) -> None:
    """INF-8: a page for errors would be the answer for missing assets and for the API, too."""
    for error in _distribution(CONFIGS[case])["CustomErrorResponses"]:
        assert set(error) == {"ErrorCode", "ErrorCachingMinTTL"}
        assert error["ErrorCachingMinTTL"] == 0


SITE = make_config(
    api=None, functions={}, hooks=[], database=None, web={"directory": "out", "routes": "files"}
)


def test_a_site_without_an_api_shows_its_page_for_a_missing_one() -> None:
    """INF-8: as an error, and with a policy that lets the page load its own styles."""
    errors = {error["ErrorCode"]: error for error in _distribution(SITE)["CustomErrorResponses"]}
    page = errors.pop(404)
    assert (page["ResponseCode"], page["ResponsePagePath"]) == (404, "/404.html")
    assert page["ErrorCachingMinTTL"] == 0
    assert not any("ResponsePagePath" in error for error in errors.values())
    headers = _edge(SITE)["Resources"]["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    policy = headers["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy == DEFAULT_POLICY
    assert findings(edge_template(SITE)) == []


def test_beside_an_api_no_page_replaces_an_error() -> None:
    """INF-6: the API's own 404 stays as the function gave it."""
    for error in _distribution(make_config(web={"directory": "out", "routes": "files"}))[
        "CustomErrorResponses"
    ]:
        assert "ResponsePagePath" not in error


def test_it_answers_to_the_apps_own_names_with_their_certificate() -> None:
    """ADP-3: the address is the first name; CloudFront's own stays an output, for the DNS."""
    config, outputs = _distribution(CONFIGS["own names"]), _edge(CONFIGS["own names"])["Outputs"]
    assert config["Aliases"] == DOMAIN["names"]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": DOMAIN["certificate"],
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    assert config["WebACLId"] == WEB_ACL
    assert outputs["Url"]["Value"] == "https://shop.example.com"
    assert outputs["Domain"]["Value"] == {"GetAtt": "Distribution.DomainName"}


def test_without_own_names_the_address_is_cloudfronts() -> None:
    """ADP-3"""
    config, outputs = _distribution(CONFIGS["both"]), _edge(CONFIGS["both"])["Outputs"]
    assert "Aliases" not in config
    assert "WebACLId" not in config
    assert outputs["Url"]["Value"] == {"Sub": "https://${Distribution.DomainName}"}


def test_no_host_beside_an_own_name_can_set_the_previews_cookie() -> None:
    """ADP-3, TRU-2: browsers take a cookie with this prefix from its own host only."""
    for config, cookie in (
        (CONFIGS["own names"], "__Host-kanmon-preview"),
        (CONFIGS["both"], "kanmon-preview"),
    ):
        for function in (path_function(config), headers_function(config)):
            assert f"var COOKIE = '{cookie}';" in function
    assert "Domain=" not in headers_function(CONFIGS["own names"])


def test_it_decides_about_no_host_below_an_own_name() -> None:
    """ADP-3, INF-8: `example.com` with its subdomains is not the app's alone."""
    for case, whole in (("own names", False), ("both", True)):
        policy = _edge(CONFIGS[case])["Resources"]["SecurityHeaders"]["Properties"]
        transport = policy["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["StrictTransportSecurity"]
        assert transport["IncludeSubdomains"] is whole
        assert transport["Preload"] is whole


def test_it_speaks_new_protocols_and_counts_its_hits() -> None:
    """INF-8, MON-1"""
    config = _distribution(CONFIGS["both"])
    assert config["PriceClass"] == "PriceClass_200"
    assert config["HttpVersion"] == "http2and3"
    assert config["IPV6Enabled"] is True
    metrics = _edge(CONFIGS["both"])["Resources"]["Metrics"]["Properties"]["MonitoringSubscription"]
    assert metrics["RealtimeMetricsSubscriptionConfig"]["RealtimeMetricsSubscriptionStatus"] == "Enabled"


def test_the_web_bucket_is_closed_and_keeps_present_versions() -> None:
    """INF-8, SEC-4"""
    bucket = _edge(CONFIGS["both"])["Resources"]["WebBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rule, _ = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert rule["ExpiredObjectDeleteMarker"] is True
    assert "ExpirationInDays" not in rule


def test_what_a_preview_leaves_expires() -> None:
    """TRU-2: its older versions after a day, and a file that a dying run wrote late after 30 days."""
    bucket = _edge(CONFIGS["both"])["Resources"]["WebBucket"]["Properties"]
    _, rule = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Prefix"] == ".previews/"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rule["ExpirationInDays"] == 30
