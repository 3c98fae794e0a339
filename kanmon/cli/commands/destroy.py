"""`kanmon destroy`: removes an environment from its account, with an administrator's credentials (AWS-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.approval.prompt import no_terminal
from kanmon.cli.command import Command, flag
from kanmon.codes import Code
from kanmon.config.substitution import own_stacks
from kanmon.errors import ExitStatus, KanmonError
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from kanmon.cli.context import Context
    from kanmon.release.destroy import Extent, Inventory


@dataclass(frozen=True)
class DestroyOptions:
    """How much to remove, and whether to ask."""

    data: bool = flag(
        deferred(
            "delete the data, too: database (its last snapshot stays), users, secrets, queues, files, logs, "
            "history. Without it, data stays"
        ),
        terminal_only=True,
    )
    bootstrap: bool = flag(
        deferred("with `--data`: remove the bootstrap stack, too, when no other environment is left"),
        terminal_only=True,
    )
    yes: bool = flag(deferred("remove without a question"), terminal_only=True)


def run(options: DestroyOptions, context: Context) -> ExitStatus:
    """Show what goes and what stays, ask, remove. You can repeat it until nothing is left."""
    from kanmon.cli.wiring import removers_of
    from kanmon.release.destroy import Extent, destroy, refuse_removal, take_inventory

    config, account = context.config, context.account
    removers = removers_of(account)
    extent = Extent(
        config.app,
        config.environment,
        account.aws.account,
        config.region,
        stacks=own_stacks(config),
        data=options.data,
        bootstrap=options.bootstrap,
    )
    refuse_removal(removers, extent)
    inventory = take_inventory(removers, extent)
    if inventory.empty:
        context.print(phrase("There is nothing of {prefix} to remove.", prefix=extent.prefix))
        _show_kept(context, inventory)
        return ExitStatus.OK
    _show(context, inventory)
    if extent.history:
        context.print(f"- {extent.history}")
    if not options.yes:
        _confirm(context, extent)
    try:
        left = destroy(removers, extent, context.print)
    except KanmonError as error:
        if error.code is not Code.NOT_REMOVED:
            raise
        context.show_error(error)
        return ExitStatus.FAILED
    context.console.print(deferred("[green]{prefix} is removed.[/]"), prefix=extent.prefix)
    _show_kept(context, left)
    return ExitStatus.OK


def _show(context: Context, inventory: Inventory) -> None:
    for stack in inventory.removed:
        context.print(phrase("- {name}: the stack, {status}", name=stack.name, status=stack.status))
    for resource in inventory.lost:
        text = deferred("- {resource}: with its data")
        if resource.type == "AWS::RDS::DBCluster":
            text = deferred("- {resource}: with its data; its last snapshot stays")
        context.print(phrase(text, resource=resource))
    _show_kept(context, inventory)


def _show_kept(context: Context, inventory: Inventory) -> None:
    for stack in inventory.staying:
        context.print(phrase("  {name} stays, because of its data. `--data` removes it.", name=stack.name))
    for resource in inventory.kept:
        context.print(phrase("  {resource} stays.", resource=resource))


def _confirm(context: Context, extent: Extent) -> None:
    """Ask for the environment's name. Raises NOT_APPROVED."""
    from kanmon.cli.approvals import asker

    ask = asker(context.console)
    if ask is None:
        raise no_terminal()
    question = phrase("Type {environment} to remove it: ", environment=extent.environment)
    if ask(question).strip() != extent.environment:
        problem = phrase("You did not type the environment's name. Nothing was changed.")
        raise KanmonError(
            Code.NOT_APPROVED, problem, fix=phrase("Run `kanmon destroy` again if you mean it.")
        )


COMMAND = Command(
    "destroy",
    deferred("Remove an environment from its AWS account, with the credentials of an administrator."),
    run,
    DestroyOptions,
    aws=True,
    action=False,
    about="[First deploy and removal](../remove.md#remove-everything) has the order. It shows "
    "everything and asks first.",
    failed="something could not be removed. The message names it; run the command again",
    examples={
        "kanmon destroy": deferred("remove the stacks, keep the data"),
        "kanmon destroy --data --bootstrap": deferred("remove everything"),
    },
)
