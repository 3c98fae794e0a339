"""docs/reference/commands.md: each command, from its typed options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.cli.command import RESULT_OUTPUTS, OptionKind, SharedOptions, options_of
from kanmon.cli.commands import NAMES, load
from kanmon.cli.parser import names_of
from kanmon.errors import ExitStatus
from scripts.generators.tables import NOTE, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.cli.command import Command, Option

_HEAD = f"""\
# Commands

{NOTE}
All commands of `kanmon`. `kanmon COMMAND --help` shows the same at your terminal. Most commands are also
[actions](actions.md), with the same options as inputs. More about some of them: [commands](../commands.md).
"""
_SHARED = """\
## Options of every command

You can write them before the command or after it.
"""


def command_page() -> str:
    """The page."""
    commands = [load(name) for name in NAMES]
    overview = ((f"[`{one.name}`](#{one.name})", one.help, _action(one)) for one in commands)
    lines = [
        _HEAD,
        *table(("command", "what it does", "action"), overview),
        _SHARED,
        *_options(options_of(SharedOptions)),
    ]
    for command in commands:
        lines += _section(command)
    return "\n".join(lines)


def statuses(command: Command[Any]) -> tuple[ExitStatus, ...]:
    """The exit statuses of a command. A bug in Kanmon or an unreadable file of the runner gives 1 to any."""
    possible = {
        ExitStatus.FAILED: bool(command.failed),
        ExitStatus.HELD: command.outputs is RESULT_OUTPUTS,
    }
    return tuple(status for status in ExitStatus if possible.get(status, True))


def usage(command: Command[Any]) -> str:
    """How to call a command."""
    options = options_of(command.options)
    named = [option for option in options if option.kind is not OptionKind.POSITIONAL]
    alone = [f"[{_named(option)}]" for option in named if option.name not in command.exclusive]
    either = " | ".join(_named(option) for option in named if option.name in command.exclusive)
    arguments = [f"[{option.name.upper()}]" for option in options if option.kind is OptionKind.POSITIONAL]
    return " ".join(["kanmon", command.name, *alone, *([f"[{either}]"] if either else []), *arguments])


def _section(command: Command[Any]) -> Iterator[str]:
    yield from (f"## {command.name}", "", f"{command.help} {command.about}".rstrip(), "")
    yield from ("```text", *_wrapped(usage(command)), "```", "")
    yield from _options(options_of(command.options))
    *others, last = (str(status.value) for status in statuses(command))
    failed = f" 1 means: {command.failed}." if command.failed else ""
    yield f"[Exit status](errors.md#exit-status): {', '.join(others)} or {last}.{failed}"
    width = max(map(len, command.examples))
    shown = (f"{line:<{width}}  # {about}" for line, about in command.examples.items())
    yield from ("", "```sh", *shown, "```", "")


def _wrapped(text: str, width: int = 90) -> Iterator[str]:
    line = ""
    for word in text.replace("] [", "]\n[").split("\n"):
        if line and len(line) + len(word) >= width:
            yield line
            line = "   "
        line = f"{line} {word}" if line else word
    yield line


def _options(options: tuple[Option, ...]) -> list[str]:
    rows = []
    for option in options:
        positional = option.kind is OptionKind.POSITIONAL
        names = (option.name.upper(),) if positional else names_of(option)
        rows.append((", ".join(f"`{name}{_value(option)}`" for name in names), option.help))
    return table(("option", "what it does"), rows)


def _named(option: Option) -> str:
    return f"{names_of(option)[0]}{_value(option)}"


def _value(option: Option) -> str:
    if option.kind in {OptionKind.FLAG, OptionKind.POSITIONAL}:
        return ""
    return " " + ("|".join(option.choices) or option.metavar)


def _action(command: Command[Any]) -> str:
    return f"[{command.name}](actions.md#{command.name})" if command.action else ""
