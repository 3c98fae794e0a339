"""The changes of `kanmon bootstrap`, for the administrator who applies them: in short, then whole (TRU-1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from kanmon.approval.prompt import YES
from kanmon.language import deferred, phrase
from kanmon.naming import logical_id
from kanmon.report.terminal import print_change
from kanmon.stacks.statements import alike, permission_changes
from kanmon.stacks.template import resources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kanmon.config.schema import Config
    from kanmon.report.console import Screen
    from kanmon.stacks.changes import Change

_LONGEST = 80
"""Lines of permissions that a person reads at once. More of them are shown in short first."""
_WHOLE = "d"
"""The answer of somebody who wants to read every permission before the decision."""
_EFFECTS = {
    "+ Allow": deferred("allows {actions}"),
    "+ Deny": deferred("denies {actions}"),
    "- Allow": deferred("no longer allows {actions}"),
    "- Deny": deferred("no longer denies {actions}"),
}


@dataclass(frozen=True)
class BootstrapChanges:
    """The changes between two templates of the bootstrap stack. `before` is empty for a new stack."""

    console: Screen
    config: Config
    changes: tuple[Change, ...]
    before: str
    after: str

    def approved(self, ask: Callable[[str], str]) -> bool:
        """Show the changes, and ask whether a person approves them. Every permission can be read first."""
        if self._length > _LONGEST:
            self._show_lines(self._short)
            self.console.print(
                deferred("Answer [bold]{answer}[/] to read all {number} lines of permissions first."),
                answer=_WHOLE,
                number=self._length,
            )
            answer = ask(phrase("Apply this with your own rights? [y/N/d] ")).strip().lower()
            if answer != _WHOLE:
                return answer in YES
        self.show()
        return ask(phrase("Apply this with your own rights? [y/N] ")).strip().lower() in YES

    def show(self) -> None:
        """Show every change with all of its permissions."""
        self._show_lines(self._whole)

    @property
    def _length(self) -> int:
        return sum(map(len, self._whole.values()))

    @property
    def _short(self) -> dict[str, tuple[str, ...]]:
        return {
            name: tuple(_in_short(lines)) if len(lines) > 1 else lines for name, lines in self._whole.items()
        }

    @cached_property
    def _whole(self) -> dict[str, tuple[str, ...]]:
        """The permissions of each change. One that only repeats another environment's takes one line."""
        return dict(self._lines(permission_changes(self.before, self.after)))

    def _lines(self, permissions: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
        first: dict[str, tuple[str, Change]] = {}
        for change in self.changes:
            lines = permissions.get(change.logical_id, ())
            name = self._environment_of(change)
            role = f"{change.sign}{change.logical_id.removeprefix(logical_id(name))}"
            other_name, other = first.setdefault(role, (name, change))
            if (
                lines
                and alike(lines, permissions.get(other.logical_id, ()), name, other_name)
                and other != change
            ):
                repeated = phrase(
                    "the same as {resource}, with {name} for {other}",
                    resource=other.logical_id,
                    name=name,
                    other=other_name,
                )
                lines = (repeated,)
            yield change.logical_id, lines

    def _environment_of(self, change: Change) -> str:
        """The environment of a resource; empty for one of the whole app."""
        every = self.config.every_environment
        names = [name for name in every if change.logical_id.startswith(logical_id(name))]
        return max(names, key=len, default="")

    def _show_lines(self, lines: Mapping[str, tuple[str, ...]]) -> None:
        for change in self.changes:
            print_change(self.console, change, lines[change.logical_id])
        if self.before and resources_of(self.before) is None:
            self.console.print(
                deferred("[yellow]The deployed template can't be read:[/] permissions that go are not shown.")
            )
        counts = Counter(change.sign for change in self.changes)
        self.console.print(
            deferred("{added} to add, {changed} to change, {replaced} to replace, {deleted} to delete"),
            added=counts["+"],
            changed=counts["~"],
            replaced=counts["±"],
            deleted=counts["-"],
        )


def _in_short(lines: tuple[str, ...]) -> Iterator[str]:
    """What a resource is for, who may assume it, and the services of its statements."""
    yield from _values(lines, "+ Description: ")
    trusts = {line for line, after in pairwise(lines) if _is_trust(line, after)}
    subjects, principals = _values(lines, ":sub = "), _values(lines, "Principal: ")
    # The subjects are those of the federated principal.
    others = [one for one in principals if not (subjects and one.startswith("Federated"))]
    if trusts and (who := subjects + others):
        yield phrase("may be assumed by {who}", who="; ".join(who))
    for policies in _values(lines, "+ ManagedPolicyArns: "):
        yield phrase("has the policies {names}", names=policies)
    for effect, text in _EFFECTS.items():
        heads = [line for line in lines if line.startswith(effect) and line not in trusts]
        if heads:
            yield phrase(text, actions=", ".join(_services(heads)))


def _is_trust(line: str, after: str) -> bool:
    """Whether a line begins a trust, and not the permission to assume another role."""
    return "sts:AssumeRole" in line and "Principal: " in after


def _values(lines: tuple[str, ...], key: str) -> list[str]:
    return [line.partition(key)[2] for line in lines if line.startswith("+") and key in line]


def _services(heads: list[str]) -> list[str]:
    """The services of statements: `s3`, `s3:*` for all of its actions, `*` for one without actions."""
    actions = {action for head in heads for action in (head.partition(": ")[2] or "*").split(", ")}
    whole = {action for action in actions if action.endswith(":*")}
    return sorted(
        whole | {one.partition(":")[0] for one in actions if f"{one.partition(':')[0]}:*" not in whole}
    )
