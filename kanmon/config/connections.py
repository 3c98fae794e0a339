"""The hosts that the web app's pages ask, as far as the config knows them, and policies that allow them.

https://www.w3.org/TR/CSP3/#match-url-to-source-list
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.config.section import MistakeError
from kanmon.config.user_pool import login_host

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.config.web import Web

_URL = re.compile(r"((?:https|http|wss|ws)://[A-Za-z0-9.-]+(?::\d+)?)(?:[/?#]|$)")
_SCHEMES = {"https": {"https", "http"}, "http": {"http"}, "wss": {"wss", "ws", "https", "http"}}
"""For the scheme of an address: those of a source that allow it, too."""
_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|[a-z0-9.*-]+)(?::(?P<port>\d+|\*))?(?:/.*)?",
    re.IGNORECASE,
)


def sign_in_hosts(config: Config) -> dict[str, str]:
    """The addresses of Cognito for the app's sign-in, each with its key in the config."""
    api = config.api
    pools = [] if api is None else [one for one in api.authorizers.values() if one.user_pool_arns]
    keys = {
        "user_pool": config.user_pool,
        "existing.user_pool": config.existing.user_pool,
        "api.authorizers": pools,
    }
    key = next((key for key, given in keys.items() if given), "")
    if not key:
        return {}
    found = {f"https://cognito-idp.{config.region}.amazonaws.com": key}
    if host := login_host(config):
        found[f"https://{host}"] = "user_pool.hosted_login"
    return found


def settings_hosts(web: Web) -> dict[str, str]:
    """The addresses in `web.settings`, without their paths, each with its key."""
    found = {name: _URL.match(value) for name, value in web.settings.items()}
    return {address[1]: f"web.settings.{name}" for name, address in found.items() if address}


def with_sign_in(config: Config) -> Web | None:
    """The web app with a default policy that allows the sign-in. A policy of one's own stays as it is.

    Raises MistakeError when it is too long then.
    """
    web = config.web
    if web is None or "content_security_policy" in web.model_fields_set:
        return web
    hosts = sign_in_hosts(config)
    connect = " ".join(["connect-src 'self'", *hosts])
    policy = web.content_security_policy.replace("connect-src 'self'", connect)
    made = web.model_copy(update={"content_security_policy": policy}) if hosts else web
    try:
        made.check_headers()
    except MistakeError as mistake:
        raise MistakeError(mistake.problem, mistake.fix, at=("web", *mistake.at)) from None
    return made


def forbidden(config: Config) -> dict[str, str]:
    """The known addresses that the app's policy forbids its pages to ask, each with its key."""
    if config.web is None:
        return {}
    asked = sign_in_hosts(config) | settings_hosts(config.web)
    policies = config.web.content_security_policy.split(",")
    return {
        address: key for address, key in asked.items() if not all(_allows(one, address) for one in policies)
    }


def _allows(policy: str, address: str) -> bool:
    directives: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        name, *sources = directive.split() or [""]
        directives.setdefault(name.lower(), sources)
    if not {"connect-src", "default-src"} & directives.keys():
        return True
    sources = directives.get("connect-src", directives.get("default-src", []))
    return any(_matches(source, address) for source in sources)


def _matches(source: str, address: str) -> bool:
    scheme, _, place = address.partition("://")
    if source in {"*", f"{scheme}:"}:
        return True
    found = _SOURCE.fullmatch(source)
    if not found:
        return False
    host, _, port = place.lower().partition(":")
    allowed, wanted = found["host"].lower(), found["port"]
    same_host = host.endswith(allowed[1:]) if allowed.startswith("*.") else allowed in {"*", host}
    same_scheme = found["scheme"] is None or found["scheme"].lower() in _SCHEMES.get(scheme, {scheme})
    return same_host and same_scheme and (wanted in {"*", port or None})
