"""Shortens texts."""

from __future__ import annotations


def cut(text: str, length: int) -> str:
    """Cut a text to at most `length` characters, with an ellipsis (`…`) for the rest."""
    return text if len(text) <= length else text[: length - 1] + "…"
