"""Output in the terminal: live progress, plans, history, errors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.errors import for_environment
from kanmon.language import deferred, phrase
from kanmon.release.events import Event, EventKind
from kanmon.release.step_words import shown_step
from kanmon.report.console import block, joined, markup, styled
from kanmon.stacks.statements import wrapped
from kanmon.text import counted, duration, one_line, short_commit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rich.text import Text

    from kanmon.errors import KanmonError
    from kanmon.ledger.records import Head, Operation, Release
    from kanmon.release.outputs import Addresses
    from kanmon.release.plan import Plan, PlannedStack
    from kanmon.release.rollback import Targets
    from kanmon.release.walk import Outcome
    from kanmon.report.console import Screen
    from kanmon.stacks.changes import Change

LONGEST_CAUSE = 300
_COLUMNS = 79
"""The width of permissions: a narrow terminal breaks no line of them."""
_COLOURS = {"+": "green", "~": "yellow", "±": "bold red", "-": "red"}
RESULT_COLOURS = {
    "stable": "green",
    "unchanged": "cyan",
    "aborted": "yellow",
    "rolled back": "magenta",
    "held": "red",
    "failed": "red",
}


@dataclass
class Progress:
    """Prints the events of a run, one by one."""

    console: Screen
    began: datetime
    verbose: bool = False

    def __call__(self, event: Event) -> None:
        """Print one event."""
        line = self._line(event)
        if line:
            seconds = (event.at - self.began).total_seconds()
            self.console.print("[dim]{seconds:>7}s[/]  {line}", seconds=f"{seconds:.1f}", line=line)

    def _line(self, event: Event) -> Text | None:
        match event.kind:
            case EventKind.STEP:
                return markup("[bold cyan]{step:<10}[/] {text}", step=event.facts["step"], text=event.text)
            case EventKind.STACK:
                return self._stack(event)
            case EventKind.HOOK:
                return markup(
                    deferred("  hook [bold]{hook}[/]: {text}"), hook=event.facts["hook"], text=event.text
                )
            case EventKind.CHECK:
                return self._check(event)
            case EventKind.TRAFFIC:
                return markup("  [bold magenta]→[/] {text}", text=event.text)
            case EventKind.FAILURE:
                return markup("  [bold red]✗ {code}[/] {text}", code=event.facts["code"], text=event.text)
            case EventKind.NOTE:
                return markup("  [dim]{text}[/]", text=event.text)
        return None  # a preview's token is never printed

    def _check(self, event: Event) -> Text:
        mark = styled("✓", "green") if event.facts["passed"] else styled("✗", "red")
        return markup(
            deferred(
                "  {mark} {check} on {release} ({target}): {text} [dim]{milliseconds} ms, {tries} tries[/]"
            ),
            mark=mark,
            target=phrase(str(event.facts["target"])),
            text=event.text,
            **{key: value for key, value in event.facts.items() if key not in {"passed", "target"}},
        )

    def _stack(self, event: Event) -> Text | None:
        facts, status = event.facts, str(event.facts["status"])
        done = status.endswith("_COMPLETE")
        failed = status.endswith("_FAILED")
        whole = facts["type"] == "AWS::CloudFormation::Stack"
        if not (self.verbose or failed or (whole and done)):
            return None
        colour = "red" if failed or "ROLLBACK" in status else "green" if done else "dim"
        reason = f" {event.text}" if failed else ""
        subject = facts["stack"] if whole else f"{facts['stack']} {facts['resource']}"
        return markup("  {status} {subject}", status=styled(status, colour), subject=f"{subject}{reason}")


def print_plan(console: Screen, plan: Plan) -> None:
    """Show the changes in a plan."""
    if plan.unchanged:
        console.print(
            deferred("[bold]{release}[/] is live already; there is nothing to change."), release=plan.release
        )
        return
    console.print(
        deferred(
            "[bold]Plan for {release} in {environment}[/] ({base}), commit {commit}, "
            "into the [bold]{slot}[/] slot"
        ),
        release=plan.release,
        environment=plan.environment,
        base=phrase("after {base}", base=plan.base) if plan.base else phrase("the first one"),
        commit=short_commit(plan.commit),
        slot=plan.slot,
    )
    for stack in plan.stacks:
        _print_stack(console, stack)
    if plan.web.files:
        console.print(
            deferred("  web: {files}, {assets} of them hashed assets; changed pages: {pages}"),
            files=counted(plan.web.files, "file"),
            assets=plan.web.assets,
            pages=", ".join(plan.web.changed[:8]) or phrase("none"),
        )
    for key, value in plan.web.served.items():
        console.print("  {key}: {value}", key=key, value=phrase("removed") if value is None else value)
    for line in plan.user_triggers:
        console.print(deferred("  the user pool calls its functions once it is live: {line}"), line=line)
    for line in plan.existing:
        console.print(deferred("  existing {line}"), line=line)
    _print_proofs(console, plan)
    console.print(
        deferred("  bundle [dim]{bundle}[/], config [dim]{config}[/]"), bundle=plan.bundle, config=plan.config
    )
    console.print(deferred("  digest [dim]{digest}[/]"), digest=plan.digest)


def _print_proofs(console: Screen, plan: Plan) -> None:
    """What checks it, where it was stable, and what its config changes."""
    if plan.secrets:
        console.print(deferred("  the checks read the secrets {names}"), names=", ".join(plan.secrets))
    if plan.verify:
        console.print(
            deferred("  your own tests run before any user gets it, in {image}: {commands}"),
            image=plan.verify.image,
            commands=", ".join(plan.verify.commands),
        )
    if plan.required:
        console.print(deferred("  the bundle was stable as {required}"), required=plan.required)
    if plan.config_changes:
        console.print(
            deferred("  config: {keys} changed"),
            keys=one_line(", ".join(plan.config_changes), LONGEST_CAUSE),
        )


def _print_stack(console: Screen, stack: PlannedStack) -> None:
    if not stack.touched:
        console.print("  [dim]{name}: {effect}[/]", name=stack.name, effect=stack.effect)
        return
    counts = Counter(change.sign for change in stack.changes)
    console.print(
        "  [bold]{name}[/]: {totals}{effect}",
        name=stack.name,
        totals=joined(
            " ", (styled(f"{sign}{count}", _COLOURS[sign]) for sign, count in sorted(counts.items()))
        ),
        effect=markup(" [yellow]{effect}[/]", effect=stack.effect) if stack.effect else "",
    )
    for change in stack.changes:
        print_change(console, change, stack.permissions.get(change.logical_id, ()), indent="    ")
    shown = {change.logical_id for change in stack.changes}
    for logical_id in sorted(stack.permissions.keys() - shown):
        console.print("      {id}", id=logical_id)
        _print_permissions(console, stack.permissions[logical_id], "        ")


def print_change(console: Screen, change: Change, permissions: Iterable[str], indent: str = "") -> None:
    """Show the change of a resource, and the lines of its permissions below it."""
    console.print(
        "{indent}{sign} {id} [dim]{type}[/]{detail}{flag}",
        indent=block(indent),
        sign=styled(change.sign, _COLOURS[change.sign]),
        id=change.logical_id,
        type=change.type,
        detail=markup(" ({names})", names=", ".join(change.shown)) if change.shown else "",
        flag=markup(deferred("  [bold yellow]permissions[/]")) if change.touches_permissions else "",
    )
    _print_permissions(console, permissions, f"{indent}    ")


def _print_permissions(console: Screen, lines: Iterable[str], indent: str) -> None:
    for line in lines:
        for part in wrapped(line, _COLUMNS - len(indent)):
            console.line(f"{indent}{part}")


def print_outcome(console: Screen, outcome: Outcome, environment: str = "") -> None:
    """Print how a run ended, in one line. `environment` is the one that commands in hints have to name."""
    operation = outcome.operation
    ending = styled(
        f"{outcome.release}: {phrase(outcome.result)}", f"bold {RESULT_COLOURS[outcome.result.value]}"
    )
    texts: list[object] = [ending]
    if operation and operation.seconds is not None:
        texts.append(phrase("in {duration}", duration=duration(operation.seconds)))
    if operation and operation.rollback_seconds is not None:
        texts.append(
            phrase(
                "— users were back after {duration} and {calls}",
                duration=duration(operation.rollback_seconds),
                calls=counted(operation.traffic_calls, "AWS call"),
            )
        )
    console.print("{line}", line=joined(" ", texts))
    if outcome.frozen:
        console.print(
            deferred("  [yellow]The environment is frozen.[/] Fix the cause, then run [bold]{command}[/]."),
            command=for_environment(phrase('kanmon deploy --lift-freeze "the fix"'), environment),
        )
    for kept in operation.kept if operation else ():
        console.print(
            deferred("  [yellow]{stack}[/] could not be restored: {reason}"),
            stack=kept.stack,
            reason=kept.reason,
        )


def print_error(console: Screen, error: KanmonError) -> None:
    """Print an error as one message."""
    message, fix = block(error.message), markup("[bold]{fix}[/]", fix=error.fix)
    place = [markup("[dim]({where})[/]", where=error.where)] if error.where else []
    gap = "" if message.plain.endswith("。") else " "
    console.print(
        "[bold red]{code}[/] {message}",
        code=error.code.id,
        message=joined("\n  " if "\n" in message.plain else gap, [message, joined(" ", [*place, fix])]),
    )


def print_status(
    console: Screen,
    head: Head,
    live: Release | None,
    targets: Targets,
    operation: Operation | None,
    *,
    now: datetime,
    environment: str = "",
) -> None:
    """Show the environment's state at the time `now`.

    `targets` are those of `kanmon rollback`, `operation` is the open one, and `environment` the one that
    commands in hints have to name.
    """
    commit = markup(deferred(" (commit {commit})"), commit=short_commit(live.commit)) if live else ""
    console.print(
        deferred("live      [bold]{live}[/]{commit}"), live=head.live or phrase("nothing"), commit=commit
    )
    console.print(deferred("slot      {slot}"), slot=phrase(head.pointer.slot))
    for slot, release in sorted(head.slots.items()):
        console.print("  {slot:<7} {release}", slot=slot.value, release=release)
    console.print(deferred("rollback  {to}"), to=_way_back(targets))
    if head.freeze:
        console.print(
            deferred("[yellow]frozen[/]    since {since} UTC: {reason}"),
            since=f"{head.freeze.since:%Y-%m-%d %H:%M}",
            reason=head.freeze.cause,
        )
    if head.destroyed and not head.live:
        console.print(
            deferred("[yellow]removed[/]   by {by}, since {began} UTC{end}"),
            by=head.destroyed.by,
            began=f"{head.destroyed.began:%Y-%m-%d %H:%M}",
            end=""
            if head.destroyed.ended
            else for_environment(phrase("; it did not end: run `kanmon destroy` again"), environment),
        )
    if operation:
        is_leased = bool(head.lease and head.lease.expires > now)
        _print_open(console, operation, environment, is_leased=is_leased)
    if head.lease:
        facts = {"holder": head.lease.holder, "time": f"{head.lease.expires:%H:%M:%S}"}
        if head.lease.expires > now:
            console.print(deferred("[yellow]lease[/]     held by {holder} until {time} UTC"), **facts)
        else:
            console.print(deferred("[yellow]lease[/]     of {holder} expired at {time} UTC"), **facts)


def _way_back(targets: Targets) -> str:
    """Where `kanmon rollback` leads, without a release and with one."""
    if targets.default:
        return phrase("to {release}", release=targets.default)
    if targets.named:
        return phrase(
            "only to a named release: {releases}. {refusal}",
            releases=", ".join(targets.named),
            refusal=targets.refusal,
        )
    return phrase("not possible: {refusal}", refusal=targets.refusal)


def print_unconfirmed(console: Screen, address: str) -> None:
    """Show an e-mail address that gets no alarms."""
    console.print(
        deferred(
            "[yellow]e-mail[/]    {address} gets no alarms: confirm the subscription in AWS's e-mail "
            "of the last two days, or subscribe to the topic of alarms again"
        ),
        address=address,
    )


def print_addresses(console: Screen, addresses: Addresses) -> None:
    """Show where people look at the environment."""
    if addresses.url:
        console.print(deferred("address   {address}"), address=addresses.url)
    if addresses.dashboard:
        console.print(deferred("dashboard {address}"), address=addresses.dashboard)


def _print_open(console: Screen, operation: Operation, environment: str, *, is_leased: bool) -> None:
    if operation.held:
        console.print(
            deferred("[red]held[/]      operation {number} waits for a decision: {commands}"),
            number=operation.number,
            commands=for_environment(
                phrase("kanmon recover --keep or --undo, or kanmon rollback"), environment
            ),
        )
        at = shown_step(operation, operation.steps[-2]) if len(operation.steps) > 1 else ""
        console.print(
            deferred("          it holds {release} at its step: {at}"), release=operation.release, at=at
        )
        return
    console.print(
        deferred("[yellow]open[/]      operation {number}, {kind} of {release}, {step}{note}"),
        number=operation.number,
        kind=phrase(operation.kind),
        release=operation.release,
        step=operation.step,
        note=f": {shown_step(operation, operation.steps[-1])}" if operation.steps else "",
    )
    if not is_leased:
        console.print(
            deferred("          no run is at work on it: {command} finishes or undoes it"),
            command=for_environment("kanmon recover", environment),
        )
