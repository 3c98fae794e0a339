"""The command line's words: one table, from which the parser and the actions' inputs are made."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kanmon import __version__
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """What can be given."""

    TEXT = "text"
    PATH = "path"
    FLAG = "flag"
    DURATION = "duration"
    POSITIONAL = "positional"


@dataclass(frozen=True)
class Option:
    """One option of a command, which is an input of its action too."""

    name: str
    help: str
    metavar: str = ""
    kind: Kind = Kind.TEXT
    default: Path | str | None = None
    """What counts when nothing is given."""
    choices: tuple[str, ...] = ()
    """All that can be given, if that is not everything."""
    terminal_only: bool = False
    """It makes no sense in a workflow."""


@dataclass(frozen=True)
class Command:
    """One command."""

    help: str
    options: tuple[Option, ...] = ()
    exclusive: frozenset[str] = frozenset()
    """Of these options at most one can be given."""
    aws: bool = True
    """It works on the AWS account."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """What its action gives to later steps; `report.workflow` writes it."""


_CONFIG = Option("config", "the config file (kanmon.yml)", "FILE", Kind.PATH, Path("kanmon.yml"))
_BUNDLE = Option("bundle", "the bundle (build/bundle)", "DIR", Kind.PATH, Path("build/bundle"))
_BUNDLE_DIGEST = Option("bundle-digest", "the digest that the bundle must have, as it was built", "SHA256")
_REASON = Option("reason", "why, for the history", "TEXT")
_LIFT_FREEZE = Option("lift-freeze", "release although a rollback froze the environment", "REASON")
_CONFIRM = Option("confirm", "the environment's name, typed; needed in workflows", "ENVIRONMENT")
_JSON = Option("json", "for machines", kind=Kind.FLAG, terminal_only=True)
_OUTCOME = {
    "release": "the release's id",
    "result": "how it ended: stable, unchanged, aborted, rolled back, held, failed",
    "attempt": "the attempt's number in the history; empty when there was none",
}
_EVENTS = ("waiting", "started", "ended")

COMMANDS: Mapping[str, Command] = {
    "bootstrap": Command("Create or change what Kanmon needs in an AWS account, as its administrator."),
    "build": Command(
        "Run the app's build and pack the bundle.",
        (_BUNDLE,),
        outputs={"digest": "the bundle's SHA-256", "commit": "the commit that was built"},
        aws=False,
    ),
    "test": Command(
        "Run the app's tests and judge their reports.",
        outputs={
            "tests": "how many tests ran",
            "failed": "how many of them failed",
            "coverage": "percent of the lines that are covered; empty when no coverage is asked for",
        },
        aws=False,
    ),
    "plan": Command(
        "Create the change sets of a release and show them.",
        (
            _BUNDLE,
            _BUNDLE_DIGEST,
            _LIFT_FREEZE,
            Option("output", "write the plan to a file, for deploy --plan", "FILE", Kind.PATH),
        ),
        outputs={
            "release": "the release's id, such as r42",
            "digest": "the plan's SHA-256, which the deploy must be given",
            "unchanged": "true when the release is live already",
        },
    ),
    "render": Command(
        "Write the CloudFormation templates of the config as files, without AWS.",
        (
            _BUNDLE,
            Option(
                "output",
                "the folder to write to (build/templates)",
                "DIR",
                Kind.PATH,
                Path("build/templates"),
                terminal_only=True,
            ),
        ),
        aws=False,
    ),
    "gate": Command(
        "Verify that GitHub's environment holds a release back, and who let it through.",
        (
            Option("approved", "inside the gated job: who approved this run", kind=Kind.FLAG),
            Option(
                "cancel-waiting",
                "cancel the runs of this workflow file that still wait, so that a rollback need not",
                "WORKFLOW",
            ),
            replace(_CONFIRM, help="before a rollback: the environment's name, typed"),
        ),
        aws=False,
    ),
    "deploy": Command(
        "Plan, have it approved, release.",
        (
            _BUNDLE,
            _BUNDLE_DIGEST,
            Option("plan", "carry out this plan instead of a new one", "FILE", Kind.PATH),
            Option("digest", "the digest that the plan must have", "SHA256"),
            Option("yes", "approve without asking", kind=Kind.FLAG, terminal_only=True),
            _REASON,
            _LIFT_FREEZE,
            Option("verbose", "show every stack event", kind=Kind.FLAG),
        ),
        outputs=_OUTCOME,
    ),
    "smoke": Command(
        "Run the live release's smoke checks.",
        outputs={"passed": "how many checks passed"},
    ),
    "rollback": Command(
        "Put users back on a release that was stable.",
        (
            Option("release", "which one, such as r41 (default: the last stable one)", kind=Kind.POSITIONAL),
            _REASON,
            _CONFIRM,
            Option("yes", "do not ask for the typed confirmation", kind=Kind.FLAG, terminal_only=True),
        ),
        outputs=_OUTCOME,
    ),
    "recover": Command(
        "Finish or undo what a run that died left behind.",
        (
            Option("keep", "held: keep the live release", kind=Kind.FLAG),
            Option("undo", "held, or never completed: take the live release back", kind=Kind.FLAG),
            Option(
                "wait", "how long to wait for a run that is still at work, such as 3m", "TIME", Kind.DURATION
            ),
        ),
        exclusive=frozenset({"keep", "undo"}),
        outputs=_OUTCOME,
    ),
    "record": Command("Make GitHub's deployments and releases say what the ledger says."),
    "notify": Command(
        "Tell SNS and Slack how a release stands.",
        (
            Option(
                "event", "what to tell", "EVENT", default="ended", choices=("waiting", "started", "ended")
            ),
            Option("plan", "waiting and started: the plan; a rollback has none", "FILE", Kind.PATH),
            Option("release", "a rollback: to which release (default: the last stable one)", "RELEASE"),
            _REASON,
            Option("cause", "ended: why, when nothing was begun", "TEXT"),
        ),
    ),
    "status": Command("Show who is live and what holds the environment.", (_JSON,)),
    "history": Command("Show what was released, by whom, and how it ended.", (_JSON,)),
}
_SHARED = (_CONFIG, Option("debug", "show tracebacks", kind=Kind.FLAG, terminal_only=True))
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "": False}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise KanmonError(
            Code.USAGE, f"{message[:1].upper()}{message[1:]}.", fix=f"See `{self.prog} --help`."
        )


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="kanmon", description="Releases a serverless app to AWS, and takes it back by itself."
    )
    parser.add_argument("--version", action="version", version=f"kanmon {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.help, description=command.help)
        for option in _SHARED:
            _add(one, option)
        exclusive = one.add_mutually_exclusive_group() if command.exclusive else one
        for option in command.options:
            _add(exclusive if option.name in command.exclusive else one, option)
    action = commands.add_parser("action", help="Be an action of this name: take its inputs from INPUT_*.")
    action.add_argument("action", choices=sorted(COMMANDS), metavar="NAME", help="a command's name")
    return parser


def action_inputs(name: str) -> tuple[Option, ...]:
    """The inputs of the action of this name."""
    return tuple(option for option in (_CONFIG, *COMMANDS[name].options) if not option.terminal_only)


def action_arguments(name: str, environment: Mapping[str, str]) -> list[str]:
    """The command line that an action's inputs stand for. Raises USAGE.

    The runner gives them as `INPUT_<NAME>`, spaces as underscores, hyphens kept; a composite action hands
    them on itself, with underscores, since a shell has no other names. An empty input was not given.
    https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
    """
    given: list[str] = []
    positional: list[str] = []
    for option in action_inputs(name):
        key = f"INPUT_{option.name.upper()}"
        value = (environment.get(key) or environment.get(key.replace("-", "_")) or "").strip()
        if option.kind is Kind.FLAG:
            if value not in _TRUTH:
                told = f"The input {option.name} is {value!r}, which is neither true nor false."
                raise KanmonError(Code.USAGE, told, fix="Write true or false.")
            given += [f"--{option.name}"] if _TRUTH[value] else []
        elif value and option.kind is Kind.POSITIONAL:
            positional.append(value)
        elif value:
            given.append(f"--{option.name}={value}")
    return [name, *given, "--", *positional] if positional else [name, *given]


def _add(parser: argparse._ActionsContainer, option: Option) -> None:
    if option.kind is Kind.FLAG:
        parser.add_argument(f"--{option.name}", action="store_true", help=option.help)
    elif option.kind is Kind.POSITIONAL:
        parser.add_argument(option.name, nargs="?", help=option.help)
    elif option.kind is Kind.PATH:
        parser.add_argument(
            f"--{option.name}", type=Path, default=option.default, metavar=option.metavar, help=option.help
        )
    elif option.kind is Kind.DURATION:
        parser.add_argument(
            f"--{option.name}", type=_seconds, default=0.0, metavar=option.metavar, help=option.help
        )
    elif option.choices:
        parser.add_argument(
            f"--{option.name}", default=option.default, choices=option.choices, help=option.help
        )
    else:
        parser.add_argument(f"--{option.name}", default="", metavar=option.metavar, help=option.help)


def _seconds(value: str) -> float:
    from kanmon.config.durations import seconds

    try:
        return seconds(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r} {error}") from error
