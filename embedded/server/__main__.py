"""The emulator process: ministack with additions, on a free port of loopback.

Runs in `.venv-aws`. The port is bound before ministack is imported, because ministack writes it
into function environments.
"""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

from embedded import child

from . import settings

if TYPE_CHECKING:
    import socket


def main() -> None:
    """Import, patch, serve."""
    bound = child.loopback_socket()
    port = bound.getsockname()[1]
    settings.apply(port)
    from . import database, patches  # noqa: PLC0415 - after the environment is set

    facts = child.read_settings()["database"]
    database.connect(facts)
    # The standard name of libpq for the authority to trust. Functions inherit it, as on AWS
    # they would be packed with RDS's own authorities.
    os.environ["PGSSLROOTCERT"] = facts["ca"]
    patches.apply()
    asyncio.run(_serve(bound, port))
    child.end_group()


async def _serve(bound: socket.socket, port: int) -> None:
    from hypercorn.asyncio import serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415

    from .application import application  # noqa: PLC0415

    config = Config()
    config.bind = [f"fd://{bound.fileno()}"]
    config.keep_alive_timeout = 75
    config.backlog = 512
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.5
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    def ready() -> None:
        child.announce({"endpoint_url": f"http://127.0.0.1:{port}"})

    app: Any = application(ready)
    await serve(app, config, shutdown_trigger=ended.wait)


if __name__ == "__main__":
    main()
