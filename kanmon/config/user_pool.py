"""The app's users."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kanmon.config.section import Section


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
