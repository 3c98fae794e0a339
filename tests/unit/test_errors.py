"""Hints name the environment of their commands (ADP-5)."""

from __future__ import annotations

import re

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError, for_environment


@pytest.mark.parametrize(
    ("hint", "named"),
    [
        ("Run `kanmon recover`.", "Run `kanmon recover --env staging`."),
        ("kanmon recover --keep or --undo", "kanmon recover --env staging --keep or --undo"),
        ("`kanmon deploy --lift-freeze \"x\"`", "`kanmon deploy --env staging --lift-freeze \"x\"`"),
        ("`kanmon deploy --env production`", "`kanmon deploy --env production`"),
        ("Run `kanmon bootstrap`, `kanmon build`.", "Run `kanmon bootstrap`, `kanmon build`."),
        ("kanmon.yml plans it", "kanmon.yml plans it"),
        ("今すぐkanmon recoverを実行", "今すぐkanmon recover --env stagingを実行"),
    ],
)  # fmt: skip
def test_a_command_in_a_hint_names_its_environment(hint: str, named: str) -> None:
    """ADP-5: without it, the command would act on the first environment of the config."""
    assert for_environment(hint, "staging") == named
    assert for_environment(hint, "") == hint


@pytest.mark.parametrize("code", Code)
def test_no_general_hint_is_left_out(code: Code) -> None:
    """ADP-5: of all commands, these alone are the same for each environment."""
    found = KanmonError(code, "It failed.").for_environment("staging")
    bare = re.findall(r"\bkanmon ([a-z]+)(?! --env)\b", found.fix)
    assert set(bare) <= {"bootstrap", "build", "test", "render"}, found.fix
    assert (found.code, found.message, found.where) == (code, "It failed.", None)
