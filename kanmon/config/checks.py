"""The app's smoke checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.expect import Expect
from kanmon.config.placeholders import SECRETS, names_in, secrets_in
from kanmon.config.queries import JmesPath
from kanmon.config.section import MistakeError, Section, written
from kanmon.config.values import HeaderName, HeaderValue, Name, Payload, UrlPath
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HttpMethod = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_KINDS = ("path", "function", "sign_in")
_OF_REQUESTS: Mapping[str, object] = {"method": "GET", "headers": {}, "body": None}
"""The keys of requests alone, with their defaults."""


def _own(name: str) -> str:
    if name == SECRETS:
        problem = phrase("`${secrets.…}` stands for a secret, so no check has this name.")
        raise MistakeError(problem, phrase("Choose another name, such as `sign-in`."))
    return name


class SignIn(Section):
    """A sign-in to the app's user pool, by Cognito's AdminInitiateAuth."""

    username: str = Field(
        min_length=1,
        max_length=128,
        examples=["kanmon@example.com"],
        description="The name of a user made for the checks alone, with a permanent password.",
    )
    password: Annotated[str, written(r"\$\{", deferred("Name a secret."), "${secrets.shopper.password}")] = (
        Field(
            max_length=256,
            description="The password as `${secrets.name}`, or `${secrets.name.key}` for one key of a secret "
            "with JSON. Never the password itself.",
        )
    )


class Capture(Section):
    """Values of a good answer, for later checks."""

    json_: dict[
        Annotated[
            str, written(r"^[a-z][a-z0-9_]{0,31}$", deferred("Use small letters, digits and `_`."), "token")
        ],
        JmesPath,
    ] = Field(
        default_factory=dict,
        alias="json",
        max_length=20,
        examples=[{"token": "access_token"}],
        description="A name of your choice, and a JMESPath expression for text or a number in the JSON body: "
        "`{token: access_token}`.",
    )
    cookies: tuple[HeaderName, ...] = Field(
        (),
        max_length=20,
        examples=[["session"]],
        description="The names of cookies that the answer sets: `[session]`.",
    )

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its values."""
        return (*self.json_, *self.cookies)


class Check(Section):
    """A smoke check: one request, invocation or sign-in with its assertions."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [kind]} for kind in _KINDS],
            "examples": [{"name": "health", "path": "/api/health"}],
        }
    )

    name: Annotated[Name, AfterValidator(_own)] = Field(
        examples=["health"], description="The check's name in messages. Each check has a name of its own."
    )
    path: UrlPath | None = Field(
        None,
        examples=["/api/health"],
        exclude_if=lambda value: value is None,
        description="The path of the request under the app's domain, with its query: `/api/goals?limit=1`. "
        "Each check has one of `path`, `function` and `sign_in`.",
    )
    method: HttpMethod = Field(
        "GET",
        description="The HTTP method of the request. A check runs many times, also on the live release, so a "
        "`POST` must do no harm.",
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict,
        examples=[{"accept": "application/json"}],
        description="The headers of the request, such as `{accept: application/json}`. Write "
        "`${secrets.name}` for the value of a secret, `${secrets.name.key}` for one key of a secret with "
        "JSON, and `${check.value}` for what an earlier check captured.",
    )
    body: str | None = Field(
        None,
        examples=['{"title": "test"}'],
        description="The body of the request, as text. Without it, the request has no body. It may have "
        "`${…}` like `headers`: Kanmon escapes the values in a JSON body, and in a form.",
    )
    function: Name | None = Field(
        None,
        examples=["report"],
        exclude_if=lambda value: value is None,
        description="Instead of `path`: the function to invoke, a name under `functions`. Kanmon invokes the "
        "one in the slot of the checked release. Its answer is the body, its status 200; a function that "
        "fails has status 500.",
    )
    payload: Payload = Field(
        default_factory=dict,
        examples=[{"dry_run": True}],
        exclude_if=lambda value: not value,
        description="The event of the function, with `function` only. The check runs many times, so the "
        "event must do no harm.",
    )
    sign_in: SignIn | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description="Instead of `path`: a sign-in to the user pool. The body has Cognito's `AccessToken`, "
        "`IdToken` and `ExpiresIn`; capture one of them.",
    )
    expect: Expect = Field(
        default_factory=Expect,
        description="The conditions on the answer. All must hold. Without this key: status 200, the right "
        "release, within 2 seconds.",
    )
    capture: Capture = Field(
        default_factory=Capture,
        exclude_if=lambda value: not value.names,
        description="Values of the answer for later checks, such as the token of a login. A later check "
        "writes `${check.value}` in its headers or body, and waits for this check. An answer without one of "
        "them is a bad one.",
    )
    successes: int = Field(
        2,
        ge=1,
        le=20,
        description="The check has passed after this number of good answers in a row. A larger number is "
        "stricter and slower.",
    )
    failures: int = Field(
        5,
        ge=1,
        le=100,
        description="The check has failed after this number of bad answers in a row. Only answers of the "
        "checked release count. A smaller number finds a fault sooner, but then a short disturbance fails "
        "the release, too.",
    )
    deadline: Duration = Field(
        "60s",
        validate_default=True,
        description="The longest time for all tries of the check together. A check without enough successes "
        "by then has failed. Give a slow start, such as a database waking up, enough time. It begins when "
        "API Gateway knows the candidate's new stage: Kanmon waits up to 90 seconds for this.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            kinds = phrase(" and ").join(f"`{kind}`" for kind in given)
            problem = phrase("It has {kinds}.", kinds=kinds) if given else phrase("It has nothing to ask.")
            raise MistakeError(
                problem,
                phrase("Write one of `path: /api/health`, `function: name` and `sign_in: {…}`."),
                at=tuple(given[1:2]),
            )
        if self.path is None:
            self._refuse(key for key, usual in _OF_REQUESTS.items() if getattr(self, key) != usual)
            self._refuse(f"expect.{key}" for key in ("headers", "release") if getattr(self.expect, key))
            if self.capture.cookies:
                problem = phrase("Only an answer to a request sets cookies.")
                raise MistakeError(
                    problem, phrase("Capture a value of its `json`."), at=("capture", "cookies")
                )
        if self.function is None and self.payload:
            raise MistakeError(
                phrase("Only a function has a `payload`."),
                phrase("Remove it, or write `body`."),
                at=("payload",),
            )
        return self

    def _refuse(self, keys: Iterable[str]) -> None:
        for key in keys:
            problem = phrase("`{key}` belongs to a request, and this check sends none.", key=key)
            raise MistakeError(
                problem, phrase("Remove it, or write `path` for a request."), at=tuple(key.split("."))
            )

    def texts(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Its texts that may have `${…}`, with their places."""
        yield from ((("headers", name), value) for name, value in self.headers.items())
        if self.body is not None:
            yield ("body",), self.body
        if self.sign_in:
            yield ("sign_in", "username"), self.sign_in.username
            yield ("sign_in", "password"), self.sign_in.password

    @property
    def needs(self) -> frozenset[str]:
        """The names of the checks with values that it uses."""
        return frozenset(name.partition(".")[0] for _, text in self.texts() for name in names_in(text)) - {
            SECRETS
        }

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets that it uses."""
        return secrets_in(text for _, text in self.texts())


def with_needed(checks: Iterable[Check], among: Iterable[Check]) -> tuple[Check, ...]:
    """The checks with those of `among` whose values they use, in the order of `among`."""
    every = tuple(among)
    names = {check.name for check in checks}
    for check in reversed(every):
        names |= check.needs if check.name in names else frozenset()
    return tuple(check for check in every if check.name in names)
