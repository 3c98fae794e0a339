"""An SNS topic, to which people subscribe by e-mail, and machines by the kind of message they want."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws import explained
from kanmon.notify.message import Message, cut

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

_SUBJECT = 100


@dataclass(frozen=True)
class Topic:
    """A topic. Its messages carry the attributes `kind`, `app`, `environment` and `release`."""

    sns: SNSClient
    arn: str

    def send(self, message: Message, thread: str) -> str:
        """Publish a message; the thread as it was: a topic has none. Raises what AWS's errors become."""
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
        with explained(f"publishing to {self.arn}"):
            self.sns.publish(
                TopicArn=self.arn,
                Subject=_subject(message),
                Message=_body(message),
                MessageAttributes=attributes,
            )
        return thread


def _subject(message: Message) -> str:
    """ASCII, one line, up to 100 characters, the first of them a letter or a digit.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """
    known = message.headline.encode("ascii", "replace").decode()
    printable = "".join(letter if letter.isprintable() else " " for letter in known)
    return cut(" ".join(f"Kanmon: {printable}".split()), _SUBJECT).replace("…", ".")


def _body(message: Message) -> str:
    lines = [message.headline, ""]
    lines += [f"{name}: {value}" for name, value in message.facts]
    lines += ["", message.cause] if message.cause else []
    lines += ["", *(f"{words}: {address}" for words, address in message.links)] if message.links else []
    return "\n".join(lines)
