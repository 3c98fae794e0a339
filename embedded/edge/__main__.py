"""The edge process."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import sys
from typing import Any

from aiohttp import web

from embedded import child

from .api_origin import ApiOrigin
from .app import server
from .arrivals import Arrivals
from .authorizers import Authorizers
from .cache import Cache
from .cached import Cached
from .distribution import Distributions
from .emulator import Emulator
from .function_host import FunctionHost
from .functions import Functions
from .integrations import Integrations
from .pipeline import Pipeline
from .s3_origin import S3Origin


async def main(settings: dict[str, Any]) -> None:
    """Serve until asked to end."""
    bound = child.loopback_socket()
    emulator, host, fresh = Emulator(settings), FunctionHost(), Cached()
    integrations = Integrations(emulator, fresh)
    pipeline = Pipeline(
        Distributions(emulator, fresh),
        Functions(host),
        Cache(),
        S3Origin(emulator, fresh),
        ApiOrigin(
            emulator,
            fresh,
            integrations,
            Authorizers(emulator, fresh, integrations),
            random.Random(settings["seed"]),
            {},
            Arrivals(settings["unknown_requests"]),
        ),
    )
    runner = web.ServerRunner(server(pipeline, asyncio.get_running_loop()))
    await runner.setup()
    await web.SockSite(runner, bound, backlog=512).start()
    child.announce({"edge_url": f"http://127.0.0.1:{bound.getsockname()[1]}"})
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await runner.cleanup()
    await host.close()
    await emulator.close()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    asyncio.run(main(child.read_settings()))
