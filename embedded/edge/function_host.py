"""The Node process for CloudFront Functions (function_host.js), shared by all requests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import shutil
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .distribution import Function

SCRIPT = Path(__file__).with_name("function_host.js")
LINE_LIMIT = 8 << 20
log = logging.getLogger(__name__)


class FunctionError(Exception):
    """The function threw, or ran too long."""


class FunctionHost:
    """Started with the first function."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded: set[str] = set()

    async def run(self, function: Function, event: dict[str, Any]) -> Any:
        """The handler's result for this event."""
        process = await self._running()
        key = f"{function.name}@{function.etag}"
        number = next(self._numbers)
        request: dict[str, Any] = {"id": number, "function": key, "event": event}
        if key not in self._loaded:
            request["code"] = function.code
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        answer = await future
        for line in answer.get("logs", []):
            log.warning("%s: %s", function.name, line)
        if "error" in answer:
            raise FunctionError(answer["error"])
        self._loaded.add(key)
        return answer["result"]

    async def close(self) -> None:
        """End Node: it leaves when its input does."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), 2)
        if self._reader is not None:
            self._reader.cancel()

    async def _running(self) -> Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                node = shutil.which("node")
                if node is None:
                    raise FunctionError("node is not installed, so no function can run")
                self._loaded.clear()
                self._process = await asyncio.create_subprocess_exec(
                    node, str(SCRIPT), stdin=PIPE, stdout=PIPE, limit=LINE_LIMIT
                )
                self._reader = asyncio.create_task(self._read(self._process))
            return self._process

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            answer = json.loads(line)
            future = self._waiting.pop(answer["id"])
            if not future.done():
                future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_result({"error": "the function host ended"})
        self._waiting.clear()
