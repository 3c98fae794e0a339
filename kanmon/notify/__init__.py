"""The room of messages: a few words to people where they are, which never stop a release (CD-12)."""

from kanmon.notify.channels import Channel, Told, tell
from kanmon.notify.message import Kind, Message
from kanmon.notify.slack import SlackBot, SlackWebhook, slack_channel
from kanmon.notify.sns import Topic

__all__ = ["Channel", "Kind", "Message", "SlackBot", "SlackWebhook", "Told", "Topic", "slack_channel", "tell"]
