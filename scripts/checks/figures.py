"""Measures the house: lengths, names used twice, relative pronouns in texts.

`python -m scripts.checks.figures [FOLDER]` measures a checkout, this one by default; with `--since COMMIT`
also the commits after it. Two checkouts of different times can be compared.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROOT = Path(__file__).resolve().parents[2]
_PRONOUN = re.compile(r"\b(?:that|which|who|whom|whose|what)\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")
_SUBJECT = 72
_OWN_CODE = ("kanmon", "embedded", "demo", "tests", "scripts", "benchmarks", "verification")
# Their modules are named like something else: a section of the config, a template, a command. They are no own
# names. tests/unit/test_architecture.py looks at them one by one.
_NAMED_BY_OTHERS = ("config/", "templates/", "cli/commands/")


@dataclass(frozen=True)
class Figures:
    """The measures of one checkout."""

    modules: list[int]
    """Lines of each module of the package."""
    functions: list[int]
    """Lines of each function of the package."""
    types_twice: list[str]
    modules_twice: list[str]
    exceptions: int
    """Imports against the rule, allowed by the import test."""
    prose: dict[str, tuple[int, int]]
    """Words and relative pronouns of each kind of text."""
    lines: dict[str, int]
    """Lines of Python by top-level folder."""


def main() -> int:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("folder", nargs="?", type=Path, default=_ROOT)
    parser.add_argument("--since", metavar="COMMIT", default="")
    given = parser.parse_args()
    for name, value in _rows(measure(given.folder)):
        sys.stdout.write(f"{name:<48} {value}\n")
    if given.since:
        subjects = _git(given.folder, "log", "--format=%s", f"{given.since}..HEAD").splitlines()
        long = sum(len(subject) > _SUBJECT for subject in subjects)
        sys.stdout.write(f"{'commit subjects over 72 characters':<48} {long} of {len(subjects)}\n")
        changed = _git(given.folder, "diff", "--shortstat", given.since, "HEAD", "--", "*.py", "*.j2")
        sys.stdout.write(f"{'lines of code and templates since then':<48} {changed.strip()}\n")
    return 0


def measure(root: Path) -> Figures:
    """The figures of a checkout."""
    package = root / "kanmon"
    trees = {path: ast.parse(path.read_text("utf-8")) for path in _python(package)}
    return Figures(
        modules=[len(path.read_text("utf-8").splitlines()) for path in trees],
        functions=[
            (node.end_lineno or node.lineno) - node.lineno + 1
            for tree in trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ],
        types_twice=_twice(name for tree in trees.values() for name in _types(tree)),
        modules_twice=_twice(path.stem for path in trees if _names_itself(path.relative_to(package))),
        exceptions=_exceptions(root),
        prose={kind: _pronouns(texts) for kind, texts in _prose(root).items()},
        lines={
            folder: sum(len(path.read_text("utf-8").splitlines()) for path in _python(root / folder))
            for folder in _OWN_CODE
            if (root / folder).is_dir()
        },
    )


def _rows(figures: Figures) -> Iterator[tuple[str, str]]:
    for name, lengths in (("module", figures.modules), ("function", figures.functions)):
        middle, slow = statistics.median(lengths), sorted(lengths)[len(lengths) * 95 // 100]
        yield f"lines of a {name}: median, 95 %, longest", f"{middle:g}, {slow}, {max(lengths)}"
    yield "modules, functions", f"{len(figures.modules)}, {len(figures.functions)}"
    yield "type names that exist twice", _counted(figures.types_twice)
    yield "module names that exist twice (own names)", _counted(figures.modules_twice)
    yield "exceptions in the import test", str(figures.exceptions)
    for kind, (words, pronouns) in figures.prose.items():
        share = 100 * pronouns / max(1, words)
        yield f"relative pronouns, % of {kind}", f"{share:.2f} ({pronouns} of {words})"
    yield "lines of Python", ", ".join(f"{folder} {count}" for folder, count in figures.lines.items())


def _counted(names: list[str]) -> str:
    return f"{len(names)} {' '.join(names)}".rstrip()


def _python(folder: Path) -> list[Path]:
    hidden = {"node_modules", "__pycache__", "build"}
    return sorted(path for path in folder.rglob("*.py") if not hidden & set(path.parts))


def _types(tree: ast.Module) -> Iterator[str]:
    """Public classes and type aliases of a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            yield from re.findall(r"^[A-Z]\w*[a-z]\w*$", target.id)


def _names_itself(path: Path) -> bool:
    return not path.stem.startswith("__") and not path.as_posix().startswith(_NAMED_BY_OTHERS)


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _exceptions(root: Path) -> int:
    test = (root / "tests/unit/test_architecture.py").read_text("utf-8")
    found = re.search(r"^ALLOWED[^=]*= \{(.*?)^\}", test, re.MULTILINE | re.DOTALL)
    if found is None:
        return 0
    # The first version listed imports of the lowest tier as exceptions.
    return len(re.findall(r'^    \("(?!(?:aws|config|github)", "errors")', found[1], re.MULTILINE))


def _prose(root: Path) -> dict[str, list[str]]:
    """Every kind of text for people."""
    package, actions = root / "kanmon", root / "actions"
    trees = {path: ast.parse(path.read_text("utf-8")) for path in _python(package)}
    rooms = sorted({_room(path.relative_to(package)) for path in trees})
    texts = {
        "docs": [_without_code(path) for path in [*root.glob("*.md"), *(root / "docs").rglob("*.md")]],
        "actions' READMEs": [_without_code(path) for path in actions.rglob("*.md")],
        "workflows": [text for path in _workflows(root) for text in _yaml_texts(path.read_text("utf-8"))],
        "docstrings of kanmon": [text for tree in trees.values() for text in _docstrings(tree)],
    }
    for folder in ("scripts", "tests"):
        parsed = (ast.parse(path.read_text("utf-8")) for path in _python(root / folder))
        texts[f"docstrings of {folder}"] = [text for tree in parsed for text in _docstrings(tree)]
    for room in rooms:
        inside = (tree for path, tree in trees.items() if _room(path.relative_to(package)) == room)
        texts[f"messages of {room}"] = [text for tree in inside for text in _messages(tree)]
    return {kind: found for kind, found in texts.items() if found}


def _pronouns(texts: list[str]) -> tuple[int, int]:
    words = sum(len(_WORD.findall(text)) for text in texts)
    return words, sum(len(_PRONOUN.findall(text)) for text in texts)


def _without_code(path: Path) -> str:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"`[^`]*`", "", text)


def _workflows(root: Path) -> list[Path]:
    return [*root.glob(".github/workflows/*.yml"), *root.glob("workflows/*.yml")]


def _yaml_texts(content: str) -> list[str]:
    """The comments and the descriptions of a workflow file, without pins."""
    return re.findall(r"(?:(?:^|\s)#|description:)\s+(?!v\d)(.*)", content)


def _messages(tree: ast.Module) -> Iterator[str]:
    """The literals with a space, besides docstrings: help texts, descriptions, messages, fixes."""
    docstrings = set(_docstrings(tree))
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and " " in text.strip() and inspect.cleandoc(text) not in docstrings:
            yield text


def _room(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def _docstrings(tree: ast.Module) -> Iterator[str]:
    """Those of modules, classes and functions, and the texts below fields and constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from filter(None, [ast.get_docstring(node)])
            for statement in node.body[1:]:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    yield inspect.cleandoc(str(statement.value.value))


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
