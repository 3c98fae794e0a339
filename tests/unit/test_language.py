"""What people read is there in English and in Japanese (DOC-1)."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanmon import language
from kanmon.codes import Code
from kanmon.language import VARIABLE, deferred, japanese, phrase, speak, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(language.__file__).parent
TRANSLATED = ("approval", "apptest", "aws", "checks", "github", "ledger", "notify", "stacks")
"""The rooms whose every text for people is a phrase."""
WORDS = re.compile(r"[A-Za-z]{2,}('[a-z]+)?,? [a-z]{2,}")
_NOTIFIER = "the notifier of alarms is a Lambda function without the Japanese texts, so it is in English"
_LOG = "a line of the notifier's log"
_CLOUDFORMATION = "CloudFormation's words, to compare with"
NOT_FOR_PEOPLE = {
    "Repository was archived": "GitHub's words, to compare with",
    "no answer": "a line of the log",
    "contents: read, pull-requests: read": "permissions, as a workflow writes them",
    "TEST_CASE tagged with !mayfail": "Catch2's words, to compare with",
    "<!doctype html": "how a foreign report begins",
    r"TAP version|1\.\.\d|(not )?ok \d": "how a foreign report begins",
    "SQLite format 3": "how a foreign report begins",
    "gh release delete {} --cleanup-tag": "a command for a shell",
    "git push --delete origin {}": "a command for a shell",
    "rolled back": "the attribute `kind` of a message in SNS, for filters",
    "a new alarm is fine: no message": _LOG,
    "message sent": _LOG,
    "not delivered": _LOG,
    "The channel {} failed: {}.": _NOTIFIER,
    "The secret of the channel {} can't be read: {}": _NOTIFIER,
    "The secret of the channel {} is binary. Enter it as text in Secrets Manager.": _NOTIFIER,
    # aws
    "kanmon botocore/{}": "what AWS's logs have of a request",
    # stacks
    "didn't contain changes": _CLOUDFORMATION,
    "No updates are to be performed": _CLOUDFORMATION,
    "no changes": _CLOUDFORMATION,
    "does not exist": _CLOUDFORMATION,
    "value of ": "a mark in a plan's digest; `Change.shown` has it for people",
}
"""Texts that are no phrases, by their reasons. A value stands as `{}`."""
MARKERS = {"phrase", "deferred"}
NOT_SHOWN = {"re.compile": (0,), "Refusal": (0, 1, 2, 4)} | dict.fromkeys(MARKERS, (0,))
"""Functions with arguments, by position, that are phrases or that no run shows: patterns, table columns."""
IN_TEMPLATE = re.compile(r"""\bphrase\(\s*("(?:[^"\\]|\\.)*")""")


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The first argument of each call that takes a text for people, with the function's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func)
            if name in MARKERS:
                yield name, node.args[0]


def phrases() -> dict[str, str]:
    """Every text for people of the code, with its place."""
    found = {text: code.id for code in Code for text in (code.meaning, code.fix)}
    for path in sorted(PACKAGE.rglob("*.py")):
        for _, text in _calls(ast.parse(path.read_text("utf-8"))):
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                found[text.value] = f"{path.relative_to(PACKAGE)}:{text.lineno}"
    for path in sorted(PACKAGE.rglob("*.md.j2")):
        for match in IN_TEMPLATE.finditer(path.read_text("utf-8")):
            found[ast.literal_eval(match.group(1))] = str(path.relative_to(PACKAGE))
    return found


def _places(text: str) -> list[str]:
    """The values of a text, with their forms."""
    try:
        return sorted(f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name)
    except ValueError:  # a text without values, with a brace of its own
        return []


def test_every_phrase_is_there_in_japanese() -> None:
    assert {text: place for text, place in phrases().items() if text not in japanese()} == {}


def test_no_japanese_text_is_left_over() -> None:
    assert japanese().keys() - phrases().keys() == set()


