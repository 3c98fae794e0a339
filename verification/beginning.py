"""What must hold before a run begins, and what a person agrees to."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kanmon import __version__
from kanmon.approval.prompt import YES

from . import removal
from .account import AccountError
from .costs import estimate
from .findings import State
from .sample import NAME, PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from .account import Account

COMMAND = "scripts/verify-aws"
LAST = "nothing left"
"""The step that ends a run."""


def known_state(folder: Path, account: Account, *, again: bool) -> State | None:
    """The state of the run in this folder; none to begin anew. Raises AccountError."""
    state = State.read(folder / "state.json")
    if state is None:
        return None
    if (state.account, state.region) != (account.number, account.region):
        raise AccountError(
            f"{folder} has a run of another account or region ({state.region}). Sign in there, or name "
            f"another folder: {COMMAND} FOLDER"
        )
    if again and LAST not in state.done:
        raise AccountError(
            f"The run in {folder} has not ended. Go on without --again, or use --destroy first."
        )
    return None if again else state


def refuse_foreign(account: Account, *, destroy: bool) -> None:
    """Refuse an account with the app of a run that this folder does not know. Raises AccountError."""
    left = sorted(set(removal.left_of(account)))
    if left and not destroy:
        raise AccountError(
            f"The account has {len(left)} things of another run: {', '.join(left[:5])}. Go on in the folder "
            f"of that run, or remove them: {COMMAND} --destroy"
        )
    if destroy and not left:
        raise AccountError(f"There is nothing of {NAME} to remove.")


def new_state(folder: Path, account: Account) -> State:
    """A new run in this folder, without the files of an ended one."""
    for log in folder.glob("viewer*"):
        log.unlink()
    shutil.rmtree(folder / "app", ignore_errors=True)
    return State(
        account=account.number,
        region=account.region,
        kanmon=__version__,
        began=datetime.now(UTC),
        own_provider=not account.has_provider,
    )


def announce(console: Console, account: Account, state: State, steps: int, *, destroy: bool) -> None:
    """Show where, what, how long and for how much."""
    console.print(f"account [bold]{account.number}[/], region [bold]{account.region}[/]")
    console.print(f"as {account.caller}", markup=False)
    if destroy:
        console.print(f"Everything with the name {NAME} is removed, with its data.")
        return
    console.print(
        f"{len(state.done)} of {steps} steps are done. The run makes the app [bold]{PREFIX}[/]: "
        "network, Aurora, Lambda, API Gateway, CloudFront, roles, keys, an audit trail. It removes all of it."
    )
    for line in estimate():
        console.print(line)


def confirm(console: Console, *, yes: bool) -> None:
    """Ask. Raises AccountError."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise AccountError("There is no terminal for the question. Add --yes, if you agree to this.")
    with suppress(EOFError):
        if console.input("Begin? \\[y/N] ").strip().lower() in YES:
            return
    raise AccountError("You did not agree. Nothing was changed.")
