"""`kanmon notify`: sends SNS and the chat channels a message about a release (CD-12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.cli.command import Command, given_reason, optional_path, text
from kanmon.cli.wiring import app_url
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.github.workflow_run import actor, current_run
from kanmon.language import deferred, phrase
from kanmon.model import OperationKind
from kanmon.notify.channels import channel_module
from kanmon.notify.delivery import deliver
from kanmon.notify.sns import Topic
from kanmon.notify.words import Task, Writer
from kanmon.release.plan import read_plan
from kanmon.release.rollback import rollback_target
from kanmon.report.figures import plan_figures
from kanmon.text import short_commit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanmon.cli.context import Context
    from kanmon.ledger.ledger import Ledger
    from kanmon.ledger.records import Operation
    from kanmon.notify.channels import Channel
    from kanmon.notify.message import Message


@dataclass(frozen=True)
class NotifyOptions:
    """The subject of the message."""

    event: str = text(
        deferred("the event to report"), "EVENT", choices=("waiting", "started", "ended"), default="ended"
    )
    plan: Path | None = optional_path(
        deferred("for waiting and started: the plan file; leave it out for a rollback"), "FILE"
    )
    release: str = text(
        deferred("for a rollback: the release to return to (default: the last stable one)"), "RELEASE"
    )
    reason: str = given_reason()
    cause: str = text(
        deferred("the reason, if the run stopped before the release began, for example 'tests failed'"),
        "TEXT",
    )


def run(options: NotifyOptions, context: Context) -> ExitStatus:
    """Send the message. No release depends on it: a failure is a warning, and the command succeeds."""
    try:
        context.warn(_notify(options, context))
    except KanmonError as error:
        context.warn([error])
    return ExitStatus.OK


def _notify(options: NotifyOptions, context: Context) -> list[KanmonError]:
    config, services = context.config, context.services
    page = workflow.url if (workflow := current_run()) else ""
    writer = Writer(config.app, config.environment, actor(), page, app_url(config, services))
    chosen = _message(options, writer, services.ledger)
    if chosen is None:
        return []
    message, release_id = chosen
    warnings: list[KanmonError] = []
    channels = dict(_channels(context, warnings))
    threads = services.ledger.threads(release_id) if release_id else {}
    delivery = deliver(channels, message, threads, services.clock)
    if release_id and delivery.threads != threads:
        services.ledger.write_threads(release_id, delivery.threads)
    return [*warnings, *delivery.warnings]


def _message(options: NotifyOptions, writer: Writer, ledger: Ledger) -> tuple[Message, str] | None:
    """The message, and the release for its thread. None when there is nothing to report."""
    if options.event == "ended":
        operation = _operation(ledger, writer.page)
        if operation:
            return writer.ended(operation), _thread_release(operation)
        return (writer.refused(options.cause), "") if options.cause else None
    task, release_id = _task(options, ledger)
    return (writer.waiting(task) if options.event == "waiting" else writer.started(task)), release_id


def _task(options: NotifyOptions, ledger: Ledger) -> tuple[Task, str]:
    """The task to report. A rollback's message goes into the thread of the rolled-back release."""
    if options.plan:
        plan = read_plan(options.plan)
        return Task(OperationKind.DEPLOY, plan.release, plan_figures(plan)), plan.release
    live = ledger.head().live
    target = rollback_target(ledger, options.release or None)
    to = phrase("{release}, commit {commit}", release=target.id, commit=short_commit(target.commit))
    facts = [(phrase("from"), live or phrase("nothing")), (phrase("to"), to)]
    facts += [(phrase("reason"), options.reason)] if options.reason else []
    return Task(OperationKind.ROLLBACK, target.id, tuple(facts)), live or target.id


def _operation(ledger: Ledger, page: str) -> Operation | None:
    """The operation of this run, if it began one."""
    newest = ledger.operation(ledger.head().operations)
    return newest if newest and newest.run == page else None


def _thread_release(operation: Operation) -> str:
    return (operation.base if operation.kind is OperationKind.ROLLBACK else None) or operation.release


def _channels(context: Context, warnings: list[KanmonError]) -> Iterator[tuple[str, Channel]]:
    """The topic and the chat channels of the config, by name. An error while opening one is a warning."""
    notifications = context.config.notifications
    if notifications.sns:
        try:
            yield "sns", Topic(context.account.aws.sns, context.account.topic)
        except KanmonError as error:
            warnings.append(error)
    for name, secret in notifications.channels.items():
        try:
            yield name, channel_module(name).open_channel(_secret(context, secret))
        except KanmonError as error:
            warnings.append(error)


def _secret(context: Context, name: str) -> str:
    with aws_errors(phrase("reading the secret {name}", name=name)):
        secret = context.account.aws.secrets.get_secret_value(SecretId=name).get("SecretString", "")
    if not secret:
        raise KanmonError(Code.NOTIFY_FAILED, phrase("The secret {name} holds no text.", name=name))
    if context.step:
        context.step.runner.mask(secret)
    return secret


COMMAND = Command(
    "notify",
    deferred("Send the topic and the chat channels a message about a release."),
    run,
    NotifyOptions,
    examples={
        "kanmon notify --event ended": deferred("send the end of the last operation"),
    },
)