def test_the_tables_agree_on_a_text() -> None:
    """Otherwise the order of the files decides."""
    tables = [tomllib.loads(path.read_text("utf-8")) for path in (PACKAGE / "japanese").iterdir()]
    assert [text for table in tables for text, other in table.items() if japanese()[text] != other] == []


def test_a_japanese_text_has_the_same_values() -> None:
    assert [text for text, other in japanese().items() if _places(text) != _places(other)] == []


def test_a_phrase_is_a_whole_text() -> None:
    """A text that is put together has no place in the table."""
    broken = [
        f"{path.relative_to(PACKAGE)}:{text.lineno}"
        for path in PACKAGE.rglob("*.py")
        for _, text in _calls(ast.parse(path.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr | ast.BinOp)
    ]
    assert broken == []


def _words(node: ast.Constant | ast.JoinedStr) -> str:
    """A text of the code without its values."""
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in pieces)


def _not_shown(call: ast.Call) -> Iterator[ast.AST]:
    for index in NOT_SHOWN.get(ast.unparse(call.func), ()):
        for argument in call.args[index : index + 1]:
            yield from ast.walk(argument)


def _texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each text with words that is no phrase and no docstring, and its line."""
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            hidden.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            hidden |= {id(inner) for inner in node.values if isinstance(inner, ast.Constant)}
        elif isinstance(node, ast.Call):
            hidden |= {id(one) for one in _not_shown(node)}
    for node in ast.walk(tree):
        if id(node) not in hidden and isinstance(node, ast.Constant | ast.JoinedStr):
            text = _words(node)
            if WORDS.search(text) and text not in NOT_FOR_PEOPLE:
                yield node.lineno, text


def test_a_text_that_is_no_phrase_is_found() -> None:
    code = 'def f(x):\n    """A docstring."""\n    g(phrase("not {y}", y=h("but this")), f"{x or z} is bare")'
    assert sorted(_texts(ast.parse(code))) == [(3, "but this"), (3, "{} is bare")]
    assert list(_texts(ast.parse('f"{x or yy}"'))) == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('re.compile(r"a pattern", "its text")', ["its text"]),
        ('Refusal("one column", "AWS\'s words", r"a pattern" + codes("or so"), "its text")', ["its text"]),
        ('KanmonError("its text", "with more")', ["its text", "with more"]),
    ],
)
def test_a_pattern_is_no_text_for_people(code: str, found: list[str]) -> None:
    assert sorted(text for _, text in _texts(ast.parse(code))) == found


@pytest.mark.parametrize("room", TRANSLATED)
def test_each_text_of_a_room_is_a_phrase(room: str) -> None:
    paths = [PACKAGE / f"{room}.py"] if (PACKAGE / f"{room}.py").exists() else (PACKAGE / room).rglob("*.py")
    bare = {
        f"{path.relative_to(PACKAGE)}:{line} {text}"
        for path in paths
        for line, text in _texts(ast.parse(path.read_text("utf-8")))
    }
    assert bare == set()


@pytest.fixture
def _english_again() -> Iterator[None]:
    yield
    speak({})


@pytest.mark.usefixtures("_english_again")
def test_a_phrase_comes_in_the_chosen_language() -> None:
    english = deferred("{person} started this run and approved it.")
    assert phrase(english, person="taro") == "taro started this run and approved it."
    speak({VARIABLE: "ja"})
    assert "taro" in phrase(english, person="taro")
    assert not phrase(english, person="taro").isascii()
    assert phrase("nobody wrote this: {") == "nobody wrote this: {"


@pytest.mark.parametrize(
    ("variable", "config", "language"),
    [
        ("", None, "en"),
        ("", "ja", "ja"),
        ("ja", None, "ja"),
        ("en", "ja", "en"),
        ("", ["ja"], "en"),
        ("fr", "ja", "en"),
    ],
)
@pytest.mark.usefixtures("_english_again")
def test_the_environment_counts_more_than_the_config(variable: str, config: object, language: str) -> None:
    speak({VARIABLE: variable}, config)
    assert spoken() == language
