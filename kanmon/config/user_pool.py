"""The app's users."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import Section


class UserPool(Section):
    """The app's users: a Cognito user pool, and a client of it for the web app."""

    sign_up: Literal["administrator", "anybody"] = Field(
        "administrator", description="Who may create an account. Users are known by their e-mail address."
    )
    mfa: Literal["off", "optional", "required"] = Field(
        "optional", description="Whether a code of an authenticator app is asked for, too."
    )
