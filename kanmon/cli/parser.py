"""Reads the command line, and an action's inputs, into the options of one command."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from unicodedata import east_asian_width

from kanmon import __version__
from kanmon.cli.command import OptionKind, SharedOptions, options_of
from kanmon.cli.commands import NAMES, load
from kanmon.codes import Code
from kanmon.documentation import page
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanmon.cli.command import Command, Option

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "": False}

_NAMES = {"verbose": ("-v", "--verbose"), "environment": ("--environment", "--env")}
"""The options with a shorter name for the terminal."""

_HEADINGS = (deferred("positional arguments"), deferred("options"))
"""argparse's own headings."""
_MISTAKES = (
    deferred("Unrecognized arguments: {given}."),
    deferred("The following arguments are required: {names}."),
    deferred("Argument {name}: expected one argument."),
    deferred("Argument {name}: the value is empty."),
    deferred("Argument {name}: not allowed with argument {other}."),
    deferred("Argument {name}: invalid choice: {given} (choose from {choices})."),
    deferred("Argument {name}: ignored explicit argument {given}."),
    deferred("Ambiguous option: {given} could match {names}."),
)
"""argparse's own messages. Another version of Python may have others: they stay in English."""

_WORDS = re.compile(r"[!-~]+ ?|[^!-~][、。)ーぁぃぅぇぉっゃゅょァィゥェォッャュョ]*")
"""What stays on one line: a word in ASCII, or a Japanese letter with the signs that begin no line."""


class _Help(argparse.HelpFormatter):
    """Help in the chosen language. argparse itself has English words only."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, phrase("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and phrase(heading))

    def _split_lines(self, text: str, width: int) -> list[str]:
        """The lines of a help text. argparse counts letters, and a Japanese one takes two columns."""
        if text.isascii():
            return super()._split_lines(text, width)
        lines = [""]
        for word in _WORDS.findall(text):
            if _columns(lines[-1] + word.rstrip()) > width:
                lines.append("")
            lines[-1] += word
        return [line.rstrip() for line in lines]


class _CommandHelp(_Help, argparse.RawDescriptionHelpFormatter):
    """The same, with the lines of the examples as they are."""


class _Given(argparse.Action):
    """Keep a value, and refuse an empty one.

    Otherwise `--env "$ENV"` without the variable would mean the first environment.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        if values == "":
            raise argparse.ArgumentError(self, "the value is empty")
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        problem = _in_words(f"{message[:1].upper()}{message[1:]}.")
        raise KanmonError(Code.USAGE, problem, fix=phrase("See `{command} --help`.", command=self.prog))


def _columns(text: str) -> int:
    """The columns of a text in a terminal."""
    return sum(2 if east_asian_width(letter) in {"W", "F"} else 1 for letter in text)


def _in_words(problem: str) -> str:
    for text in _MISTAKES:
        values = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text))
        if found := re.fullmatch(values, problem, re.DOTALL):
            return phrase(text, **found.groupdict())
    return problem


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
        command.options(**{name: values[name] for name in own if values[name] is not None}),
        SharedOptions(**{name: values[name] for name in shared}),
    )


def _parser(commands: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - commands of any options
    parser = _Parser(
        prog="kanmon",
        formatter_class=_Help,
        add_help=False,
        description=phrase("Releases a serverless app to AWS, and rolls it back by itself."),
        epilog=phrase("Examples: {address}", address=page("docs/reference/commands.md")),
    )
    _add_help(parser)
    parser.add_argument(
        "--version",
        action="version",
        version=f"kanmon {__version__}",
        help=phrase("show program's version number and exit"),
    )
    for option in options_of(SharedOptions):
        _add(parser, option)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in commands:
        one = subparsers.add_parser(
            command.name,
            help=phrase(command.help),
            description=phrase(command.help),
            epilog=_examples(command),
            formatter_class=_CommandHelp,
            add_help=False,
        )
        _add_help(one)
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
    lines = [f"  {line}\n      {phrase(about)}" for line, about in command.examples.items()]
    return "\n".join([phrase("examples:"), *lines])


def _add_help(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-h", "--help", action="help", help=phrase("show this help message and exit"))


def _add(parser: argparse._ActionsContainer, option: Option, default: object = None) -> None:
    names, words = names_of(option), phrase(option.help)
    default = default or option.default
    if option.kind is OptionKind.FLAG:
        parser.add_argument(*names, action="store_true", default=default, help=words)
    elif option.kind is OptionKind.POSITIONAL:
        # argparse gives the default to the action, too.
        parser.add_argument(option.name, action=_Given, nargs="?", help=words)
    elif option.choices:
        parser.add_argument(*names, default=default, choices=option.choices, help=words)
    else:
        kind = Path if option.kind is OptionKind.PATH else str
        parser.add_argument(
            *names, action=_Given, type=kind, default=default, metavar=option.metavar, help=words
        )


def action_arguments(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Turn the inputs of an action into a command line. Raises USAGE.

    The runner passes inputs as `INPUT_<NAME>`: spaces become underscores, hyphens stay. A composite action
    passes them itself, with underscores, because a shell allows no hyphens in names. An empty input is a
    missing input.
    https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
    """
    if len(arguments) != 1 or arguments[0] not in NAMES:
        names = ", ".join(NAMES)
        raise KanmonError(
            Code.USAGE,
            phrase("`kanmon action` takes a command's name."),
            fix=phrase("Name one of {names}.", names=names),
        )
    (name,) = arguments
    given: list[str] = []
    positional: list[str] = []
    for option in load(name).inputs:
        key = f"INPUT_{option.name.upper()}"
        value = (environment.get(key) or environment.get(key.replace("-", "_")) or "").strip()
        if option.kind is OptionKind.FLAG:
            if value not in _TRUTH:
                problem = phrase(
                    "The input {name} is {value!r}, not true or false.", name=option.name, value=value
                )
                raise KanmonError(
                    Code.USAGE, problem, fix=phrase("Write `{name}: true` or leave it out.", name=option.name)
                )
            given += [f"--{option.name}"] if _TRUTH[value] else []
        elif value and option.kind is OptionKind.POSITIONAL:
            positional.append(value)
        elif value:
            given.append(f"--{option.name}={value}")
    return [name, *given, "--", *positional] if positional else [name, *given]
