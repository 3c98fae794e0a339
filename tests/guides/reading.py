"""Reads the guides of `docs/`. A Japanese one has its own outputs, and the comments of the English page."""

from __future__ import annotations

from dataclasses import replace

from embedded.process import REPOSITORY

from .page import Commands, Guide, GuideError, Hidden, Step, parse_guide

GUIDES = REPOSITORY / "docs"
JAPANESE = "ja/"


def read_guide(name: str) -> Guide:
    """Read a guide, such as `ja/deployment-guide.md`. Raises GuideError."""
    guide = parse_guide(name, (GUIDES / name).read_text("utf-8"))
    return with_comments(guide, read_guide(name.removeprefix(JAPANESE))) if is_japanese(name) else guide


def is_japanese(name: str) -> bool:
    """Whether a guide is a translation."""
    return name.startswith(JAPANESE)


def with_comments(guide: Guide, english: Guide) -> Guide:
    """A Japanese guide with the comments of the English one, by position. Raises GuideError."""
    own = iter(guide.steps)
    steps = [
        step if isinstance(step, Hidden) else _with_comments(guide.name, next(own, None), step)
        for step in english.steps
    ]
    if rest := next(own, None):
        raise GuideError(f"{guide.name}:{rest.line}: {english.name} has nothing like it")
    return Guide(guide.name, steps, english.start and JAPANESE + english.start, english.sample)


def _with_comments(name: str, own: Step | None, step: Step) -> Step:
    if own is None or type(own) is not type(step):
        raise GuideError(f"{name}:{own.line if own else 'end'}: not as line {step.line} of the English page")
    if not (isinstance(own, Commands) and isinstance(step, Commands)):
        return own
    if own != Commands(own.line, own.script, own.expected):
        raise GuideError(f"{name}:{own.line}: the comments stand in the English page, at line {step.line}")
    return replace(step, line=own.line, script=own.script, expected=own.expected)
