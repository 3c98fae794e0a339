"""The functions that Cognito calls when users sign up, log in and get their tokens.

https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from kanmon.config.section import MistakeError, Section
from kanmon.config.values import Name
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

_CHALLENGES = ("define_auth_challenge", "create_auth_challenge", "verify_auth_challenge_response")


class UserTriggers(Section):
    """Functions that Cognito calls: always those of the live release."""

    pre_sign_up: Name | None = Field(
        None, description="Called before a new user is made. It may refuse or confirm the user."
    )
    post_confirmation: Name | None = Field(
        None, description="Called after a user was confirmed, or has a new password after a forgotten one."
    )
    pre_authentication: Name | None = Field(
        None, description="Called before the password is checked. It may refuse the login."
    )
    post_authentication: Name | None = Field(None, description="Called after a login.")
    pre_token_generation: Name | None = Field(
        None, description="Called before tokens are made. It changes the claims of the ID token (`V1_0`)."
    )
    pre_token_generation_v2: Name | None = Field(
        None,
        description="The same with events of `V2_0`: it changes claims and scopes of the access token, too.",
    )
    custom_message: Name | None = Field(
        None, description="Called before a mail is sent. It writes the mail's subject and text."
    )
    define_auth_challenge: Name | None = Field(
        None,
        description="Decides the next step of a login with steps of your own (`CUSTOM_AUTH`). It needs the "
        "two below.",
    )
    create_auth_challenge: Name | None = Field(None, description="Makes the question of such a step.")
    verify_auth_challenge_response: Name | None = Field(None, description="Checks the answer of such a step.")
    user_migration: Name | None = Field(
        None,
        description="Called at the login of an unknown user: it may bring the user from your old directory. "
        "The web app must log in with `USER_PASSWORD_AUTH` then, so Cognito gets the password.",
    )

    @property
    def named(self) -> dict[str, str]:
        """The names of the functions, by trigger."""
        return {key: name for key in type(self).model_fields if (name := getattr(self, key))}

    @property
    def flows(self) -> tuple[str, ...]:
        """The login flows that the web app's client needs for them."""
        needed = {
            "ALLOW_CUSTOM_AUTH": self.define_auth_challenge,
            "ALLOW_USER_PASSWORD_AUTH": self.user_migration,
        }
        return tuple(flow for flow, name in needed.items() if name)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.pre_token_generation and self.pre_token_generation_v2:
            problem = phrase(
                "A pool has one function before its tokens are made, with events of one version."
            )
            raise MistakeError(problem, phrase("Remove one of the two."), at=("pre_token_generation",))
        missing = [key for key in _CHALLENGES if not getattr(self, key)]
        given = [key for key in _CHALLENGES if getattr(self, key)]
        if given and missing:
            problem = phrase(
                "A login with steps of your own needs three functions, and `{trigger}` is missing.",
                trigger=missing[0],
            )
            raise MistakeError(problem, phrase("Add `{trigger}: NAME`.", trigger=missing[0]), at=(given[0],))
        return self


TRIGGERS = tuple(UserTriggers.model_fields)
"""The keys of all triggers."""


def user_trigger_references(config: Config) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Each trigger with a function: its name in words, its place, and the function's name."""
    triggers = config.user_pool.triggers.named if config.user_pool else {}
    for key, name in triggers.items():
        yield phrase("trigger {key}", key=key), ("user_pool", "triggers", key), name
