"""What people read is there in English and in Japanese (DOC-1)."""

from __future__ import annotations

import ast
import re
import string
import tomllib
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from jinja2 import nodes

from kanmon.language import VARIABLE, deferred, japanese, phrase, sentences, speak, spoken
from tests.texts import PACKAGE, PAGES, STYLE, bare_texts, bare_words, calls, parsed, phrases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOR_COMMANDS = {PACKAGE / "templates/bootstrap.py", PACKAGE / "templates/offline.py"}
"""The modules of templates with texts for a command's output, besides those for AWS."""
IN_AWS = sorted({*(PACKAGE / "templates").glob("*.py")} - FOR_COMMANDS)
"""Modules whose texts AWS stores, in templates for CloudFormation. The same config has to give the same bytes
in each language, or a plan would show a change. They are in English, as CloudFormation takes ASCII only."""
IN_FUNCTIONS = PACKAGE / "bundle/starter/start.py"
"""It runs in the app's functions on Lambda. It writes logs, and has no Japanese texts there."""
CODES = PACKAGE / "codes.py"
"""The table of errors: each meaning and fix is a phrase."""
MODULES = sorted({*PACKAGE.rglob("*.py")} - {*IN_AWS, IN_FUNCTIONS, CODES})
_OF_A_CODE = re.compile(r"(Code\.[A-Z_]+|code)\.fix$")
_CLOUDFORMATION = "CloudFormation's words, to compare with"
_LOG = "a line of the notifier's log"
_RE2 = "RE2's words, to compare with"
_REFERENCE = "for the reference and the actions' files, which are in English"
_REGISTRY = "a registry's words, to search for"
_YAML = "the words of the YAML library, to compare with"
NOT_FOR_PEOPLE = {
    # appcommand
    "denied|unauthorized|authentication required|no basic auth credentials|toomanyrequests": _REGISTRY,
    "no matching manifest for linux|does not match the specified platform": _REGISTRY,
    # apptest
    "TEST_CASE tagged with !mayfail": "Catch2's words, to compare with",
    "<!doctype html": "how a foreign report begins",
    r"TAP version|1\.\.\d|(not )?ok \d": "how a foreign report begins",
    "SQLite format 3": "how a foreign report begins",
    # aws
    "kanmon botocore/{}": "what AWS's logs have of a request",
    # cli: the outputs of the actions, and argparse
    "the value is empty": "the end of a sentence of argparse, which is a phrase as a whole",
    "the release's id": _REFERENCE,
    "the end of the operation: stable, unchanged, aborted, rolled back, held or failed": _REFERENCE,
    "the operation's number in `kanmon history`, such as 7; empty when no operation began": _REFERENCE,
    # config
    "undefined alias": _YAML,
    "cannot start any token": _YAML,
    "mapping values are not allowed": _YAML,
    "could not find expected ':'": _YAML,
    "another document": _YAML,
    "invalid perl operator": _RE2,
    "invalid escape sequence": _RE2,
    "invalid repetition size": _RE2,
    "too large": _RE2,
    # github
    "Repository was archived": "GitHub's words, to compare with",
    "contents: read, pull-requests: read": "permissions, as a workflow writes them",
    "gh release delete {} --cleanup-tag": "a command for a shell",
    "git push --delete origin {}": "a command for a shell",
    "no answer": "a line of the log",
    # model
    "roll back": "the name of a step, as the ledger has it",
    # notify
    "rolled back": "the attribute `kind` of a message in SNS, for filters",
    "a new alarm is fine: no message": _LOG,
    "message sent": _LOG,
    "not delivered": _LOG,
    # report
    " (rolled back)": "the end of a GitHub Release's title: each run compares the titles",
    "kanmon recover": "a command for a shell",
    # stacks
    "didn't contain changes": _CLOUDFORMATION,
    "No updates are to be performed": _CLOUDFORMATION,
    "no changes": _CLOUDFORMATION,
    "does not exist": _CLOUDFORMATION,
    "value of ": "a mark in a plan's digest; `Change.shown` has it for people",
    # traffic
    "public, max-age=31536000, immutable": "a header of HTTP",
    '<script type="application/json" id="{}">{}</script>': "a part of a page, for the app's own code",
}
"""Texts that are no phrases, by their reasons. A value stands as `{}`."""


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


def test_a_japanese_text_has_the_same_values() -> None:
    assert [text for text, other in japanese().items() if _places(text) != _places(other)] == []


def test_a_japanese_text_has_the_same_markup() -> None:
    """The terminal refuses a style without its end, and a table of Markdown needs each cell."""
    signs = re.compile(rf"\[(?:{STYLE}|/)\]|\||\*\*")
    different = [
        text
        for text, other in japanese().items()
        if Counter(signs.findall(text)) != Counter(signs.findall(other))
    ]
    assert different == []


def test_each_text_is_in_one_table() -> None:
    """Otherwise the order of the files decides."""
    tables = [tomllib.loads(path.read_text("utf-8")) for path in (PACKAGE / "japanese").iterdir()]
    texts = [text for table in tables for text in table]
    assert sorted(text for text in set(texts) if texts.count(text) > 1) == []


