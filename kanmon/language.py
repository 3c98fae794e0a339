"""The language of what people read: English, and Japanese where somebody chose it.

A text stands in the code in English, as `phrase("{name} is empty.", name=name)`. `kanmon/japanese/` has a
table for each room, from the English text to the Japanese one. `tests/unit/test_language.py` finds every
phrase of the code, and each must be there.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "KANMON_LANG"
LANGUAGES = ("en", "ja")

_chosen = {"language": LANGUAGES[0]}


def speak(environment: Mapping[str, str], config: object = None) -> None:
    """Use a language from now on, in the whole process: the environment's, else the config's.

    English stands for what is none of `LANGUAGES`: others refuse it.
    """
    language = environment.get(VARIABLE) or config
    _chosen["language"] = str(language) if language in LANGUAGES else LANGUAGES[0]


def spoken() -> str:
    """The present one of `LANGUAGES`."""
    return _chosen["language"]


def phrase(english: str, **values: object) -> str:
    """An English text in the chosen language, with its values.

    Values stand as in `str.format`. Without any, the text is taken as it is, with its braces.
    """
    text = english if spoken() == LANGUAGES[0] else japanese().get(english, english)
    return text.format(**values) if values else text


def deferred(english: str) -> str:
    """Mark a text of a table. `phrase` gives it in the chosen language when it is shown."""
    return english


def sentences(*texts: str) -> str:
    """Sentences as one text, without the empty ones. After a Japanese one, there is no space."""
    return " ".join(filter(None, texts)).replace("。 ", "。")


@cache
def japanese() -> dict[str, str]:
    """The Japanese texts by their English ones."""
    tables = (files("kanmon") / "japanese").iterdir()
    return {
        english: text for table in tables for english, text in tomllib.loads(table.read_text("utf-8")).items()
    }
