"""Distributions as deployed: read from CloudFront's API with the policies they name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cached import Cached
    from .emulator import Emulator

LEGACY = "a behavior without a cache policy (ForwardedValues) is not played"


@dataclass(frozen=True)
class Function:
    """A published function: its LIVE code, known by its ETag."""

    name: str
    etag: str
    code: str


@dataclass(frozen=True)
class Behavior:
    """A cache behavior with everything it points at."""

    pattern: str
    origin_id: str
    allowed_methods: frozenset[str]
    cached_methods: frozenset[str]
    compress: bool
    cache_policy: dict[str, Any]
    origin_request_policy: dict[str, Any] | None
    response_headers_policy: dict[str, Any] | None
    functions: dict[str, Function]


@dataclass(frozen=True)
class Distribution:
    """An enabled or disabled distribution."""

    id: str
    arn: str
    domain: str
    enabled: bool
    root_object: str
    behaviors: tuple[Behavior, ...]
    origins: dict[str, dict[str, Any]]
    errors: dict[int, dict[str, Any]]


class UnknownDistributionError(LookupError):
    """No distribution answers to this host name."""


class Distributions:
    """Finds the distribution of a request."""

    def __init__(self, emulator: Emulator, fresh: Cached) -> None:
        self._emulator = emulator
        self._fresh = fresh

    async def find(self, host: str) -> Distribution:
        """By domain name or alias; any other host means the only distribution there is."""
        summaries = await self._fresh.get("distributions", self._list)
        name = host.rsplit(":", 1)[0].lower()
        found = [s for s in summaries if name in _names(s)] or summaries
        if len(found) != 1:
            self._fresh.forget("distributions")
            known = ", ".join(sorted(n for s in summaries for n in _names(s))) or "none"
            raise UnknownDistributionError(f"no distribution for host {name}; known: {known}")
        identifier = found[0]["Id"]
        return await self._fresh.get(("distribution", identifier), lambda: self._load(identifier))

    async def _list(self) -> list[dict[str, Any]]:
        answer = await self._emulator.call("cloudfront", "list_distributions")
        items: list[dict[str, Any]] = answer["DistributionList"].get("Items", [])
        return items

    async def _load(self, identifier: str) -> Distribution:
        answer = await self._emulator.call("cloudfront", "get_distribution", Id=identifier)
        deployed = answer["Distribution"]
        config = deployed["DistributionConfig"]
        listed = config.get("CacheBehaviors", {}).get("Items", [])
        default = {**config["DefaultCacheBehavior"], "PathPattern": "*"}
        behaviors = await asyncio.gather(*(self._behavior(b) for b in [*listed, default]))
        return Distribution(
            id=identifier,
            arn=deployed["ARN"],
            domain=deployed["DomainName"],
            enabled=config["Enabled"],
            root_object=config.get("DefaultRootObject", ""),
            behaviors=tuple(behaviors),
            origins={origin["Id"]: origin for origin in config["Origins"]["Items"]},
            errors={e["ErrorCode"]: e for e in config.get("CustomErrorResponses", {}).get("Items", [])},
        )

    async def _behavior(self, config: dict[str, Any]) -> Behavior:
        if not config.get("CachePolicyId"):
            raise UnknownDistributionError(LEGACY)
        associations = config.get("FunctionAssociations", {}).get("Items", [])
        allowed = config.get("AllowedMethods", {})
        policies = await asyncio.gather(
            self._policy("CachePolicy", config["CachePolicyId"]),
            self._policy("OriginRequestPolicy", config.get("OriginRequestPolicyId")),
            self._policy("ResponseHeadersPolicy", config.get("ResponseHeadersPolicyId")),
        )
        functions = await asyncio.gather(*(self._function(a["FunctionARN"]) for a in associations))
        events = [association["EventType"] for association in associations]
        return Behavior(
            pattern=config["PathPattern"],
            origin_id=config["TargetOriginId"],
            allowed_methods=frozenset(allowed.get("Items") or ("GET", "HEAD")),
            cached_methods=frozenset(allowed.get("CachedMethods", {}).get("Items") or ("GET", "HEAD")),
            compress=bool(config.get("Compress")),
            cache_policy=policies[0] or {},
            origin_request_policy=policies[1],
            response_headers_policy=policies[2],
            functions=dict(zip(events, functions, strict=True)),
        )

    async def _policy(self, kind: str, identifier: str | None) -> dict[str, Any] | None:
        if not identifier:
            return None
        operation = {
            "CachePolicy": "get_cache_policy",
            "OriginRequestPolicy": "get_origin_request_policy",
            "ResponseHeadersPolicy": "get_response_headers_policy",
        }[kind]

        async def load() -> dict[str, Any]:
            answer = await self._emulator.call("cloudfront", operation, Id=identifier)
            config: dict[str, Any] = answer[kind][f"{kind}Config"]
            return config

        return await self._fresh.get((kind, identifier), load)

    async def _function(self, arn: str) -> Function:
        name = arn.rsplit("/", 1)[-1]

        async def load() -> Function:
            answer = await self._emulator.call("cloudfront", "get_function", Name=name, Stage="LIVE")
            code = answer["FunctionCode"]
            return Function(name, answer["ETag"], code.read().decode())

        return await self._fresh.get(("function", name), load)


def _names(summary: dict[str, Any]) -> set[str]:
    aliases = summary.get("Aliases", {}).get("Items", [])
    return {name.lower() for name in (summary["DomainName"], *aliases)}
