"""An SNS topic. People subscribe by e-mail; machines can filter by the kind of message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.language import phrase
from kanmon.text import inert, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from kanmon.notify.message import Message

_SUBJECT = 100


@dataclass(frozen=True)
class Topic:
    """A topic. Its messages carry the attributes `kind`, `app`, `environment` and `release`."""

    sns: SNSClient
    arn: str

    def send(self, message: Message, thread: str) -> str:
        """Publish a message; the given thread, since a topic has none. Raises AWS's errors as KanmonError."""
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value}
            for name, value in (
                ("kind", message.kind.value),
                ("app", message.app),
                ("environment", message.environment),
                ("release", message.release),
            )
            if value
        }
        with aws_errors(phrase("publishing to {topic}", topic=self.arn)):
            self.sns.publish(
                TopicArn=self.arn,
                Subject=_subject(message),
                Message=_body(message),
                MessageAttributes=attributes,
            )
        return thread

    def unconfirmed(self, addresses: Iterable[str]) -> list[str]:
        """The e-mail addresses without a confirmed subscription. Raises AWS's errors as KanmonError.

        SNS deletes a subscription that nobody confirms within two days.
        https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
        """
        with aws_errors(phrase("reading the subscriptions of {topic}", topic=self.arn)):
            pages = self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self.arn)
            found = [one for page in pages for one in page["Subscriptions"]]
        confirmed = {one["Endpoint"] for one in found if one["SubscriptionArn"].startswith("arn:")}
        return [address for address in addresses if address not in confirmed]


def _subject(message: Message) -> str:
    """The subject: one line without control characters, up to 100 characters.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in message.headline)
    return one_line(f"Kanmon: {printable}", _SUBJECT).replace("…", ".")


def _body(message: Message) -> str:
    """The mail. Each text is one line without a link: a mail program makes links of all addresses."""
    lines = [inert(message.headline), "", *map(inert, message.paragraphs)]
    lines += [""] if message.paragraphs else []
    lines += [f"{name}: {inert(value)}" for name, value in message.facts]
    lines += ["", *(f"{label}: {address}" for label, address in message.buttons)] if message.buttons else []
    return "\n".join(lines)
