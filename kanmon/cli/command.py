"""The definition of a command. Its options are a dataclass: the parser and the action's inputs use it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kanmon.cli.context import Context
    from kanmon.errors import ExitStatus

T = TypeVar("T")


class OptionKind(Enum):
    """The kind of an option's value."""

    TEXT = "text"
    PATH = "path"
    FLAG = "flag"
    POSITIONAL = "positional"


@dataclass(frozen=True)
class Option:
    """One option of a command. In a workflow it is an input of the command's action."""

    help: str
    metavar: str = ""
    kind: OptionKind = OptionKind.TEXT
    default: Path | str | bool | None = ""
    choices: tuple[str, ...] = ()
    """All allowed values. Empty if every value is allowed."""
    terminal_only: bool = False
    """The option makes no sense in a workflow."""
    required: bool = False
    """The input of the action must be given."""
    name: str = ""
    """The name to type, such as `lift-freeze`: the field's name with hyphens."""


def text(
    help: str,  # noqa: A002 - the name in argparse
    metavar: str,
    *,
    choices: tuple[str, ...] = (),
    default: str = "",
    required: bool = False,
) -> str:
    """A field for a text. `required` is for the action's input: a terminal can leave it out."""
    option = Option(help, metavar, default=default, choices=choices, required=required)
    return cast("str", _field(option))


def positional(help: str) -> str:  # noqa: A002 - the name in argparse
    """A field for the command's one argument without a name. You can leave it out."""
    return cast("str", _field(Option(help, kind=OptionKind.POSITIONAL)))


def flag(help: str, *, terminal_only: bool = False) -> bool:  # noqa: A002 - the name in argparse
    """A field for a switch."""
    option = Option(help, kind=OptionKind.FLAG, default=False, terminal_only=terminal_only)
    return cast("bool", _field(option))


def path(help: str, metavar: str, default: str, *, terminal_only: bool = False) -> Path:  # noqa: A002
    """A field for a file or folder."""
    option = Option(help, metavar, OptionKind.PATH, Path(default), terminal_only=terminal_only)
    return cast("Path", _field(option))


def optional_path(help: str, metavar: str) -> Path | None:  # noqa: A002 - the name in argparse
    """A field for a file. You can leave it out."""
    return cast("Path | None", _field(Option(help, metavar, OptionKind.PATH, None)))


def refuse_unwritable(path: Path) -> None:
    """Raise OSError when no file can be written at `path`: before the work, not after it. Make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, phrase("Is a folder, not a file"), str(path))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def bundle_folder() -> Path:
    """A field for the folder of the bundle."""
    return path(deferred("the folder of the bundle (default: build/bundle)"), "DIR", "build/bundle")


def built_digest(*, required: bool = False) -> str:
    """A field for the digest of the bundle, as the build gave it."""
    return text(
        deferred("the output `digest` of the build; another bundle is refused"), "SHA256", required=required
    )


def given_reason() -> str:
    """A field for a person's reason."""
    return text(deferred("the reason, for example 'prices are wrong'; `kanmon history` shows it"), "TEXT")


def _field(option: Option) -> object:
    return field(default=option.default, metadata={"option": option})


@dataclass(frozen=True)
class SharedOptions:
    """The options of every command."""

    config: Path = path(deferred("the config file (default: kanmon.yml)"), "FILE", "kanmon.yml")
    environment: str = text(deferred("one of the config's `environments` (default: the first one)"), "NAME")
    verbose: bool = flag(
        deferred("show every stack event, and every call to AWS and GitHub with its duration")
    )
    debug: bool = flag(deferred("show tracebacks"), terminal_only=True)


@dataclass(frozen=True)
class NoOptions:
    """The options of a command with only the shared ones."""


@dataclass(frozen=True)
class FormatOptions:
    """The format of the output."""

    json: bool = flag(deferred("print JSON for a script"), terminal_only=True)


@dataclass(frozen=True)
class Command(Generic[T]):
    """One command."""

    name: str
    help: str
    run: Callable[[T, Context], ExitStatus]
    options: type[T]
    aws: bool = False
    """The command begins with AWS: credentials are checked before its work is imported."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Its action's outputs for later steps. `report.step` writes them."""
    exclusive: frozenset[str] = frozenset()
    """You can give at most one of these options."""
    token: str = ""
    """Why its action needs GitHub's token, and the token's permissions. Empty for no token."""
    action: bool = True
    """The command makes sense in a workflow."""
    docker: bool = False
    """The command also comes as a Docker action. Only this kind of action has a post step; it always runs."""
    about: str = ""
    """More about it for the reference, in Markdown. Links are relative to `docs/reference`."""
    examples: Mapping[str, str] = field(default_factory=dict)
    """Command lines, each with what it does. The reference and `--help` show them."""
    failed: str = ""
    """When it ends with :attr:`ExitStatus.FAILED`. Empty: it succeeds, or is refused."""

    @property
    def inputs(self) -> tuple[Option, ...]:
        """The inputs of its action, without the token."""
        every = (*options_of(SharedOptions), *options_of(self.options))
        return tuple(option for option in every if not option.terminal_only)


def options_of(kind: type[Any]) -> tuple[Option, ...]:
    """The options of a dataclass, with their names."""
    found = []
    for one in fields(kind):
        option: Option = one.metadata["option"]
        found.append(replace(option, name=one.name.replace("_", "-")))
    return tuple(found)


RESULT_OUTPUTS = {
    "release": "the release's id",
    "result": "the end of the operation: stable, unchanged, aborted, rolled back, held or failed",
    "operation": "the operation's number in `kanmon history`, such as 7; empty when no operation began",
}
"""The outputs of a command with an outcome."""
