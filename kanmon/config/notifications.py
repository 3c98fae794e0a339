"""The receivers of messages about releases and alarms."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.costs import Email
from kanmon.config.section import MistakeError, Section, written
from kanmon.language import deferred, phrase

# A name or an ARN: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
SecretName = Annotated[
    str,
    written(
        r"^(arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:)?[A-Za-z0-9/_+=.@-]{1,512}$",
        deferred("Use the name or the ARN of a secret in Secrets Manager. Never put the secret itself here."),
        "shop/slack",
    ),
]


ChannelName = Literal["slack"]
"""A chat channel: the name of a module in `kanmon/notify/channels`."""


class Notifications(Section):
    """The receivers of messages about releases and alarms."""

    emails: tuple[Email, ...] = Field(
        (),
        max_length=50,
        examples=[["team@example.com"]],
        description="The e-mail addresses for alarms. AWS sends each a link to confirm; until then it gets "
        "no alarm. `kanmon status` shows who has not confirmed. For messages about releases, subscribe to "
        "the topic of `sns`.",
    )
    sns: bool = Field(
        True,
        description="`true`: every message also goes to an SNS topic of the app. Subscribe your e-mail or "
        "another system to it.",
    )
    channels: dict[ChannelName, SecretName] = Field(
        default_factory=dict,
        description="The chat channels, each with the name or ARN of its secret in Secrets Manager: `{slack: "
        "shop/slack}`. You create the secret yourself. For `slack` it holds the URL of a webhook, or JSON "
        "with `token` and `channel` for messages in threads.",
    )

    @model_validator(mode="after")
    def _different(self) -> Self:
        for index, email in enumerate(self.emails):
            if email.lower() in map(str.lower, self.emails[:index]):
                problem = phrase("The address {email} is there twice.", email=email)
                raise MistakeError(problem, phrase("Remove one of them."), at=("emails", index))
        return self
