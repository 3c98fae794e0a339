"""The emulator's environment: set before ministack is imported, since ministack reads it on import.

Function workers inherit it, so it holds the emulator's needs and nothing else.
"""

from __future__ import annotations

import os

REGION = "ap-northeast-1"
ACCOUNT = "111122223333"
ADMINISTRATOR = "embedded"
"""The key that may do everything, as `embedded/aws.py` gives it to clients."""


def apply(port: int) -> None:
    """Loopback only, no Docker, no unused listeners."""
    os.environ.update(
        {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR,
            "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR,
            "LAMBDA_WARM_TTL_SECONDS": "3600",
            "DOCKER_HOST": "unix:///nonexistent",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }
    )
