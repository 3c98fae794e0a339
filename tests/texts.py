"""Finds the texts of Kanmon's code and templates that people read, and those that are no phrases."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, nodes

from kanmon import language
from kanmon.codes import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(language.__file__).parent
PAGES = sorted(PACKAGE.rglob("*.md.j2"))
MARKERS = {"phrase", "deferred"}
WORD = re.compile(r"[A-Za-z]{2}")
WORDS = re.compile(r"[A-Za-z]{2,}('[a-z]+)?,? [a-z]{2,}")
LIST = re.compile(r"\n(\w+\s+)+")
"""A list of words, one text over several lines, as for `split`."""
CODE = re.compile("`[^`]+`")
"""A command for a shell, and nothing around it."""
STYLE = r"(?:(?:bold|dim|green|magenta|red|yellow|cyan) ?)+"
MARKUP = re.compile(rf"{STYLE}|\[(?:{STYLE}|/)\]")
"""The styles of the terminal are no words of a text."""
UNITS = {"ms"}

NOT_SHOWN = {"re.compile": (0,), "Refusal": (0, 1, 2, 4)} | dict.fromkeys(MARKERS, (0,))
"""Functions with arguments, by position, that are phrases or that no run shows: patterns, table columns."""
IN_SCHEMA = {"Field": (), "statements": (0,), "written": (0, 2), "Rule": (0,)}
"""The functions that put texts into the config's JSON schema and generated pages, which are English, with the
positions of these texts, beside `description` and `examples`. An error has only an example, as YAML."""
IN_REFERENCE = {"about", "failed", "outputs", "token"}
"""What a `Command` has for the reference and the actions' files alone, which are in English."""
IN_ERROR = {"MistakeError": (0, 1), "KanmonError": (1,), "written": (1,)}
"""The functions that put texts into an error, with the positions of these texts, beside `fix`."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The first argument of each call that takes a text for people, with the function's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and (name := ast.unparse(node.func)) in MARKERS:
            yield name, node.args[0]


def _counted(tree: ast.AST) -> Iterator[ast.expr]:
    """The nouns of `counted`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "counted":
            yield from node.args[1:]


def parsed(page: str) -> nodes.Template:
    """A template of Markdown, with everything that it has to say."""
    return Environment(autoescape=True).parse(page)


def _in_page(tree: nodes.Template) -> Iterator[str]:
    """The phrases of a template of Markdown."""
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "phrase":
            yield call.args[0].as_const()
    for one in tree.find_all(nodes.Filter):
        if one.name == "counted":
            yield "{number} " + one.args[0].as_const()


def phrases() -> dict[str, str]:
    """Every text for people of the code, with its place."""
    found = {text: code.id for code in Code for text in (code.meaning, code.fix)}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for _, text in calls(tree):
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                found[text.value] = f"{path.relative_to(PACKAGE)}:{text.lineno}"
        for noun in _counted(tree):
            found[f"{{number}} {ast.literal_eval(noun)}"] = f"{path.relative_to(PACKAGE)}:{noun.lineno}"
    for path in PAGES:
        found |= dict.fromkeys(_in_page(parsed(path.read_text("utf-8"))), str(path.relative_to(PACKAGE)))
    return found


def _words(node: ast.Constant | ast.JoinedStr) -> str:
    """A text of the code without its values."""
    pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in pieces)


def _at(call: ast.Call, functions: dict[str, tuple[int, ...]]) -> list[ast.expr]:
    """The arguments of a call at the positions of its function."""
    positions = functions.get(ast.unparse(call.func), ())
    return [call.args[index] for index in positions if index < len(call.args)]


def _of_the_reference(command: ast.Call) -> Iterator[ast.expr]:
    """The texts of a `Command` that nobody reads in a terminal, and the command lines of its examples."""
    for keyword in command.keywords:
        if keyword.arg in IN_REFERENCE:
            yield keyword.value
        elif keyword.arg == "examples" and isinstance(keyword.value, ast.Dict):
            yield from filter(None, keyword.value.keys)


def _without_reader(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that are phrases, or that people don't read in a run."""
    name = ast.unparse(call.func)
    yield from _at(call, NOT_SHOWN | IN_SCHEMA)
    if name in IN_SCHEMA:
        yield from (one.value for one in call.keywords if one.arg in {"description", "examples"})
    if name == "Command":
        yield from _of_the_reference(call)
    if name == "counted":
        yield from call.args[1:]


def _hidden(node: ast.AST) -> Iterator[ast.AST]:
    """What is no text of its own below a node, or none for people, or a phrase."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.Call):
        for argument in _without_reader(node):
            yield from ast.walk(argument)


def _in_error(node: ast.AST) -> Iterator[ast.AST]:
    """What an error shows, also a short text such as "Add `{}`."."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in IN_ERROR:
        yield from _at(node, IN_ERROR)
        yield from (one.value for one in node.keywords if one.arg == "fix")


def bare_texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each text with words for people that is no phrase, and its line. A value stands as `{}`."""
    hidden = {id(inner) for node in ast.walk(tree) for inner in _hidden(node)}
    shown = {id(inner) for node in ast.walk(tree) for inner in _in_error(node)}
    for node in ast.walk(tree):
        if id(node) not in hidden and isinstance(node, ast.Constant | ast.JoinedStr):
            text = _words(node)
            pattern = WORD if id(node) in shown else WORDS
            if pattern.search(MARKUP.sub("", text)) and not (LIST.fullmatch(text) or CODE.fullmatch(text)):
                yield node.lineno, text


def bare_words(node: nodes.Node) -> Iterator[str]:
    """The words of a template in no phrase. Arguments of filters and names of files are not shown."""
    match node:
        case nodes.TemplateData(data=text) | nodes.Const(value=str(text)):
            plain = re.sub(r"<[^>]*>|%[.0-9]*[a-z]", "", text)
            yield from set(re.findall("[A-Za-z]+", plain)) - UNITS
        case nodes.Call(node=nodes.Name(name="phrase"), args=[nodes.Const()], kwargs=values):
            for value in values:
                yield from bare_words(value)
        case nodes.Filter(node=nodes.Node() as shown):
            yield from bare_words(shown)
        case nodes.Include():
            pass
        case _:
            for child in node.iter_child_nodes():
                yield from bare_words(child)
