"""The app's users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.section import MistakeError, Section, written
from kanmon.config.user_pool_mail import Mail, Messages
from kanmon.config.user_pool_triggers import UserTriggers
from kanmon.config.values import Name
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

_STANDARD = Literal[
    "address",
    "birthdate",
    "email",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "website",
    "zoneinfo",
]
"""https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html"""
_STANDARD_NAMES = get_args(_STANDARD)
_OF_SERVICE = ("email_verified", "phone_number_verified", "updated_at")
_HOUR, _DAY = 3600.0, 86_400.0
_OF_COGNITO = frozenset({"aws.cognito.signin.user.admin", "email", "openid", "phone", "profile"})
"""https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html"""

CustomName = Annotated[
    str,
    Field(max_length=20),
    written(
        r"^[A-Za-z][A-Za-z0-9_-]*$",
        deferred("Use letters, digits, `_` and `-`. Begin with a letter."),
        "plan",
    ),
]


class CustomAttribute(Section):
    """A custom attribute of a user. Cognito never changes or removes one."""

    type: Literal["string", "number", "boolean", "date"] = Field(
        "string", description="The kind of value: `string`, `number`, `boolean` or `date`."
    )
    mutable: bool = Field(
        True, description="`false`: the value stays as it was given when the user was created."
    )
    writable: bool = Field(
        False,
        description="`true`: users may change it themselves, with their token. Never do this for what they "
        "pay or may do.",
    )
    min: int | None = Field(
        None, ge=0, description="The smallest number, or the least characters of a string."
    )
    max: int | None = Field(
        None, ge=0, description="The greatest number, or the most characters of a string; at most 2048."
    )

    @model_validator(mode="after")
    def _limits(self) -> Self:
        given = [key for key in ("min", "max") if getattr(self, key) is not None]
        if given and self.type in {"boolean", "date"}:
            problem = phrase("A {type} has no limits.", type=self.type)
            raise MistakeError(problem, phrase("Remove them."), at=(given[0],))
        if self.min is not None and self.max is not None and self.min > self.max:
            raise MistakeError(
                phrase("The smallest is greater than the greatest."), phrase("Swap them."), at=("min",)
            )
        if self.type == "string" and (self.max or 0) > 2048:  # noqa: PLR2004 - Cognito's
            raise MistakeError(
                phrase("Cognito takes 2048 characters."), phrase("Write `max: 2048`."), at=("max",)
            )
        return self


class PasswordPolicy(Section):
    """The rules for passwords."""

    minimum_length: int = Field(12, ge=6, le=99, description="The least characters of a password.")
    require_lowercase: bool = Field(True, description="A password needs a lower-case letter.")
    require_uppercase: bool = Field(True, description="A password needs an upper-case letter.")
    require_numbers: bool = Field(True, description="A password needs a digit.")
    require_symbols: bool = Field(True, description="A password needs a sign such as `!`.")
    history: int = Field(
        5, ge=0, le=24, description="How many of a user's last passwords can't be used again."
    )
    temporary_days: int = Field(
        3, ge=1, le=365, description="How many days the password in an invitation counts."
    )


class Tokens(Section):
    """How long a login lasts."""

    access: Duration = Field(
        "1h", validate_default=True, description="How long an access token counts: 5 minutes to a day."
    )
    id: Duration = Field(
        "1h", validate_default=True, description="How long an ID token counts: 5 minutes to a day."
    )
    refresh_days: int = Field(
        30, ge=1, le=3650, description="How many days a login can be renewed without the password."
    )

    @model_validator(mode="after")
    def _limits(self) -> Self:
        for key in ("access", "id"):
            value = getattr(self, key)
            if not 300 <= value <= _DAY or value % 60:  # noqa: PLR2004 - Cognito's
                problem = phrase("Cognito takes whole minutes, from 5 minutes to a day.")
                raise MistakeError(problem, phrase("Write `{key}: 1h`.", key=key), at=(key,))
        return self

    def of(self, key: str) -> tuple[int, str]:
        """A token's time as a number and its unit."""
        seconds = float(getattr(self, key))
        return (int(seconds // 60), "minutes") if seconds % _HOUR else (int(seconds // _HOUR), "hours")


LoginUrl = Annotated[
    str,
    Field(max_length=1024),
    written(
        r"^(https://[^\s#]+|http://localhost[:/][^\s#]+|[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+://[^\s#]*)$",
        deferred(
            "Write a whole address with `https://`, one of `http://localhost:…/`, or that of an app on a "
            "phone, such as `com.example.shop://`. Leave `#` out."
        ),
        "https://shop.example.com/signed-in",
    ),
]


class HostedLogin(Section):
    """Cognito's own login pages, with OAuth. The web app sends users there and gets them back with a code."""

    domain: Annotated[
        str,
        Field(max_length=63),
        written(
            r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            deferred("Use lower-case letters, digits and hyphens inside."),
            "shop-login",
        ),
    ] = Field(
        description="The beginning of the pages' address, which nobody else in the region may have: "
        "`shop-login` for `https://shop-login.auth.REGION.amazoncognito.com`. A change takes two releases."
    )
    callback_urls: tuple[LoginUrl, ...] = Field(
        min_length=1, max_length=100, description="Where users may come back after they signed in."
    )
    logout_urls: tuple[LoginUrl, ...] = Field(
        (), max_length=100, description="Where users may come back after they signed out."
    )
    flows: tuple[Literal["code", "implicit"], ...] = Field(
        ("code",),
        min_length=1,
        max_length=2,
        description="`code`: the page gets a code, and a token for it. `implicit`: it gets a token in the "
        "address, where others may read it; only for old libraries.",
    )
    scopes: tuple[str, ...] = Field(
        ("openid", "email", "profile"),
        min_length=1,
        max_length=50,
        description="What the web app may ask for: `openid`, `email`, `phone`, `profile`, "
        "`aws.cognito.signin.user.admin`, and `NAME/SCOPE` of `resource_servers`.",
    )

    @model_validator(mode="after")
    def _domain(self) -> Self:
        # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
        if taken := [word for word in ("aws", "amazon", "cognito") if word in self.domain]:
            raise MistakeError(
                phrase("Cognito takes no domain with `{word}` in it.", word=taken[0]),
                phrase("Choose another one."),
                at=("domain",),
            )
        return self


ScopeName = Annotated[
    str,
    Field(max_length=256),
    written(r"^[A-Za-z0-9._:-]+$", deferred("Use letters, digits and `._:-`."), "write"),
]


class UserPool(Section):
    """The app's users: a Cognito user pool, and a client of it for the web app."""

    sign_up: Literal["administrator", "anybody"] = Field(
        "administrator",
        description="Who may create an account. `administrator`: only you, in Cognito. `anybody`: "
        "users themselves, in the app. Users log in with their e-mail address.",
    )
    mfa: Literal["off", "optional", "required"] = Field(
        "optional",
        description="A second factor at login: a code from an authenticator app. `optional`: each user "
        "decides. `required`: every user needs one.",
    )
    attributes: dict[CustomName, CustomAttribute] = Field(
        default_factory=dict,
        max_length=50,
        examples=[{"plan": {"type": "string"}}],
        description="Custom attributes of users: `custom:plan` for `plan`. You can add some later. Cognito "
        "never changes or removes one, and Kanmon refuses it.",
    )
    required: tuple[_STANDARD, ...] = Field(
        (),
        examples=[["given_name", "family_name"]],
        description="Standard attributes that each new user must have. They are fixed with the pool's first "
        "release: Kanmon refuses a later change.",
    )
    password: PasswordPolicy = Field(
        default_factory=PasswordPolicy, description="The rules for new passwords."
    )
    mail: Mail | None = Field(
        None,
        description="Your own sender of the pool's mails, by Amazon SES. Without it, Cognito sends them "
        "itself, at most 50 a day.",
    )
    messages: Messages = Field(
        default_factory=Messages, description="The texts of the pool's mails. Default: Cognito's own."
    )
    tokens: Tokens = Field(default_factory=Tokens, description="How long a login lasts.")
    triggers: UserTriggers = Field(
        default_factory=UserTriggers,
        examples=[{"post_confirmation": "greet"}],
        description="Functions that Cognito calls when users sign up, log in and get their tokens. Cognito "
        "calls those of the live release. They move with it, and a rollback moves them back. Cognito waits 5 "
        "seconds for an answer.",
    )
    hosted_login: HostedLogin | None = Field(
        None,
        description="Cognito's own login pages, with OAuth. Without it, the web app has a login form of its "
        "own.",
    )
    resource_servers: dict[
        Name,
        Annotated[dict[ScopeName, Annotated[str, Field(min_length=1, max_length=256)]], Field(min_length=1)],
    ] = Field(
        default_factory=dict,
        max_length=25,
        examples=[{"orders": {"write": "Change orders"}}],
        description="Scopes of your APIs, each with its meaning: `{orders: {write: Change orders}}` makes "
        "the scope `orders/write`, for `scopes` of routes and of `hosted_login`.",
    )

    @property
    def readable(self) -> tuple[str, ...]:
        """The attributes that the web app's client reads."""
        custom = [f"custom:{name}" for name in sorted(self.attributes)]
        return (*sorted({*_STANDARD_NAMES, *_OF_SERVICE}), *custom)

    @property
    def writable(self) -> tuple[str, ...]:
        """The attributes that the web app's client writes; none stands for the standard ones."""
        custom = [f"custom:{name}" for name, one in sorted(self.attributes.items()) if one.writable]
        return (*sorted(_STANDARD_NAMES), *custom) if custom else ()

    @property
    def scopes(self) -> frozenset[str]:
        """All scopes that the pool knows."""
        own = {f"{name}/{scope}" for name, scopes in self.resource_servers.items() for scope in scopes}
        return _OF_COGNITO | own

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for index, name in enumerate(self.required):
            if name in self.required[:index]:
                raise MistakeError(
                    phrase("{name} is there twice.", name=name), phrase("Remove one."), at=("required", index)
                )
        for index, scope in enumerate(self.hosted_login.scopes if self.hosted_login else ()):
            if scope not in self.scopes:
                raise MistakeError(
                    phrase("The pool knows no scope {scope}.", scope=scope),
                    phrase("Use one of {names}.", names=", ".join(f"`{one}`" for one in sorted(self.scopes))),
                    at=("hosted_login", "scopes", index),
                )
        return self


def login_host(config: Config) -> str:
    """The host of Cognito's login pages for the app; empty without them."""
    login = config.user_pool.hosted_login if config.user_pool else None
    return f"{login.domain}.auth.{config.region}.amazoncognito.com" if login else ""


def check_user_pool(config: Config) -> None:
    """Check the parts of other sections about the user pool. Raises MistakeError with the first problem."""
    for mistake in (*_mail(config), *_scopes(config)):
        raise mistake


def _mail(config: Config) -> Iterator[MistakeError]:
    mail = config.user_pool.mail if config.user_pool else None
    # https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-email.html
    regions = dict.fromkeys((config.region, "us-east-1", "us-west-2", "eu-west-1"))
    if mail and mail.region not in regions:
        yield MistakeError(
            phrase(
                "The SES identity is in {region}. A user pool in {own} takes one from {regions}.",
                region=mail.region,
                own=config.region,
                regions=", ".join(regions),
            ),
            phrase("Verify the domain there, and write the ARN of that identity."),
            at=("user_pool", "mail", "identity"),
        )


def _scopes(config: Config) -> Iterator[MistakeError]:
    """Scopes of routes that nobody could ever have: their tokens come from the app's own pool."""
    if config.api is None or config.user_pool is None:
        return
    for index, route in enumerate(config.routes):
        authorizer = config.api.authorizers.get(config.api.authorizer_of(route))
        own = authorizer is not None and authorizer.user_pool
        for number, scope in enumerate(route.scopes if own else ()):
            if scope not in config.user_pool.scopes:
                name, _, last = scope.rpartition("/")
                yield MistakeError(
                    phrase(
                        "The user pool knows no scope {scope}, so nobody could send this request.",
                        scope=scope,
                    ),
                    phrase(
                        "Add `{name}: {{{scope}: …}}` to `user_pool.resource_servers`.",
                        name=name or "orders",
                        scope=last,
                    ),
                    at=("api", "routes", index, "scopes", number),
                )
