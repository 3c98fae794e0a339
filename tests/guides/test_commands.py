"""Every command of `aws` and of `kanmon` in the documents is one: its name and its options exist."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore import xform_name
from markdown_it import MarkdownIt

from embedded.process import REPOSITORY
from kanmon.cli.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.model import ServiceModel

PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
OF_THE_CLI = {"logs tail", "cloudtrail validate-logs", "s3 cp", "s3 sync", "sso login"}
"""Commands that the command line has beside the operations of AWS's services."""
OF_ALL = {"query", "output", "region", "max-items", "profile", "cli-input-json", "notification-endpoint"}
"""Options of all commands, and one with a name of its own: `Endpoint` of `sns subscribe`.

https://docs.aws.amazon.com/cli/latest/reference/
"""


def scripts(page: Path) -> Iterator[str]:
    """The code of a page: its `sh` fences and its inline code."""
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        if token.type == "fence" and token.info.partition(" ")[0] == "sh":
            yield token.content.replace("\\\n", " ")
        yield from (child.content for child in token.children or [] if child.type == "code_inline")


def commands(script: str) -> Iterator[str]:
    """The simple commands of a script, those inside of `$(…)` too, without the content of quotes."""
    for line in script.splitlines():
        left = re.sub(r"'[^']*'", "QUOTED", line)
        while inner := re.search(r"\$\(([^()]*)\)", left):
            yield from _split(inner[1])
            left = left.replace(inner[0], "OUTPUT")
        yield from _split(left)


def _split(line: str) -> Iterator[str]:
    plain = re.sub(r'"[^"]*"', "QUOTED", line).partition(" #")[0]
    yield from (one.strip(" {}") for one in re.split(r"\||&&|;|>|^\w+=", plain))


def found(page: Path, program: str) -> list[str]:
    """The commands of a program in a page; those with an ellipsis are none."""
    return [
        one
        for script in scripts(page)
        for one in commands(script)
        if one.startswith(f"{program} ") and "…" not in one
    ]


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model({"s3api": "s3"}.get(service, service))


@cache
def _operations(service: str) -> dict[str, str]:
    return {xform_name(name, "-"): name for name in _model(service).operation_names}


def _wrong(command: str) -> str:
    """What does not exist in a command of `aws`."""
    _, service, operation, *rest = [*command.split(), "", ""]
    if f"{service} {operation}" in OF_THE_CLI or operation.startswith("OUTPUT"):
        return ""
    if operation == "wait":
        waiter = rest[0]
        config = botocore.session.get_session().get_waiter_model(service)
        return "" if waiter in {xform_name(name, "-") for name in config.waiter_names} else waiter
    if operation not in _operations(service):
        return f"{service} {operation}"
    shape = _model(service).operation_model(_operations(service)[operation]).input_shape
    members = {xform_name(name, "-") for name in (shape.members if shape else ())}
    known = OF_ALL | members | {f"no-{name}" for name in members}
    return " ".join(name for word in rest if (name := _option(word)) and name not in known)


def _option(word: str) -> str:
    return word[2:] if word.startswith("--") else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_of_aws_exist(page: Path) -> None:
    """DOC-1, DOC-2, DOC-3, DOC-4: also those that need a real account."""
    assert {command: wrong for command in found(page, "aws") if (wrong := _wrong(command))} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_commands_of_kanmon_exist(page: Path) -> None:
    """DOC-1, DOC-2, DOC-3, DOC-4"""
    for command in found(page, "kanmon"):
        words = shlex.split(command)[1:]
        if words[0].isalpha() and words[0].islower() and "--help" not in words:
            parse(words)


def test_a_wrong_command_is_found() -> None:
    assert _wrong("aws rds describe-db-cluster") == "rds describe-db-cluster"
    assert _wrong("aws rds describe-db-clusters --cluster x") == "cluster"
    assert _wrong("aws rds wait db-cluster-here") == "db-cluster-here"
    assert list(commands("A=$(aws sts get-caller-identity --query 'a (b)') # and")) == [
        "aws sts get-caller-identity --query QUOTED",
        "",
        "OUTPUT",
    ]
