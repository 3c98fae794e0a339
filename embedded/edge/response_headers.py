"""Response headers policies ("Understand response headers policies"): CORS, security, custom.

A header with override replaces the origin's, one without is added where the origin has none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Request, Response

Addition = tuple[str, str, bool]


def apply(policy: dict[str, Any] | None, request: Request, response: Response) -> Response:
    """The response with the policy's headers."""
    if policy is None:
        return response
    headers = dict(response.headers)
    for removed in policy.get("RemoveHeadersConfig", {}).get("Items", []):
        headers.pop(removed["Header"].lower(), None)
    for name, value, override in _additions(policy, request, response):
        if override or name not in headers:
            headers[name] = [value]
    return replace(response, headers=headers)


def _additions(policy: dict[str, Any], request: Request, response: Response) -> Iterator[Addition]:
    yield from _security(policy.get("SecurityHeadersConfig") or {})
    for custom in policy.get("CustomHeadersConfig", {}).get("Items", []):
        yield custom["Header"].lower(), custom["Value"], custom["Override"]
    origin = request.header("origin")
    cors = policy.get("CorsConfig")
    if cors and origin is not None:
        own = any(name.startswith("access-control-") for name in response.headers)
        if cors["OriginOverride"] or not own:
            yield from _cors(cors, origin, preflight=request.method == "OPTIONS")


def _security(config: dict[str, Any]) -> Iterator[Addition]:
    transport = config.get("StrictTransportSecurity")
    if transport:
        value = f"max-age={transport['AccessControlMaxAgeSec']}"
        value += "; includeSubDomains" if transport.get("IncludeSubdomains") else ""
        value += "; preload" if transport.get("Preload") else ""
        yield "strict-transport-security", value, transport["Override"]
    content = config.get("ContentSecurityPolicy")
    if content:
        value = content["ContentSecurityPolicy"]
        yield "content-security-policy", value, content["Override"]
    sniffing = config.get("ContentTypeOptions")
    if sniffing:
        yield "x-content-type-options", "nosniff", sniffing["Override"]
    frames = config.get("FrameOptions")
    if frames:
        yield "x-frame-options", frames["FrameOption"], frames["Override"]
    referrer = config.get("ReferrerPolicy")
    if referrer:
        yield "referrer-policy", referrer["ReferrerPolicy"], referrer["Override"]
    scripting = config.get("XSSProtection")
    if scripting:
        value = "1; mode=block" if scripting.get("ModeBlock") else "1"
        yield "x-xss-protection", value if scripting["Protection"] else "0", scripting["Override"]


def _cors(config: dict[str, Any], origin: str, preflight: bool) -> Iterator[Addition]:
    allowed = config["AccessControlAllowOrigins"]["Items"]
    if "*" not in allowed and origin not in allowed:
        return
    everyone = "*" in allowed and not config["AccessControlAllowCredentials"]
    yield "access-control-allow-origin", "*" if everyone else origin, True
    if not everyone:
        yield "vary", "Origin", False
    if config["AccessControlAllowCredentials"]:
        yield "access-control-allow-credentials", "true", True
    exposed = config.get("AccessControlExposeHeaders", {}).get("Items", [])
    if exposed:
        yield "access-control-expose-headers", ", ".join(exposed), True
    if preflight:
        methods = config["AccessControlAllowMethods"]["Items"]
        every = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
        names = every if methods == ["ALL"] else methods
        yield "access-control-allow-methods", ", ".join(names), True
        headers = config["AccessControlAllowHeaders"]["Items"]
        yield "access-control-allow-headers", ", ".join(headers), True
        if config.get("AccessControlMaxAgeSec") is not None:
            yield "access-control-max-age", str(config["AccessControlMaxAgeSec"]), True
