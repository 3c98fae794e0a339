"""Sends the request of a smoke check through the edge."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import urllib3
from urllib3.util import create_urllib3_context

from kanmon.model import Answer
from kanmon.naming import PREVIEW_COOKIE

if TYPE_CHECKING:
    from kanmon.config.checks import Check


@dataclass(frozen=True)
class Target:
    """The release to check, and the way to it."""

    name: str
    """`candidate`, `live` or `stable`, for people."""
    release: str
    preview: str = ""
    """The preview's token; empty for the address of the users."""


@dataclass(frozen=True)
class Edge:
    """The CloudFront distribution, as users reach it."""

    domain: str
    endpoint_url: str = ""
    """The address to connect to instead of the domain, like `AWS_ENDPOINT_URL` for AWS's APIs."""

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        # Certificates are verified. TLS 1.2 is the oldest version allowed.
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.load_default_certs()
        return urllib3.PoolManager(maxsize=16, retries=False, ssl_context=context)

    @property
    def url(self) -> str:
        """The address for a person's browser."""
        return self.endpoint_url or f"https://{self.domain}"

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        """Send a check's request.

        Raises urllib3's HTTPError without an answer in `timeout` seconds.
        """
        headers = {"user-agent": "kanmon-check", **check.headers}
        if self.endpoint_url:
            headers["host"] = self.domain
        if target.preview:
            own = [value for name, value in check.headers.items() if name.lower() == "cookie"]
            headers = {name: value for name, value in headers.items() if name.lower() != "cookie"}
            headers["cookie"] = "; ".join([*own, f"{PREVIEW_COOKIE}={target.preview}"])
        began = time.monotonic()
        response = self._pool.request(
            check.method,
            self.url.rstrip("/") + check.path,
            body=check.body,
            headers=headers,
            timeout=urllib3.Timeout(total=timeout),
            redirect=False,
        )
        seconds = time.monotonic() - began
        received = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, received, response.data, seconds)


def preview_address(url: str, token: str) -> str:
    """The address of a candidate for a browser."""
    return f"{url}/?{PREVIEW_COOKIE}={token}"
