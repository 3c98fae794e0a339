"""A request's way through CloudFront, in CloudFront's order.

Behavior by the original URI, allowed methods, viewer-request function, root object, cache, origin,
error page, condition of the viewer, response headers policy, viewer-response function, delivery.

Policy before function: "headers configured in the policies are inserted after the response leaves the
cache, and before the viewer response event" ("Amazon CloudFront introduces Response Headers Policies",
AWS Networking & Content Delivery blog). No document gives the place of a 304. Here policy and function see
it, as they see every status below 400: so nothing in a function may rely on headers of the 200.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import delivery, forwarding, response_headers
from .api_origin import ApiOrigin, api_of
from .behaviors import choose
from .cache import ERROR, Cache, Entry, Key, key_of, seconds_to_keep
from .distribution import Behavior, Distribution, Distributions, UnknownDistributionError
from .messages import Request, Response, refused
from .s3_origin import NOT_MODIFIED, S3Origin, bucket_of

if TYPE_CHECKING:
    from .functions import Functions

METHOD_REFUSED = "this distribution is not configured to allow the HTTP request method"
VIA = "1.1 embedded.cloudfront.net (CloudFront)"
SERVER_ERROR = 500


@dataclass(frozen=True)
class Pipeline:
    """All stations of a request."""

    distributions: Distributions
    functions: Functions
    cache: Cache
    s3: S3Origin
    api: ApiOrigin

    async def handle(self, request: Request) -> Response:
        """The viewer's answer."""
        try:
            distribution = await self.distributions.find(request.header("host") or "")
        except UnknownDistributionError as error:
            return refused(502, str(error))
        if not distribution.enabled:
            return refused(403, f"distribution {distribution.id} is disabled")
        behavior = choose(distribution.behaviors, request.uri)
        response = await self._answer(distribution, behavior, request)
        headers = {"via": [VIA], "x-amz-cf-id": [request.id], "x-amz-cf-pop": ["NRT0-E1"]}
        return replace(response, headers={**response.headers, **headers})

    async def _answer(self, distribution: Distribution, behavior: Behavior, request: Request) -> Response:
        if request.method not in behavior.allowed_methods:
            return refused(403, f"{METHOD_REFUSED} {request.method}")
        asked = request
        function = behavior.functions.get("viewer-request")
        if function is not None:
            made = await self.functions.on_request(function, distribution, request)
            if isinstance(made, Response):
                made = made.with_headers(
                    x_cache=made.header("x-cache") or "FunctionGeneratedResponse from cloudfront"
                )
                made = response_headers.apply(behavior.response_headers_policy, asked, made)
                return delivery.deliver(behavior, request, made)
            request = made
        if request.uri == "/" and distribution.root_object:
            request = replace(request, uri=f"/{distribution.root_object}")
        response = await self._cached(distribution, behavior, request)
        failed = response.status >= ERROR
        response = await self._error_page(distribution, request, response)
        response = delivery.conditional(request, response)
        response = response_headers.apply(behavior.response_headers_policy, asked, response)
        function = behavior.functions.get("viewer-response")
        # "CloudFront doesn't invoke edge functions for viewer response events when the origin returns HTTP
        # status code 400 or higher" ("Restrictions on all edge functions"). An error page changes nothing.
        if function is not None and not failed:
            response = await self.functions.on_response(function, distribution, request, response)
        return delivery.deliver(behavior, request, response)

    async def _cached(self, distribution: Distribution, behavior: Behavior, request: Request) -> Response:
        """From the cache, revalidated, or from the origin."""
        cacheable = request.method in behavior.cached_methods
        if not cacheable:
            return await self._origin(distribution, behavior, request)
        key = key_of(distribution, behavior, request)
        entry = self.cache.get(key)
        if entry is not None and entry.fresh(self.cache.clock()):
            age = str(int(self.cache.clock() - entry.stored))
            return _marked(entry.response, "Hit").with_headers(age=age)
        etag = entry.response.header("etag") if entry else request.header("if-none-match")
        response = await self._origin(distribution, behavior, request, etag)
        if entry is None and response.status == NOT_MODIFIED:
            # The viewer's own condition: nothing came that could be kept.
            return response
        now = self.cache.clock()
        kept = entry.response if entry and response.status == NOT_MODIFIED else response
        seconds = seconds_to_keep(distribution, behavior, kept, now)
        if request.method == "HEAD" and not self._is_bucket(distribution, behavior):
            return response
        return self._keep(key, entry, response, seconds)

    def _keep(self, key: Key, entry: Entry | None, response: Response, seconds: float | None) -> Response:
        stale_ok = entry is not None and entry.response.status < ERROR and entry.seconds > 0
        if response.status >= SERVER_ERROR and entry is not None and stale_ok:
            # "If the object is in the cache but expired", a failing origin is not shown.
            return _marked(entry.response, "Hit")
        if response.status == NOT_MODIFIED and entry is not None:
            return _marked(self.cache.renew(key, entry, response, seconds or 0.0), "RefreshHit")
        if seconds is None:
            self.cache.drop(key)
        else:
            self.cache.put(key, response, seconds)
        return response

    async def _origin(
        self,
        distribution: Distribution,
        behavior: Behavior,
        request: Request,
        etag: str | None = None,
    ) -> Response:
        origin = distribution.origins[behavior.origin_id]
        sent = forwarding.forwarded(behavior, request, origin, VIA)
        if bucket_of(origin) is not None:
            answer = await self.s3.fetch(distribution, origin, sent, etag)
        elif api_of(origin) is not None:
            answer = await self.api.fetch(origin, sent)
        else:
            domain = origin["DomainName"]
            return refused(502, f"the origin {domain} is neither a bucket nor a REST API")
        return _marked(answer, "Error" if answer.status >= ERROR else "Miss")

    async def _error_page(self, distribution: Distribution, request: Request, response: Response) -> Response:
        """CustomErrorResponses: another object, and perhaps another status, for an error."""
        rule = distribution.errors.get(response.status, {})
        path = rule.get("ResponsePagePath")
        if response.status < ERROR or not path:
            return response
        behavior = choose(distribution.behaviors, path)
        asked = replace(request, method="GET", uri=path, query="")
        page = await self._cached(distribution, behavior, asked)
        if page.status >= ERROR:
            return response
        status = int(rule.get("ResponseCode") or response.status)
        return _marked(replace(page, status=status), "Error")

    def _is_bucket(self, distribution: Distribution, behavior: Behavior) -> bool:
        return bucket_of(distribution.origins[behavior.origin_id]) is not None


def _marked(response: Response, how: str) -> Response:
    return response.with_headers(x_cache=f"{how} from cloudfront")
