"""One request through the edge, and what is wrong with its answer."""

from __future__ import annotations

import json
import re
import ssl
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jmespath
import urllib3
from jmespath.exceptions import JMESPathError
from urllib3.util import create_urllib3_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config import Check

PREVIEW_COOKIE = "kanmon-preview"
# A function of the slot answers with the first; a page carries the second, its metadata in S3.
_RELEASE_HEADERS = ("x-kanmon-release", "x-amz-meta-kanmon-release")
_SHOWN = 200


@dataclass(frozen=True)
class Target:
    """Whose answers are wanted."""

    name: str
    """`candidate`, `live` or `stable`, as people read it."""
    release: str
    preview: str = ""
    """The trial's token; empty for what users get."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def release(self) -> str:
        """The release that says it answered, empty when none does."""
        return next((self.headers[name] for name in _RELEASE_HEADERS if name in self.headers), "")


@dataclass(frozen=True)
class Edge:
    """The distribution, as users reach it."""

    domain: str
    endpoint_url: str = ""
    """Where to connect instead of the domain's own address, as `AWS_ENDPOINT_URL` for AWS's APIs."""

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        # Certificates are verified; nothing older than TLS 1.2 is spoken.
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        context.load_default_certs()
        return urllib3.PoolManager(maxsize=16, retries=False, ssl_context=context)

    @property
    def url(self) -> str:
        """The address for a person's browser."""
        return self.endpoint_url or f"https://{self.domain}"

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        """Send a check's request. Raises urllib3's HTTPError without an answer in `timeout` seconds."""
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


def assess(check: Check, target: Target, answer: Answer) -> str:
    """The first assertion that doesn't hold, with the value that was there instead; empty when all hold."""
    expect = check.expect
    if answer.status != expect.status:
        return f"status is {answer.status} instead of {expect.status}: {_excerpt(answer.body)}"
    if names_release(check) and answer.release != target.release:
        return (
            f"answered by {answer.release or 'a release that does not say which'} instead of {target.release}"
        )
    for name, pattern in expect.headers.items():
        value = answer.headers.get(name.lower())
        if value is None or not re.search(pattern, value):
            return f"header {name} is {value!r} and does not match {pattern!r}"
    if expect.body is not None and not re.search(expect.body, answer.body.decode("utf-8", "replace")):
        return f"the body does not contain {expect.body!r}: {_excerpt(answer.body)}"
    if problem := _json_problem(check, answer):
        return problem
    if answer.seconds > expect.latency:
        return f"the answer took {answer.seconds * 1000:.0f} ms instead of {expect.latency * 1000:.0f} ms"
    return ""


def names_release(check: Check) -> bool:
    """Whether the answer must name its release: by default API answers and pages do, other files don't."""
    if check.expect.release is not None:
        return check.expect.release
    last = urlsplit(check.path).path.rsplit("/", 1)[-1]
    return "." not in last or last == "index.html"


def _json_problem(check: Check, answer: Answer) -> str:
    if not check.expect.json_:
        return ""
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return f"the body is not JSON: {_excerpt(answer.body)}"
    for query, wanted in check.expect.json_.items():
        try:
            found = jmespath.search(query, document)
        except JMESPathError as error:
            return f"{query} can't be evaluated: {error}"
        if not _same(found, wanted):
            return f"{query} is {json.dumps(found)[:_SHOWN]} instead of {json.dumps(wanted)}"
    return ""


def _same(found: object, wanted: object) -> bool:
    """Equal as JSON: `true` is not `1`, as it is in Python, but `1` is `1.0`."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted


def _excerpt(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return repr(text[:_SHOWN])
