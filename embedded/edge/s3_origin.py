"""An S3 bucket behind an origin access control ("Restrict access to an Amazon S3 origin").

If the cache has no answer, the object is read from the emulator on every request; the bucket's
policy decides whether this distribution may, and whether a missing key is a 404 or a 403.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from .messages import Headers, Request, Response
from .permissions import allowed, statements_of

if TYPE_CHECKING:
    from .cached import Cached
    from .distribution import Distribution
    from .emulator import Emulator, RawAnswer

DOMAIN = re.compile(r"^(?P<bucket>.+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com$")
SERVICE = "cloudfront.amazonaws.com"
NOT_MODIFIED, NOT_FOUND, OK = 304, 404, 200
PASSED = {"content-type", "cache-control", "content-disposition", "content-encoding", "expires"}
PASSED |= {"content-language", "etag", "last-modified", "x-amz-version-id"}
# A 304 has no metadata. S3's guide does not list its headers; these are RFC 9110's, 15.4.5.
OF_NOT_MODIFIED = {"cache-control", "etag", "expires", "last-modified"}


def bucket_of(origin: dict[str, Any]) -> str | None:
    """The bucket of an origin's domain, or None if it is no bucket's."""
    found = DOMAIN.match(origin["DomainName"])
    return found["bucket"] if found else None


class S3Origin:
    """GetObject as CloudFront's service principal."""

    def __init__(self, emulator: Emulator, fresh: Cached) -> None:
        self._emulator = emulator
        self._fresh = fresh

    async def fetch(
        self,
        distribution: Distribution,
        origin: dict[str, Any],
        request: Request,
        etag: str | None = None,
    ) -> Response:
        """The object, a 304 for `etag`, or S3's refusal."""
        bucket = bucket_of(origin) or ""
        # S3 reads a plus sign in a path as a space: SDKs send %2B.
        key = unquote_plus(request.uri.removeprefix("/"))
        policy = ("policy", bucket)
        statements = await self._fresh.get(policy, lambda: self._policy(bucket))
        context = {"aws:SourceArn": distribution.arn, "aws:SecureTransport": "true"}
        context["aws:SourceAccount"] = distribution.arn.split(":")[4]
        signed = bool(origin.get("OriginAccessControlId"))
        resource = f"arn:aws:s3:::{bucket}/{key}"
        if not signed or not allowed(statements, "s3:GetObject", resource, context, SERVICE):
            self._fresh.forget(policy)
            return _error(403, "AccessDenied", "Access Denied")
        if not key:
            return _error(403, "AccessDenied", "Access Denied: no key (is there a root object?)")
        answer = await self._emulator.object(bucket, key, {"If-None-Match": etag} if etag else {})
        if answer.status == NOT_FOUND:
            may_list = allowed(statements, "s3:ListBucket", f"arn:aws:s3:::{bucket}", context, SERVICE)
            if not may_list:
                return _error(403, "AccessDenied", "Access Denied")
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        return _response(answer)

    async def _policy(self, bucket: str) -> list[Any]:
        answer = await self._emulator.call_or_none("s3", "get_bucket_policy", Bucket=bucket)
        return [] if answer is None else list(statements_of(json.loads(answer["Policy"])))


def _response(answer: RawAnswer) -> Response:
    headers: Headers = {
        name: values
        for name, values in answer.headers.items()
        if (name in PASSED or name.startswith("x-amz-meta-"))
        and (answer.status != NOT_MODIFIED or name in OF_NOT_MODIFIED)
    }
    headers["server"] = ["AmazonS3"]
    headers["accept-ranges"] = ["bytes"]
    return Response(answer.status, headers, answer.body)


def _error(status: int, code: str, message: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
    body += f"<Message>{message}</Message></Error>"
    headers = {"content-type": ["application/xml"], "server": ["AmazonS3"]}
    return Response(status, headers, body.encode())
