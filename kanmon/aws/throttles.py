"""Repeats throttled requests for longer than botocore does: AWS refused them before it did anything.

Quotas of an account are shared. API Gateway takes ten management calls a second from all tools together
(https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html), and users wait for a rollback.
"""

from __future__ import annotations

import math
from random import SystemRandom
from typing import TYPE_CHECKING, Any, cast

from kanmon.aws.calls import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Mapping

TRIES = 20
"""Requests for one call, at most: about 15 seconds."""
_FIRST, _LONGEST = 0.2, 1.0
"""Seconds. AWS fills up such a quota every second, so longer pauses would only cost time."""


def repeat_throttled(client: Any) -> None:  # noqa: ANN401 - a client of any service
    """Let a client repeat its throttled requests. All else stays with botocore."""
    service = client.meta.service_model.service_id.hyphenize()
    # botocore takes the first answer. Its own handler has the same place.
    client.meta.events.register_first(f"needs-retry.{service}", _pause, unique_id="throttled")


def _pause(response: tuple[Any, Mapping[str, Any]] | None, **event: object) -> float | None:
    """Seconds until the next try; None to leave the request to botocore."""
    tries = cast("int", event["attempts"])
    code = response[1].get("Error", {}).get("Code") if response else None
    if code not in THROTTLED or tries >= TRIES:
        return None
    return min(_LONGEST, math.ldexp(_FIRST, tries - 1)) * SystemRandom().uniform(0.5, 1)
