"""Refuses a broken environment before a command begins.

A variable without sense would otherwise end a release in the middle of its work.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import LANGUAGES, VARIABLE, phrase
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SHOWN = 80


def check_environment(environment: Mapping[str, str]) -> None:
    """Check all variables with a fixed form. Raises ENVIRONMENT_BROKEN with the first wrong one.

    An empty variable counts as a missing one, as for the runner.
    """
    for name, problem in _checked(environment):
        value = environment.get(name, "")
        wrong = problem(value) if value else ""
        if wrong:
            shown = cut(repr(value), _SHOWN)
            message = phrase("{name} is {value}, and this {problem}.", name=name, value=shown, problem=wrong)
            if name in _SECRETS:
                message = phrase("{name} {problem}.", name=name, problem=wrong)
            raise KanmonError(Code.ENVIRONMENT_BROKEN, message, where=name)


def _checked(environment: Mapping[str, str]) -> Iterator[tuple[str, Callable[[str], str]]]:
    if environment.get("GITHUB_ACTIONS") == "true":
        yield from _OF_A_STEP.items()
    yield from _ANYWHERE.items()
    yield from ((name, _url) for name in sorted(environment) if name.startswith("AWS_ENDPOINT_URL"))


def _number(value: str) -> str:
    return "" if re.fullmatch(r"[0-9]{1,18}", value) else phrase("is not a number")


def _seconds(value: str) -> str:
    return (
        ""
        if re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?", value)
        else phrase("is not a number of seconds below 100")
    )


def _repository(value: str) -> str:
    return (
        ""
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/(?!\.{1,2}$)[A-Za-z0-9._-]+", value)
        else phrase("is not `owner/name`")
    )


def _token(value: str) -> str:
    return (
        ""
        if re.fullmatch(r"[!-~]+", value)
        else phrase("has spaces, line breaks or characters outside of ASCII")
    )


def _url(value: str) -> str:
    try:
        address = urlsplit(value)
        whole = address.scheme in {"http", "https"} and address.hostname and address.port != 0
    except ValueError:  # an impossible port
        whole = False
    return "" if whole and re.fullmatch(r"[!-~]+", value) else phrase("is not the URL of a server")


def _language(value: str) -> str:
    return "" if value in LANGUAGES else phrase("is not one of {names}", names=", ".join(LANGUAGES))


def _written(value: str) -> str:
    """The problem of a file for the runner. It is made if it is missing, as by the runner."""
    try:
        # Without O_NONBLOCK, opening a named pipe waits for its reader.
        number = os.open(value, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY, 0o644)
    except OSError as error:
        return phrase("can't be written: {reason}", reason=phrase(str(error.strerror)))
    kind = os.fstat(number).st_mode
    os.close(number)
    return "" if stat.S_ISREG(kind) or stat.S_ISCHR(kind) else phrase("is not a regular file")


_SECRETS = {"GITHUB_TOKEN"}
_OF_A_STEP: dict[str, Callable[[str], str]] = {
    "GITHUB_RUN_ID": _number,
    "GITHUB_RUN_ATTEMPT": _number,
    "GITHUB_REPOSITORY": _repository,
    "GITHUB_SERVER_URL": _url,
    "GITHUB_API_URL": _url,
    "GITHUB_TOKEN": _token,
    "GITHUB_OUTPUT": _written,
    "GITHUB_STATE": _written,
    "GITHUB_STEP_SUMMARY": _written,
}
_ANYWHERE: dict[str, Callable[[str], str]] = {
    "KANMON_EDGE_ENDPOINT_URL": _url,
    "KANMON_GITHUB_WRITE_PAUSE": _seconds,
    VARIABLE: _language,
}
