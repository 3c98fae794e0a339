"""Slack's blocks as the tests look at them."""

from __future__ import annotations

from typing import Any

HOSTILE = "<!channel> <@U1> @here *bold* <http://evil|click> & ```x``` :tada:"
LENGTHS = {"header": 150, "section": 3000, "context": 3000}
"""The longest text of a block: https://docs.slack.dev/reference/block-kit/blocks."""


def texts(block: dict[str, Any]) -> list[dict[str, Any]]:
    """All text objects of a block."""
    own = [block["text"]] if "text" in block else []
    return [*own, *block.get("fields", []), *block.get("elements", [])]
