"""The emulator's AWS API as the edge uses it.

Slow-moving control-plane reads go through boto3 in threads. What every request needs (a stage,
an object, an invocation) is signed by botocore and sent over one pool of connections.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from yarl import URL

from embedded.server.throttles import EDGE

if TYPE_CHECKING:
    from .messages import Headers


@dataclass(frozen=True)
class RawAnswer:
    """An AWS call's raw answer."""

    status: int
    headers: Headers
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Emulator:
    """One emulator; used within an event loop."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.endpoint = settings["AWS_ENDPOINT_URL"]
        self.region = settings["AWS_REGION"]
        keys = (settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
        self._credentials = Credentials(*keys)
        self._boto = boto3.Session(*keys, region_name=self.region)
        self._clients: dict[str, Any] = {}
        connector = aiohttp.TCPConnector(limit=256, keepalive_timeout=30)
        self._http = aiohttp.ClientSession(
            connector=connector, auto_decompress=False, headers={"User-Agent": EDGE}
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._http.close()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            config = Config(retries={"max_attempts": 2}, max_pool_connections=16, user_agent=EDGE)
            self._clients[service] = self._boto.client(  # type: ignore[call-overload]
                service, endpoint_url=self.endpoint, config=config
            )
        return self._clients[service]

    async def call(self, service: str, operation: str, **arguments: Any) -> Any:
        """A control-plane call."""
        return await asyncio.to_thread(getattr(self._client(service), operation), **arguments)

    async def call_or_none(self, service: str, operation: str, **arguments: Any) -> Any:
        """The same; None if it doesn't exist."""
        try:
            return await self.call(service, operation, **arguments)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise

    async def send(
        self,
        service: str,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        seconds: float = 60.0,
    ) -> RawAnswer:
        """A signed data-plane call; `path` is already encoded."""
        url = self.endpoint + path
        request = AWSRequest(method, url, headers=dict(headers or {}), data=body)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(self._credentials, service, self.region).add_auth(request)
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._http.request(
            method,
            URL(url, encoded=True),
            headers=dict(request.headers.items()),
            data=body or None,
            timeout=timeout,
        ) as answer:
            received: Headers = {}
            for name, value in answer.headers.items():
                received.setdefault(name.lower(), []).append(value)
            return RawAnswer(answer.status, received, await answer.read())

    async def stage(self, api_id: str, name: str) -> dict[str, Any] | None:
        """GetStage: read on every request, because it is the pointer."""
        path = f"/restapis/{quote(api_id, safe='')}/stages/{quote(name, safe='')}"
        answer = await self.send("apigateway", "GET", path)
        return None if answer.status != 200 else dict(answer.json())

    async def snapshot(self, api_id: str, deployment: str) -> dict[str, Any] | None:
        """A deployment's snapshot (embedded/server/application.py)."""
        path = f"/_embedded/restapis/{quote(api_id)}/deployments/{quote(deployment)}"
        answer = await self.send("apigateway", "GET", path)
        return None if answer.status != 200 else dict(answer.json())

    async def invoke(self, function: str, event: bytes, seconds: float) -> RawAnswer:
        """Invoke, synchronously."""
        path = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
        return await self.send("lambda", "POST", path, body=event, seconds=seconds)

    async def object(self, bucket: str, key: str, headers: dict[str, str]) -> RawAnswer:
        """GetObject."""
        return await self.send("s3", "GET", f"/{bucket}/{quote(key, safe='/~')}", headers=headers)
