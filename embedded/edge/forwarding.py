"""The request to an origin, made of a viewer's request.

Without an origin request policy it has only the values of the cache key and the body's own headers
("Control origin requests with a policy", "HTTP request headers and CloudFront behavior").
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .cache import selected
from .messages import Headers, Request, query_pairs

if TYPE_CHECKING:
    from .distribution import Behavior

ALWAYS = {"content-type", "content-length", "range", "origin", "x-forwarded-for", "date"}
# Hop-by-hop and CloudFront's own: never handed on as the viewer sent them.
NEVER = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "expect"}
NEVER |= {"proxy-connection", "proxy-authorization", "accept-encoding", "via", "x-amz-cf-id"}
USER_AGENT = "Amazon CloudFront"


def forwarded(behavior: Behavior, request: Request, origin: dict[str, Any], trace: str) -> Request:
    """The origin's request."""
    key = behavior.cache_policy.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    policy = behavior.origin_request_policy or {}
    configs = (key, policy)
    query = _union(query_pairs(request.query), configs, "QueryStringsConfig")
    cookies = _union(request.cookies(), configs, "CookiesConfig")
    headers = _headers(request, configs)
    if cookies:
        headers["cookie"] = ["; ".join(f"{name}={value}" for name, value in cookies)]
    headers.setdefault("user-agent", [USER_AGENT])
    addresses = [*request.headers.get("x-forwarded-for", []), request.viewer_ip]
    headers["x-forwarded-for"] = [", ".join(addresses)]
    headers["via"] = [trace]
    headers["x-amz-cf-id"] = [request.id]
    for custom in origin.get("CustomHeaders", {}).get("Items", []):
        headers[custom["HeaderName"].lower()] = [custom["HeaderValue"]]
    text = "&".join(f"{name}={value}" if value else name for name, value in query)
    return replace(request, uri=origin.get("OriginPath", "") + request.uri, query=text, headers=headers)


def _union(
    pairs: list[tuple[str, str]], configs: tuple[dict[str, Any], ...], name: str
) -> list[tuple[str, str]]:
    wanted = [set(selected(pairs, config.get(name, {}))) for config in configs]
    return [pair for pair in pairs if any(pair in chosen for chosen in wanted)]


def _headers(request: Request, configs: tuple[dict[str, Any], ...]) -> Headers:
    names = set(ALWAYS)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        names.add("authorization")
    for config in configs:
        names |= _chosen(request, config.get("HeadersConfig", {}))
    names -= NEVER | {"cookie"}
    return {name: values for name, values in request.headers.items() if name in names}


def _chosen(request: Request, config: dict[str, Any]) -> set[str]:
    listed = {name.lower() for name in config.get("Headers", {}).get("Items", [])}
    behavior = config.get("HeaderBehavior", "none")
    if behavior == "whitelist":
        return listed
    if behavior == "allExcept":
        return set(request.headers) - listed
    if behavior in ("allViewer", "allViewerAndWhitelistCloudFront"):
        return set(request.headers) | listed
    return set()
