"""Output in the terminal: live progress, plans, history, errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kanmon.release.events import Event, EventKind
from kanmon.text import duration, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from kanmon.errors import KanmonError
    from kanmon.ledger.records import Head, Operation, Release
    from kanmon.release.plan import Plan, PlannedStack
    from kanmon.release.walk import Outcome

_COLOURS = {"+": "green", "~": "yellow", "±": "bold red", "-": "red"}
RESULT_COLOURS = {
    "stable": "green",
    "unchanged": "cyan",
    "aborted": "yellow",
    "rolled back": "magenta",
    "held": "red",
    "failed": "red",
}


def make_console(file: TextIO | None = None, *, stderr: bool = False) -> Console:
    """A console. If a machine reads the output, it has no colours and no cut lines."""
    console = Console(file=file, stderr=stderr, highlight=False, soft_wrap=True, emoji=False)
    if not console.is_terminal:
        console.width = 200
    return console


@dataclass
class Progress:
    """Prints the events of a run, one by one."""

    console: Console
    began: datetime
    verbose: bool = False

    def __call__(self, event: Event) -> None:
        """Print one event."""
        line = self._line(event)
        if line:
            self.console.print(f"[dim]{(event.at - self.began).total_seconds():7.1f}s[/]  {line}")

    def _line(self, event: Event) -> str:
        text = escape(event.text)
        facts = {key: escape(str(value)) for key, value in event.facts.items()}
        match event.kind:
            case EventKind.STEP:
                return f"[bold cyan]{facts['step']:<10}[/] {text}"
            case EventKind.STACK:
                return self._stack(event, facts)
            case EventKind.HOOK:
                return f"  hook [bold]{facts['hook']}[/]: {text}"
            case EventKind.CHECK:
                return self._check(event, facts)
            case EventKind.TRAFFIC:
                return f"  [bold magenta]→[/] {text}"
            case EventKind.FAILURE:
                return f"  [bold red]✗ {facts['code']}[/] {text}"
            case EventKind.NOTE:
                return f"  [dim]{text}[/]"
        return ""  # a preview's token is never printed

    def _check(self, event: Event, facts: dict[str, str]) -> str:
        mark = "[green]✓[/]" if event.facts["passed"] else "[red]✗[/]"
        result = f"{facts['check']} on {facts['release']} ({facts['target']}): {escape(event.text)}"
        return f"  {mark} {result} [dim]{facts['milliseconds']} ms, {facts['tries']} tries[/]"

    def _stack(self, event: Event, facts: dict[str, str]) -> str:
        done = facts["status"].endswith("_COMPLETE")
        failed = facts["status"].endswith("_FAILED")
        whole = event.facts["type"] == "AWS::CloudFormation::Stack"
        if not (self.verbose or failed or (whole and done)):
            return ""
        colour = "red" if failed or "ROLLBACK" in facts["status"] else "green" if done else "dim"
        reason = f" {escape(event.text)}" if failed else ""
        subject = facts["stack"] if whole else f"{facts['stack']} {facts['resource']}"
        return f"  [{colour}]{facts['status']}[/] {subject}{reason}"


def print_plan(console: Console, plan: Plan) -> None:
    """Show the changes in a plan."""
    if plan.unchanged:
        console.print(f"[bold]{plan.release}[/] is live already; there is nothing to change.")
        return
    base = f"after {plan.base}" if plan.base else "the first one"
    console.print(
        f"[bold]Plan for {plan.release}[/] ({base}), commit {plan.commit[:12]}, "
        f"into the [bold]{plan.slot}[/] slot"
    )
    for stack in plan.stacks:
        _print_stack(console, stack)
    if plan.web.files:
        pages = escape(", ".join(plan.web.changed[:8])) or "none"
        console.print(
            f"  web: {plan.web.files} files, {plan.web.assets} of them hashed assets; changed pages: {pages}"
        )
    for key, value in plan.web.served.items():
        console.print(f"  {key}: {'removed' if value is None else escape(value)}")
    console.print(f"  digest [dim]{plan.digest}[/]")


def _print_stack(console: Console, stack: PlannedStack) -> None:
    if not stack.touched:
        console.print(f"  [dim]{stack.name}: {stack.effect}[/]")
        return
    if stack.deferred:
        console.print(f"  [bold]{stack.name}[/]: {stack.effect}")
        return
    counts: dict[str, int] = {}
    for change in stack.changes:
        counts[change.sign] = counts.get(change.sign, 0) + 1
    totals = " ".join(f"[{_COLOURS[sign]}]{sign}{count}[/]" for sign, count in sorted(counts.items()))
    effect = f" [yellow]{stack.effect}[/]" if stack.effect else ""
    console.print(f"  [bold]{stack.name}[/]: {totals}{effect}")
    for change in stack.changes:
        flag = "  [bold yellow]permissions[/]" if change.touches_permissions else ""
        detail = f" ({', '.join(change.properties)})" if change.properties else ""
        console.print(
            f"    [{_COLOURS[change.sign]}]{change.sign}[/] {change.logical_id} "
            f"[dim]{change.type}[/]{detail}{flag}"
        )


def print_outcome(console: Console, outcome: Outcome) -> None:
    """Print how a run ended, in one line."""
    colour = RESULT_COLOURS[outcome.result.value]
    operation = outcome.operation
    texts = [f"[bold {colour}]{outcome.release}: {outcome.result.value}[/]"]
    if operation and operation.seconds is not None:
        texts.append(f"in {duration(operation.seconds)}")
    if operation and operation.rollback_seconds is not None:
        calls = f"{operation.traffic_calls} AWS calls"
        texts.append(f"— users were back after {duration(operation.rollback_seconds)} and {calls}")
    console.print(" ".join(texts))
    for kept in operation.kept if operation else ():
        console.print(f"  [yellow]{kept.stack}[/] could not be restored: {escape(kept.reason)}")


def print_error(console: Console, error: KanmonError) -> None:
    """Print an error as one message."""
    where = f" [dim]({escape(error.where)})[/]" if error.where else ""
    console.print(f"[bold red]{error.code.id}[/] {escape(error.message)}{where} [bold]{escape(error.fix)}[/]")


def print_status(
    console: Console, head: Head, live: Release | None, target: Release | None, operation: Operation | None
) -> None:
    """Show the environment's present state.

    `target` is the release for `kanmon rollback`, `operation` the open one.
    """
    console.print(
        f"live      [bold]{head.live or 'nothing'}[/]" + (f" (commit {live.commit[:12]})" if live else "")
    )
    console.print(f"slot      {head.pointer.slot.value}")
    for slot, release in sorted(head.slots.items()):
        console.print(f"  {slot.value:<7} {release}")
    console.print(f"rollback  {f'to {target.id}' if target else 'to nothing: no stable release before it'}")
    if head.freeze:
        console.print(
            f"[yellow]frozen[/]    since {head.freeze.since:%Y-%m-%d %H:%M} UTC: {escape(head.freeze.reason)}"
        )
    if operation and operation.held:
        decision = "kanmon recover --keep or --undo, or kanmon rollback"
        at = escape(operation.steps[-2].note) if len(operation.steps) > 1 else ""
        console.print(f"[red]held[/]      operation {operation.number} waits for a decision: {decision}")
        console.print(f"          it holds {operation.release} at its step: {at}")
    elif operation:
        note = f": {escape(operation.steps[-1].note)}" if operation.steps else ""
        subject = f"operation {operation.number}, {operation.kind} of {operation.release}"
        console.print(f"[yellow]open[/]      {subject}, {operation.step}{note}")
    if head.lease:
        holder, until = escape(head.lease.holder), f"{head.lease.expires:%H:%M:%S} UTC"
        console.print(f"[yellow]lease[/]     held by {holder} until {until}")


def _why(operation: Operation) -> str:
    """The cause of an operation's end: a person's decision first."""
    decided = [
        f"{one.approval.by}: {one.kind}{one.reason and f', {one.reason}'}" for one in operation.decisions
    ]
    failed = [operation.failure.message] if operation.failure else []
    return "; ".join(decided + failed) or operation.reason


def print_history(console: Console, operations: list[Operation], releases: dict[str, Release]) -> None:
    """Show all operations, newest first: time, commit, actor, approval and result of each (CD-11)."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in (
        "#",
        "when (UTC)",
        "what",
        "release",
        "commit",
        "from",
        "by",
        "approved by",
        "result",
        "took",
        "why",
    ):
        table.add_column(title, justify="right" if title in {"#", "took"} else "left")
    for operation in reversed(operations):
        release = releases.get(operation.release)
        took = "" if operation.seconds is None else duration(operation.seconds)
        why = _why(operation)
        table.add_row(
            str(operation.number),
            f"{operation.began:%Y-%m-%d %H:%M:%S}",
            operation.kind,
            operation.release,
            release.commit[:8] if release else "",
            operation.base or "",
            escape(operation.actor),
            escape(operation.approval.by) if operation.approval else "",
            f"[{RESULT_COLOURS.get(operation.ending, 'white')}]{operation.ending}[/]",
            took,
            escape(one_line(why, 80)),
        )
    console.print(table)
