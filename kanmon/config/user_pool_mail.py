"""The mails of a user pool: their sender and their texts."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from kanmon.config.section import MistakeError, Section, written
from kanmon.language import deferred, phrase

_CODE, _USER = "{####}", "{username}"
_ADDRESS = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"


class Mail(Section):
    """The sender of the pool's mails: an identity of Amazon SES. Cognito's own role may send with it.

    CloudFormation makes this role. The identity needs no policy for an account's own pools.
    """

    sender: Annotated[
        str,
        Field(max_length=256),
        written(
            rf"^({_ADDRESS}|[A-Za-z0-9][A-Za-z0-9 ._-]* <{_ADDRESS}>)$",
            deferred("Write an address, or a name in plain letters with the address in `<…>`."),
            "Shop <no-reply@shop.example.com>",
        ),
    ] = Field(description="The sender of the mails. Its domain or address is the identity's.")
    identity: Annotated[
        str,
        written(
            r"^arn:aws[a-z-]*:ses:[a-z0-9-]+:\d{12}:identity/[^\s/]+$",
            deferred("Write the ARN of a verified identity in SES."),
            "arn:aws:ses:eu-central-1:123456789012:identity/shop.example.com",
        ),
    ] = Field(
        description="The ARN of the verified domain or address in SES. While SES is in its sandbox, "
        "only verified addresses get mails."
    )
    reply_to: (
        Annotated[str, written(rf"^{_ADDRESS}$", deferred("Write an address."), "help@shop.example.com")]
        | None
    ) = Field(None, description="The address for answers.")
    configuration_set: (
        Annotated[
            str,
            Field(max_length=64),
            written(r"^[A-Za-z0-9_-]+$", deferred("Use letters, digits, `_` and `-`."), "users"),
        ]
        | None
    ) = Field(None, description="The configuration set of SES for these mails.")

    @property
    def region(self) -> str:
        """The identity's region."""
        return self.identity.split(":")[3]

    @model_validator(mode="after")
    def _of_identity(self) -> Self:
        address = self.sender.rpartition("<")[2].rstrip(">")
        host, verified = address.partition("@")[2], self.identity.partition("/")[2]
        if verified not in {address, host} and not host.endswith(f".{verified}"):
            raise MistakeError(
                phrase(
                    "The identity {identity} may not send for {address}.", identity=verified, address=address
                ),
                phrase("Write a sender of {identity}, or the ARN of another identity.", identity=verified),
                at=("sender",),
            )
        return self


def _has(*signs: str) -> AfterValidator:
    def check(value: str) -> str:
        if missing := [sign for sign in signs if sign not in value]:
            raise MistakeError(
                phrase(
                    "Cognito refuses a text without {signs}.",
                    signs=phrase(" and ").join(f"`{sign}`" for sign in missing),
                ),
                phrase("Put it in: Cognito replaces it."),
            )
        return value

    return AfterValidator(check)


Subject = Annotated[
    str,
    written(
        r"^[^\r\n]{1,140}$", deferred("Use one line of at most 140 characters."), "Your code for the shop"
    ),
]


class Verification(Section):
    """The mail with a code, for a new address or a forgotten password."""

    subject: Subject = Field(description="The mail's subject.")
    body: Annotated[
        str, Field(min_length=6, max_length=20_000, examples=[f"Your code is {_CODE}."]), _has(_CODE)
    ] = Field(description=f"The mail's text, in HTML. `{_CODE}` becomes the code.")


class Invitation(Section):
    """The mail for a user that you created."""

    subject: Subject = Field(description="The mail's subject.")
    body: Annotated[
        str,
        Field(min_length=6, max_length=20_000, examples=[f"Sign in as {_USER} with {_CODE}."]),
        _has(_USER, _CODE),
    ] = Field(
        description=f"The mail's text, in HTML. `{_USER}` becomes the name, `{_CODE}` the first password."
    )


class Messages(Section):
    """The texts of the pool's mails."""

    verification: Verification | None = Field(None, description="The mail with a code.")
    invitation: Invitation | None = Field(None, description="The mail for a user that you created.")
