"""`kanmon status`: shows the live release, and any lease, freeze or hold of the environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from kanmon.cli.command import Command, FormatOptions
from kanmon.errors import ExitStatus
from kanmon.language import deferred

if TYPE_CHECKING:
    from kanmon.cli.context import Context


def run(options: FormatOptions, context: Context) -> ExitStatus:
    """Show the ledger's head, and where people look."""
    from kanmon.cli.wiring import app_url
    from kanmon.release.outputs import read_addresses
    from kanmon.release.rollback import present_targets
    from kanmon.report.terminal import print_addresses, print_status, print_unconfirmed

    services = context.services
    ledger = services.ledger
    head = ledger.head()
    operation = ledger.open_operation(head)
    addresses = read_addresses(services, context.config, app_url(context.config, services))
    if options.json:
        held = bool(operation and operation.held)
        more = {"held": held, "unconfirmed_emails": _unconfirmed(context)}
        context.print_json(head.model_dump(mode="json") | more | asdict(addresses))
    else:
        live = ledger.release(head.live) if head.live else None
        targets, now = present_targets(ledger), services.clock.now()
        context.console.print(deferred("in        {environment}"), environment=context.config.environment)
        print_status(context.console, head, live, targets, operation, now=now, environment=context.hinted)
        print_addresses(context.console, addresses)
        for address in _unconfirmed(context):
            print_unconfirmed(context.console, address)
    return ExitStatus.OK


def _unconfirmed(context: Context) -> list[str]:
    """The e-mail addresses of the config that get no alarms yet."""
    from kanmon.model import Slot
    from kanmon.naming import OBSERVABILITY, Output, stack_name
    from kanmon.notify.sns import Topic

    config = context.config
    name = stack_name(config.prefix, OBSERVABILITY, Slot.NONE)
    stack = context.services.stacks.find(name) if config.notifications.emails else None
    if not stack:
        return []
    return Topic(context.aws.sns, stack.outputs[Output.TOPIC]).unconfirmed(config.notifications.emails)


COMMAND = Command(
    "status",
    deferred("Show the live release. Show if a run is active, or if the environment is frozen or held."),
    run,
    FormatOptions,
    aws=True,
    action=False,
    about="It shows both slots, the lease, the freeze, the app's address and its dashboard, too.",
    examples={
        "kanmon status": deferred("what are users on?"),
        "kanmon status --json | jq -r .live": deferred("the live release, for a script"),
    },
)
