"""The assertions of a smoke check, one class for each.

To add one, write a class here and give :class:`Expect` a field with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from kanmon.config.durations import Duration
from kanmon.config.patterns import SEARCHED, Pattern, contains
from kanmon.config.queries import JmesPath, query, shown
from kanmon.config.section import Section
from kanmon.config.values import HeaderName, finite
from kanmon.language import phrase
from kanmon.naming import RELEASE_HEADER
from kanmon.regular_file import size_of
from kanmon.text import cut, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.model import Answer

_SHOWN = 200
"""The greatest number of characters from an answer in a message."""
_EXCERPT = 4096


@runtime_checkable
class Assertion(Protocol):
    """Checks one property of an answer."""

    def problem(self, wanted: Any, answer: Answer, path: str, release: str) -> str:  # noqa: ANN401
        """The problem with an answer, with the actual value.

        Empty when there is none. `wanted` is the field's value, `path` the check's path, `release` the
        checked release. Example of a problem: `status is 500 instead of 200: 'Internal error'`.
        """


class StatusIs:
    """The HTTP status."""

    def problem(self, wanted: int, answer: Answer, path: str, release: str) -> str:
        """See :class:`Assertion`."""
        del path, release
        if answer.status == wanted:
            return ""
        return phrase(
            "status is {status} instead of {wanted}: {body}",
            status=answer.status,
            wanted=wanted,
            body=_excerpt(answer.body),
        )


class NamesRelease:
    """The release in the answer's headers."""

    def problem(self, wanted: bool | None, answer: Answer, path: str, release: str) -> str:
        """See :class:`Assertion`.

        By default, API answers and pages must name their release.
        """
        required = _is_api_or_page(path) if wanted is None else wanted
        if not required or answer.release == release:
            return ""
        if not answer.release:
            return phrase(
                "answered without a release's name in `{header}`, which has to be {release}",
                header=RELEASE_HEADER,
                release=release,
            )
        return phrase("answered by {other} instead of {release}", other=answer.release, release=release)


class HeadersMatch:
    """Headers, by patterns."""

    def problem(self, wanted: Mapping[str, str], answer: Answer, path: str, release: str) -> str:
        """See :class:`Assertion`."""
        del path, release
        for name, pattern in wanted.items():
            value = answer.headers.get(name.lower())
            if value is None or not contains(pattern, value):
                shown = cut(repr(value), _SHOWN)
                return phrase(
                    "header {name} is {value} and does not match {pattern}",
                    name=name,
                    value=shown,
                    pattern=repr(pattern),
                )
        return ""


class BodyMatches:
    """The body, by a pattern."""

    def problem(self, wanted: str | None, answer: Answer, path: str, release: str) -> str:
        """See :class:`Assertion`."""
        del path, release
        if wanted is None or contains(wanted, answer.body):
            return ""
        pattern, body = repr(wanted), _excerpt(answer.body)
        if len(answer.body) <= SEARCHED:
            return phrase("the body does not contain {pattern}: {body}", pattern=pattern, body=body)
        return phrase(
            "the body's first {size} does not contain {pattern}: {body}",
            size=size_of(SEARCHED),
            pattern=pattern,
            body=body,
        )


class JsonIs:
    """Values in a JSON body, by JMESPath expressions."""

    def problem(self, wanted: Mapping[str, JsonValue], answer: Answer, path: str, release: str) -> str:
        """See :class:`Assertion`."""
        del path, release
        if not wanted:
            return ""
        if answer.cut:
            return phrase(
                "the body is larger than {size}, too large for `json`", size=size_of(len(answer.body))
            )
        try:
            document = json.loads(answer.body, parse_constant=_refuse_constant)
            problems = (_differs(document, expression, value) for expression, value in wanted.items())
            return next(filter(None, problems), "")
        except (ValueError, RecursionError):
            return phrase("the body is not JSON: {body}", body=_excerpt(answer.body))


class AnswersWithin:
    """The time until the answer."""

    def problem(self, wanted: float, answer: Answer, path: str, release: str) -> str:
        """See :class:`Assertion`."""
        del path, release
        if answer.seconds <= wanted:
            return ""
        return phrase(
            "the answer took {milliseconds:.0f} ms instead of {limit:.0f} ms",
            milliseconds=answer.seconds * 1000,
            limit=wanted * 1000,
        )


class Expect(Section):
    """The assertions about an answer: all must hold, and Kanmon reports the first failed one."""

    status: Annotated[int, StatusIs()] = Field(
        200,
        ge=100,
        le=599,
        description="The HTTP status of the answer, such as `401` for a page behind a login.",
    )
    release: Annotated[bool | None, NamesRelease()] = Field(
        None,
        description="`true`: the answer must carry the header `x-kanmon-release` with the id of the checked "
        "release. Default: `true` for API answers and pages, `false` for files such as `/robots.txt`.",
    )
    headers: Annotated[dict[HeaderName, Pattern], HeadersMatch()] = Field(
        default_factory=dict,
        examples=[{"content-type": "application/json"}],
        description="A header's name, and a pattern for its value: `{content-type: application/json}`. It "
        "may match anywhere in the value. The syntax is [RE2](https://github.com/google/re2/wiki/Syntax)'s: "
        "regular expressions without looking ahead or behind, and without `\\1`.",
    )
    body: Annotated[Pattern | None, BodyMatches()] = Field(
        None,
        examples=["<title>Shop"],
        description="A pattern to be found in the first 128 kB of the body, such as `<title>Shop`. The "
        "syntax is [RE2](https://github.com/google/re2/wiki/Syntax)'s, as in `headers`.",
    )
    json_: Annotated[dict[JmesPath, JsonValue], AfterValidator(finite), JsonIs()] = Field(
        default_factory=dict,
        alias="json",
        examples=[{"status": "ok"}],
        description="A JMESPath expression, and the expected value in the JSON body: "
        '`{status: ok, "length(items)": 2}`.',
    )
    latency: Annotated[Duration, AnswersWithin()] = Field(
        "2s",
        validate_default=True,
        description="The longest time for one answer. A slower answer counts as a bad one.",
    )

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    def problem(self, answer: Answer, path: str, release: str) -> str:
        """The problem with an answer, from the first failed assertion.

        Empty when all hold.
        """
        problems = (
            assertion.problem(getattr(self, name), answer, path, release) for name, assertion in assertions()
        )
        return next(filter(None, problems), "")


def assertions() -> Iterator[tuple[str, Assertion]]:
    """All assertions with the names of their fields, in order."""
    for name, field in Expect.model_fields.items():
        yield from ((name, found) for found in field.metadata if isinstance(found, Assertion))


def _is_api_or_page(path: str) -> bool:
    last = urlsplit(path).path.rsplit("/", 1)[-1]
    return "." not in last or last == "index.html"


def _refuse_constant(name: str) -> None:
    """JSON has no `NaN` and no `Infinity`, but Python reads them."""
    raise ValueError(name)


def _differs(document: object, expression: str, wanted: JsonValue) -> str:
    found, problem = query(expression, document)
    if problem or _same(found, wanted):
        return problem
    return phrase(
        "{expression} is {found} instead of {wanted}",
        expression=expression,
        found=shown(found, _SHOWN),
        wanted=json.dumps(wanted),
    )


def _same(found: object, wanted: object) -> bool:
    """Whether two values are equal in JSON.

    Unlike in Python, `true` differs from `1`. `1` equals `1.0`.
    """
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted


def _excerpt(body: bytes) -> str:
    return repr(one_line(body[:_EXCERPT].decode("utf-8", "replace"), _SHOWN))
