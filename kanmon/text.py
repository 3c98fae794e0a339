"""Forms of texts and numbers for people."""

from __future__ import annotations


def cut(text: str, length: int) -> str:
    """Cut a text to at most `length` characters, with an ellipsis (`…`) for the rest."""
    return text if len(text) <= length else text[: length - 1] + "…"


def one_line(text: str, length: int) -> str:
    """Put a text on one line of at most `length` characters."""
    return cut(" ".join(text.split()), length)


def duration(seconds: float) -> str:
    """A duration such as `1.05 s`, `12.3 s` or `2 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return f"{minutes} min {rest} s"
    return f"{seconds:.3g} s" if seconds >= 10 else f"{seconds:.2f} s"  # noqa: PLR2004
