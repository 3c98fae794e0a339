"""Puts values of secrets and of earlier answers into a check, and hides them in all that is shown.

A value is used, and never shown: an app may repeat it in an answer, and parts of answers are in messages, in
the log and in the ledger (TRU-3).
"""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from pydantic import TypeAdapter, ValidationError

from kanmon.config.placeholders import SECRETS, substitute
from kanmon.config.queries import query
from kanmon.config.values import HeaderValue
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kanmon.config.checks import Check
    from kanmon.model import Answer

_HIDDEN = "***"
_FORM = "application/x-www-form-urlencoded"
_SHORTEST = 4
"""Characters of a hidden value. A shorter one is no secret, and would hide half of each message."""
_LONGEST = 16 * 1024
"""Characters of a captured value. A token of Cognito has about 1,000."""
_HEADER: TypeAdapter[str] = TypeAdapter(HeaderValue)


class NoValueError(Exception):
    """A value is missing, or can't stand in its place. The text is the reason, without the value."""


@dataclass
class Values:
    """The values of one run of checks. Its threads share it."""

    read_secret: Callable[[str], str] = field(repr=False)
    """The text of a secret by its name under `secrets`. Raises NoValueError."""
    _secrets: dict[str, str] = field(default_factory=dict, repr=False)
    _captured: dict[str, str] = field(default_factory=dict, repr=False)
    _used: set[str] = field(default_factory=set, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def fill(self, check: Check) -> Check:
        """The check with its values. Raises NoValueError."""
        headers = {name: self._in_header(name, text) for name, text in check.headers.items()}
        changes: dict[str, object] = {"headers": headers}
        if check.body is not None:
            escape = _escape_of(check)
            changes["body"] = substitute(check.body, lambda name: escape(self._value(name)))
        if check.sign_in:
            given = {key: substitute(text, self._value) for key, text in check.sign_in.model_dump().items()}
            changes["sign_in"] = check.sign_in.model_copy(update=given)
        return check.model_copy(update=changes)

    def text(self, text: str) -> str:
        """A text with its values. Raises NoValueError."""
        return substitute(text, self._value)

    def capture(self, check: Check, answer: Answer) -> str:
        """Keep what the check captures of a good answer. Returns the problem, empty when all is there."""
        try:
            found = dict(_captured(check, answer))
        except NoValueError as missing:
            return str(missing)
        if long := [name for name, value in found.items() if len(value) > _LONGEST]:
            return phrase(
                "{name} has more than {longest} characters, so it can't be captured",
                name=long[0],
                longest=_LONGEST,
            )
        with self._lock:
            self._captured |= {f"{check.name}.{name}": value for name, value in found.items()}
            self._used |= set(found.values())
        return ""

    def hide(self, text: str) -> str:
        """The text without any value."""
        for form in self._forms():
            text = text.replace(form, _HIDDEN)
        return text

    def hidden(self, answer: Answer) -> Answer:
        """The answer as it may be shown."""
        if not self._used:
            return answer
        body = answer.body
        for form in self._forms():
            body = body.replace(form.encode("utf-8", "surrogatepass"), _HIDDEN.encode())
        headers = {name: self.hide(value) for name, value in answer.headers.items()}
        return replace(answer, headers=headers, body=body, cookies={})

    def _forms(self) -> list[str]:
        """The values in all forms in which an answer may repeat them, the longest first."""
        with self._lock:
            used = list(self._used)
        forms = {form for value in used if len(value) >= _SHORTEST for form in _forms_of(value)}
        return sorted(forms, key=len, reverse=True)

    def _in_header(self, name: str, text: str) -> str:
        value = substitute(text, self._value)
        try:
            return _HEADER.validate_python(value)
        except ValidationError:
            problem = phrase(
                "the value of the header {name} is not one line of plain ASCII, or it is too long", name=name
            )
            raise NoValueError(problem) from None

    def _value(self, name: str) -> str:
        owner, _, key = name.partition(".")
        if owner == SECRETS:
            return self._secret(*key.partition(".")[::2])
        if name not in self._captured:
            raise NoValueError(phrase("no check captured {name}", name=name))
        return self._captured[name]

    def _secret(self, name: str, key: str) -> str:
        with self._lock:
            if name not in self._secrets:
                self._secrets[name] = self.read_secret(name)
                self._used.add(self._secrets[name])
            value = _of_key(name, key, self._secrets[name]) if key else self._secrets[name]
            if not value:
                raise NoValueError(phrase("the secret {secret} is empty", secret=name))
            self._used.add(value)
        return value


def _captured(check: Check, answer: Answer) -> Iterator[tuple[str, str]]:
    for name in check.capture.cookies:
        if not answer.cookies.get(name):
            raise NoValueError(phrase("the answer sets no cookie {name}", name=name))
        yield name, answer.cookies[name]
    if not check.capture.json_:
        return
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise NoValueError(phrase("the body is not JSON, so nothing can be captured")) from None
    for name, expression in check.capture.json_.items():
        value, problem = query(expression, document)
        if problem:
            raise NoValueError(problem)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
            raise NoValueError(
                phrase(
                    "{expression} is no text and no number, so {name} can't be captured",
                    expression=expression,
                    name=name,
                )
            )
        yield name, str(value)


def _of_key(name: str, key: str, text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NoValueError(
            phrase("the secret {secret} is not JSON, so it has no key {key}", secret=name, key=key)
        ) from None
    value = document.get(key) if isinstance(document, dict) else None
    if not isinstance(value, str):
        raise NoValueError(
            phrase("the secret {secret} has no text under the key {key}", secret=name, key=key)
        )
    return value


def _escape_of(check: Check) -> Callable[[str], str]:
    """How a value stands in the check's body, whatever characters it has."""
    types = [value for name, value in check.headers.items() if name.lower() == "content-type"]
    if any(value.lower().startswith(_FORM) for value in types):
        return quote_plus
    try:
        json.loads(check.body or "")
    except ValueError:
        return str
    return _in_json


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _forms_of(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    coded = base64.b64encode(raw).decode()
    unescaped = json.dumps(value, ensure_ascii=False)[1:-1]
    return {value, _in_json(value), unescaped, quote(raw, safe=""), quote(raw), quote_plus(raw), coded} - {""}
