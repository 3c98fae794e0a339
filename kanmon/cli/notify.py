"""Puts the channels behind `kanmon notify`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws import explained
from kanmon.cli.wiring import actor, app_url
from kanmon.errors import Code, KanmonError
from kanmon.github import current_run
from kanmon.notify import Topic, slack_channel, tell
from kanmon.release.plan import read_plan
from kanmon.release.rollback import rollback_target
from kanmon.report.messages import Errand, Messenger
from kanmon.report.workflow import current_step

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from kanmon.cli.wiring import Account
    from kanmon.config import Config
    from kanmon.ledger import Attempt, Ledger
    from kanmon.notify import Channel, Message


@dataclass(frozen=True)
class News:
    """A message, and the release whose thread it belongs to."""

    message: Message
    thread_of: str


def notify(arguments: argparse.Namespace, account: Account) -> list[KanmonError]:
    """Tell people what `--event` says; who could not be told."""
    config, world = account.config, account.world()
    news = _news(arguments, config, world.ledger, app_url(config, world))
    if news is None:
        return []
    warnings: list[KanmonError] = []
    channels = list(_channels(account, config, warnings))
    release = world.ledger.release(news.thread_of) if news.thread_of else None
    told = tell(channels, news.message, release.thread if release else "")
    if release and told.thread != release.thread:
        world.ledger.amend_release(release.id, thread=told.thread)
    return [*warnings, *told.warnings]


def _news(arguments: argparse.Namespace, config: Config, ledger: Ledger, url: str) -> News | None:
    run = current_run()
    messenger = Messenger(config, actor(), run.url if run else "", url)
    if arguments.event == "ended":
        attempt = _attempt(ledger, messenger.page)
        if attempt:
            return News(messenger.ended(attempt), _taken_back(attempt) or attempt.release)
        return News(messenger.refused(arguments.cause), "") if arguments.cause else None
    errand, thread_of = _errand(arguments, ledger)
    message = messenger.waiting(errand) if arguments.event == "waiting" else messenger.started(errand)
    return News(message, thread_of)


def _errand(arguments: argparse.Namespace, ledger: Ledger) -> tuple[Errand, str]:
    """What is to be done, and in whose thread: a rollback speaks in that of the release it takes back."""
    if arguments.plan:
        plan = read_plan(arguments.plan)
        return Errand.deploy(plan), plan.release
    live = ledger.head().live
    target = rollback_target(ledger, arguments.release or None)
    return Errand.rollback(target, live, arguments.reason), live or target.id


def _attempt(ledger: Ledger, page: str) -> Attempt | None:
    """The attempt of this run, if it came to one."""
    newest = ledger.attempt(ledger.head().attempts)
    return newest if newest and newest.run == page else None


def _taken_back(attempt: Attempt) -> str | None:
    return attempt.base if attempt.kind == "rollback" else None


def _channels(account: Account, config: Config, warnings: list[KanmonError]) -> Iterator[Channel]:
    """The channels that the config names; those that can't be had are warned of."""
    if config.notifications.sns:
        try:
            yield Topic(account.aws.sns, account.topic)
        except KanmonError as error:
            warnings.append(error)
    if config.notifications.slack_secret:
        try:
            yield slack_channel(_secret(account, config.notifications.slack_secret))
        except KanmonError as error:
            warnings.append(error)


def _secret(account: Account, name: str) -> str:
    with explained(f"reading the secret {name}"):
        secret = account.aws.secrets.get_secret_value(SecretId=name).get("SecretString", "")
    if not secret:
        raise KanmonError(Code.NOTIFY_FAILED, f"The secret {name} holds no text.")
    if step := current_step():
        step.runner.mask(secret)
    return secret
