"""The page of all errors, in English and in Japanese."""

from __future__ import annotations

import tomllib
from pathlib import Path

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from kanmon.language import japanese
from scripts.generators.tables import NOTE, anchor, meanings, table


def error_page() -> str:
    """The English page."""
    return _page({})


def japanese_error_page() -> str:
    """The Japanese page."""
    return _page(japanese() | own_texts())


def own_texts() -> dict[str, str]:
    """The Japanese texts of the page that Kanmon itself doesn't print, by their English ones."""
    return tomllib.loads(Path(__file__).with_name("japanese.toml").read_text("utf-8"))


def _page(translated: dict[str, str]) -> str:
    def shown(*texts: str) -> tuple[str, ...]:
        return tuple(translated.get(text, text) for text in texts)

    statuses = meanings(ExitStatus)
    return "\n".join(
        [
            *shown("# Errors"),
            "",
            NOTE,
            *shown("Every error is one message with a code, what happened, where, and what to do."),
            "",
            *table(
                shown("code", "meaning", "what to do"),
                ((_code(one), *shown(one.meaning, one.fix)) for one in Code),
            ),
            *shown("## Exit status"),
            "",
            *table(
                shown("status", "meaning"),
                ((str(one.value), *shown(statuses[one.name])) for one in ExitStatus),
            ),
        ]
    )


def _code(code: Code) -> str:
    return f"{anchor(code.id.lower())}{code.id}"
