"""The generated reference is current, and complete: commands, actions, ledger, alarms (DOC-3)."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from kanmon.cli.command import options_of
from kanmon.cli.commands import NAMES, load
from kanmon.cli.parser import names_of, parse
from kanmon.codes import Code
from kanmon.errors import ExitStatus
from kanmon.language import japanese
from kanmon.ledger.ledger import DOCUMENTS
from kanmon.naming import Alarm
from scripts.generators.command_page import statuses
from scripts.generators.error_page import japanese_error_page, own_texts
from scripts.generators.reference import generated
from tests.unit.ledger.golden import RECORDS

ROOT = Path(__file__).resolve().parents[2]
JAPANESE_ERRORS = japanese_error_page()
ENDINGS = {"exit_status", "recovery_status", "show_outcome"}
"""What gives a command the status of an operation's outcome."""


@cache
def pages() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): text for path, text in generated().items()}


def page(name: str) -> str:
    return pages()[f"docs/reference/{name}.md"]


def section(name: str, heading: str) -> str:
    return page(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("path", sorted(pages()))
def test_a_generated_file_is_current(path: str) -> None:
    """Otherwise: `python -m scripts.generators.reference`."""
    assert (ROOT / path).read_text("utf-8") == pages()[path]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_on_the_page_with_all_its_options(name: str) -> None:
    shown = section("commands", name)
    options = [option for option in options_of(load(name).options) if option.kind.value != "positional"]
    assert [word for option in options for word in names_of(option) if f"`{word}" not in shown] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_command_are_understood(name: str) -> None:
    examples = load(name).examples
    assert examples
    for line in examples:
        program, *arguments = shlex.split(line.partition(" | ")[0])
        assert program == "kanmon"
        assert parse(arguments)[0].name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_command_has_a_meaning_for_a_failure_if_it_can_fail(name: str) -> None:
    tree = ast.parse((ROOT / f"kanmon/cli/commands/{name}.py").read_text("utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    command = load(name)
    assert bool(command.failed) is bool("FAILED" in names or called & ENDINGS)
    assert (ExitStatus.HELD in statuses(command)) is bool(called & ENDINGS)


def test_every_action_is_on_the_page_with_its_inputs_and_outputs() -> None:
    for name in filter(lambda one: load(one).action, NAMES):
        command, shown = load(name), section("actions", name)
        named = [*(option.name for option in command.inputs), *command.outputs, "error"]
        assert [word for word in named if f"| `{word}` |" not in shown] == []


def test_an_action_names_the_role_of_its_job_in_the_workflows() -> None:
    roles = {
        name: re.findall(r"Role: (.*)\.\n", section("actions", name)) for name in ("plan", "gate", "deploy")
    }
    assert roles == {"plan": ["the plan role"], "gate": ["none"], "deploy": ["the deploy role"]}
    assert "`id-token: write`" in section("actions", "plan")
    assert "`id-token: write`" not in section("actions", "gate")


def test_the_ledgers_objects_are_those_with_a_golden_file() -> None:
    assert {kind.__name__ for kind in DOCUMENTS.values()} == {type(one).__name__ for one in RECORDS.values()}


@pytest.mark.parametrize("name", RECORDS)
def test_every_stored_field_has_its_meaning(name: str) -> None:
    kind = type(RECORDS[name])
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", section("ledger", kind.__name__), re.MULTILINE)
    assert rows == list(kind.model_fields)


def test_every_error_and_every_key_has_its_own_anchor() -> None:
    assert [code.id for code in Code if f'<a id="{code.id.lower()}"></a>' not in page("errors")] == []
    found = re.findall(r'<a id="([^"]+)"></a>`', page("config"))
    assert {"app", "functions.memory", "checks.expect.json", "thresholds.api_p95"} <= set(found)
    assert len(set(found)) == len(found)


def test_every_error_is_on_the_japanese_page() -> None:
    """DOC-3: with its meaning and its fix in Japanese, and with the anchor of the English page."""
    rows = re.findall(r'^\| <a id="(.+)"></a>(.+) \| (.+) \| (.+) \|$', JAPANESE_ERRORS, re.MULTILINE)
    assert rows == [
        (code.id.lower(), code.id, japanese()[code.meaning], japanese()[code.fix]) for code in Code
    ]


def test_nothing_on_the_japanese_page_is_english() -> None:
    """DOC-3: names have two words at most."""
    assert [text for text in own_texts().values() if text not in JAPANESE_ERRORS] == []
    prose = re.sub(r"<!--.*?-->|<[^>]+>|`[^`]+`", "", JAPANESE_ERRORS)
    assert re.findall(r"[A-Za-z']+(?:[,:;.]? [A-Za-z']+){2,}", prose) == []


def test_every_alarm_has_its_anchor_and_its_facts() -> None:
    """MON-2: an alarm's description may link to it."""
    headings = re.findall(r"^### (\S+)$", page("monitoring"), re.MULTILINE)
    own = {"rollback", "slot-errors", "slot-failures", "slot-rollback"}
    assert sorted(headings) == sorted({*map(str, Alarm), *own})
    for text in page("monitoring").split("\n### ")[1:]:
        assert "| fires | " in text
        assert ("| missing data | `" in text and "| period | " in text) or "with one of" in text
