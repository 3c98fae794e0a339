"""Reads the command line, and an action's inputs, into the options of one command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kanmon import __version__
from kanmon.cli.command import OptionKind, SharedOptions, options_of
from kanmon.cli.commands import NAMES, load
from kanmon.codes import Code
from kanmon.documentation import page
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kanmon.cli.command import Command, Option

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "": False}

_NAMES = {"verbose": ("-v", "--verbose"), "environment": ("--environment", "--env")}
"""The options with a shorter name for the terminal."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        problem = f"{message[:1].upper()}{message[1:]}."
        raise KanmonError(Code.USAGE, problem, fix=f"See `{self.prog} --help`.")


def parse(arguments: Sequence[str]) -> tuple[Command[Any], Any, SharedOptions]:
    """The command, its own options and the shared ones. Raises USAGE.

    Only a named command is imported. The others would load modules for nothing. Shared options may stand
    before the command, too.
    """
    named = arguments if arguments and arguments[0].startswith("-") else arguments[:1]
    commands = {name: load(name) for name in NAMES if name in named} or {name: load(name) for name in NAMES}
    values = vars(_parser(commands.values()).parse_args(arguments))
    command = commands[values["command"]]
    own = {one.name.replace("-", "_") for one in options_of(command.options)}
    shared = {one.name.replace("-", "_") for one in options_of(SharedOptions)}
    return (
        command,
        command.options(**{name: values[name] for name in own}),
        SharedOptions(**{name: values[name] for name in shared}),
    )


def _parser(commands: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - commands of any options
    parser = _Parser(
        prog="kanmon",
        description="Releases a serverless app to AWS, and rolls it back by itself.",
        epilog=f"Examples: {page('docs/reference/commands.md')}",
    )
    parser.add_argument("--version", action="version", version=f"kanmon {__version__}")
    for option in options_of(SharedOptions):
        _add(parser, option)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in commands:
        one = subparsers.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            epilog=_examples(command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in options_of(SharedOptions):
            # A default here would replace a value from before the command.
            _add(one, option, default=argparse.SUPPRESS)
        exclusive = one.add_mutually_exclusive_group() if command.exclusive else one
        for option in options_of(command.options):
            _add(exclusive if option.name in command.exclusive else one, option)
    return parser


def names_of(option: Option) -> tuple[str, ...]:
    """What you can type for an option with a name."""
    return _NAMES.get(option.name, (f"--{option.name}",))


def _examples(command: Command[Any]) -> str:
    """The command's examples, below its options."""
    lines = [f"  {line}\n      {about}" for line, about in command.examples.items()]
    return "\n".join(["examples:", *lines])


def _add(parser: argparse._ActionsContainer, option: Option, default: object = None) -> None:
    names = names_of(option)
    default = default or option.default
    if option.kind is OptionKind.FLAG:
        parser.add_argument(*names, action="store_true", default=default, help=option.help)
    elif option.kind is OptionKind.POSITIONAL:
        parser.add_argument(option.name, nargs="?", default="", help=option.help)
    elif option.choices:
        parser.add_argument(*names, default=default, choices=option.choices, help=option.help)
    else:
        kind = Path if option.kind is OptionKind.PATH else str
        parser.add_argument(*names, type=kind, default=default, metavar=option.metavar, help=option.help)


def action_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Turn the inputs of an action into a command line. Raises USAGE.

    The runner passes inputs as `INPUT_<NAME>`: spaces become underscores, hyphens stay. A composite action
    passes them itself, with underscores, because a shell allows no hyphens in names. An empty input is a
    missing input.
    https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
    """
    if len(arguments) != 1 or arguments[0] not in NAMES:
        names = ", ".join(NAMES)
        raise KanmonError(Code.USAGE, "`kanmon action` takes a command's name.", fix=f"Name one of {names}.")
    (name,) = arguments
    given: list[str] = []
    positional: list[str] = []
    for option in load(name).inputs:
        key = f"INPUT_{option.name.upper()}"
        value = (environment.get(key) or environment.get(key.replace("-", "_")) or "").strip()
        if option.kind is OptionKind.FLAG:
            if value not in _TRUTH:
                problem = f"The input {option.name} is {value!r}, not true or false."
                raise KanmonError(Code.USAGE, problem, fix=f"Write `{option.name}: true` or leave it out.")
            given += [f"--{option.name}"] if _TRUTH[value] else []
        elif value and option.kind is OptionKind.POSITIONAL:
            positional.append(value)
        elif value:
            given.append(f"--{option.name}={value}")
    return [name, *given, "--", *positional] if positional else [name, *given]
