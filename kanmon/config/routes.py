"""Which routes API Gateway takes beside each other.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.config.entrance import Route


def check_routes(routes: Iterable[Route]) -> None:
    """Raise ValueError when a variable stands where API Gateway takes none, or another one."""
    variables: dict[str, str] = {}
    for route in routes:
        parts = route.path.strip("/").split("/")
        for depth, part in enumerate(parts):
            if not part.startswith("{"):
                continue
            if part.endswith("+}") and depth < len(parts) - 1:
                raise ValueError(f"route {route.path}: {part} takes all that follows, so it must come last")
            before = "/" + "/".join(parts[:depth])
            if variables.setdefault(before, part) != part:
                raise ValueError(
                    f"route {route.path}: at {before} there is {variables[before]} already, and API Gateway "
                    f"takes one variable at a place, not {part} too"
                )
