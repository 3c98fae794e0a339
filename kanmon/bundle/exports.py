"""Finds by reading alone that a source file lacks the name in a handler.

Never wrong: a file that might get the name while it runs, has it.
"""

from __future__ import annotations

import ast
import re
import warnings

# Code that can give a module names without writing them.
_DYNAMIC = frozenset(
    {"exec", "eval", "globals", "locals", "vars", "setattr", "modules", "__dict__", "__getattr__"}
)
# JavaScript that exports what it doesn't name: all of another module, or the object of exports handed on.
_HANDED_ON = re.compile(r"export\s*\*|\bmodule\b|\bexports\b(?!\s*\.\s*[\w$])|\bthis\b(?!\s*\.)|\beval\b|\\u")
_MARK = re.compile(r"Object\.defineProperty\(exports, *.__esModule.")


def python_lacks(source: bytes, name: str) -> bool:
    """Whether a Python module has no such name. One that this Python can't read, may have it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = {name for node in ast.walk(tree) for name in _names(node)}
    return name not in names and "*" not in names and not names & _DYNAMIC


def _names(node: ast.AST) -> tuple[str, ...]:
    """The names in one node. Those inside functions count too: `global` makes them the module's."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.alias(name=name, asname=other):
            return (other or name.partition(".")[0],)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case _:
            return ()


def javascript_lacks(source: bytes, name: str) -> bool:
    """Whether a JavaScript module exports no such name: it isn't written there, and nothing is handed on."""
    text = _MARK.sub("", source.decode(errors="replace"))
    return name not in text and not _HANDED_ON.search(text)