def test_a_phrase_is_a_whole_text() -> None:
    """A text that is put together has no place in the table."""
    broken = [
        f"{path.relative_to(PACKAGE)}:{text.lineno}"
        for path in PACKAGE.rglob("*.py")
        for _, text in calls(ast.parse(path.read_text("utf-8")))
        if isinstance(text, ast.JoinedStr | ast.BinOp)
    ]
    assert broken == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_text_for_people_is_a_phrase(path: Path) -> None:
    found = bare_texts(ast.parse(path.read_text("utf-8")))
    assert [f"{line} {text}" for line, text in found if text not in NOT_FOR_PEOPLE] == []


@pytest.mark.parametrize("path", IN_AWS, ids=lambda path: path.name)
def test_what_aws_stores_is_no_phrase(path: Path) -> None:
    assert list(calls(ast.parse(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_each_word_of_a_page_is_in_a_phrase(path: Path) -> None:
    assert set(bare_words(parsed(path.read_text("utf-8")))) == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_only_a_constant_is_a_phrase_of_a_page(path: Path) -> None:
    """A phrase is Markdown. A foreign text goes in as a value, or through the filter of this name (TRU-5)."""
    found = parsed(path.read_text("utf-8")).find_all(nodes.Call)
    phrases_of_page = [one for one in found if one.node == nodes.Name("phrase", "load")]
    assert phrases_of_page
    assert [call for call in phrases_of_page if not isinstance(call.args[0], nodes.Const)] == []


def _found(code: str) -> list[str]:
    return sorted(text for _, text in bare_texts(ast.parse(code)))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('def f(x):\n    """A docstring."""\n    g(phrase("not {y}", y=h("but this")))', ["but this"]),
        ('f"{x or z} is bare"', ["{} is bare"]),
        ('f"{x or yy}"', []),
        # commands, lists and the terminal's styles
        ('f"`npm ci {x} and more`"', []),
        ('f("`npm ci` or else `npm i`")', ["`npm ci` or else `npm i`"]),
        ('A = """\nand any\nas asc\n"""', []),
        ('A = """\nThis is bare,\nthis, too.\n"""', ["\nThis is bare,\nthis, too.\n"]),
        ('f("[bold red]{code}[/] {text}", "bold red", counted(n, "big file"))', []),
        ('f("[red]no markup[/]")', ["[red]no markup[/]"]),
        # patterns and columns of tables
        ('re.compile(r"a pattern", "its text")', ["its text"]),
        ('Refusal("one column", "AWS\'s words", r"a pattern" + codes("or so"), "its text")', ["its text"]),
        # the JSON schema and the reference
        ('Field("the default", description="of the schema", examples=[["or this"]])', ["the default"]),
        ('written(r"the pattern", "the rule is found", "the example")', ["the rule is found"]),
        ('statements("of the schema", "the example")', ["the example"]),
        ('Rule("for the docs", "the needs are found")', ["the needs are found"]),
        ('ArgumentParser(description="the help is found")', ["the help is found"]),
        ('Command("a", "found in help", run, about="not found", failed="not found")', ["found in help"]),
        ('Command(outputs={"x": "not found"}, examples={"not found": "found below it"})', ["found below it"]),
        # an error's short texts
        ('KanmonError(Code.USAGE, f"{x}", fix="Add `--yes`.")', ["Add `--yes`."]),
        ('MistakeError("`x`: 1", fix)', []),
        ('MistakeError(f"{x}: none.", phrase("Remove it."))', ["{}: none."]),
        ('"Add `--yes`."', []),
    ],
)
def test_a_text_that_is_no_phrase_is_found(code: str, found: list[str]) -> None:
    assert _found(code) == found


def test_a_bare_word_of_a_page_is_found() -> None:
    page = (
        '| took {{ x | text }} {{ phrase("not {y}", y=x or "given") }} {{ "chosen" if x else "%d" | f(x) }}'
        ' <b>{{ phrase("this" if x else y) }}</b> {{ "named" | link(x) }} {{ x | join("not") }} ms'
    )
    assert set(bare_words(parsed(page))) == {"took", "given", "chosen", "this", "named"}


@pytest.fixture
def _english_again() -> Iterator[None]:
    yield
    speak({})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_general_fix_of_an_error_is_shown_as_a_phrase(path: Path) -> None:
    """`Code.X.fix` is the English text of the table."""
    tree = ast.parse(path.read_text("utf-8"))
    shown = {id(text) for _, text in calls(tree)}
    fixes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "fix"]
    assert [fix.lineno for fix in fixes if _OF_A_CODE.match(ast.unparse(fix)) and id(fix) not in shown] == []


def test_no_space_follows_a_japanese_sentence() -> None:
    """English has one. A text that is empty leaves none."""
    assert sentences("終わりました。", "(r2)", "", "次へ。", "完了。") == "終わりました。(r2) 次へ。完了。"
    assert sentences("It ended.", "", "Go on.") == "It ended. Go on."


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
