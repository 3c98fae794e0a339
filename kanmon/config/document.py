"""Reads `kanmon.yml` as YAML with line numbers. It isn't validated yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Location = tuple[int | str, ...]
"""The keys and indexes from the root to a value."""
_FIRST = "Begin with the example of https://github.com/kanmon-dev/kanmon#your-first-release."
_SYNTAX_FIXES = {
    "duplicate key": "Remove one of the two.",
    "'\\t'": "Use spaces instead of tabs.",
    "undefined alias": "Put a text with `*` at its beginning in quotes.",
}
"""The fix for words in the message of the YAML library."""
_SYNTAX_FIX = (
    "Look at this line and the one before: indent with spaces, close each bracket and each quote, and put "
    "text with `: ` or `{` in quotes."
)


@dataclass(frozen=True)
class Document:
    """A YAML file whose root is a mapping."""

    name: str
    """The file's name."""
    tree: Any

    def line(self, location: Location) -> int:
        """The line (from 1) of a location, or of its nearest written parent.

        A key merged by `<<` is written elsewhere: its parent's line is the answer.
        """
        node, line = self.tree, 1
        for part in location:
            if isinstance(node, CommentedMap) and part in (node.lc.data or {}):
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line = node.lc.item(part)[0] + 1
            else:
                break
            node = node[part]
        return line

    def where(self, location: Location) -> str:
        """The place to show, such as `kanmon.yml:12`."""
        return f"{self.name}:{self.line(location)}"


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises KanmonError with CONFIG_MISSING, CONFIG_EMPTY, CONFIG_SYNTAX or CONFIG_INVALID.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise KanmonError(Code.CONFIG_MISSING, f"There is no {path.name}.", where=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        problem, fix = (
            f"{path.name} can't be read: {error}.",
            "Name a text file in UTF-8 with `--config FILE`.",
        )
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix) from None
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{path.name}:{mark.line + 1}" if mark else path.name
        cause = error.problem or error.context or ""
        problem, fix = f"The YAML can't be read: {cause}.", _syntax_fix(cause)
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=line, fix=fix) from None
    except YAMLError as error:
        raise KanmonError(Code.CONFIG_SYNTAX, f"The YAML can't be read: {error}.") from None
    except Exception as error:  # noqa: BLE001 - its constructors raise anything for an invalid value
        problem, fix = f"The YAML has an impossible value: {error}.", "Put it in quotes, or correct it."
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix) from None
    if tree is None:
        raise KanmonError(Code.CONFIG_EMPTY, f"{path.name} has no content.", where=str(path), fix=_FIRST)
    if not isinstance(tree, CommentedMap):
        problem = f"{path.name} must be a mapping of keys, such as `app: my-app`."
        raise KanmonError(Code.CONFIG_INVALID, problem, where=f"{path.name}:1", fix=_FIRST)
    document = Document(path.name, tree)
    _refuse_half_characters(document)
    return document


def _refuse_half_characters(document: Document) -> None:
    """Raise CONFIG_SYNTAX for half of a surrogate pair, written by its code: no UTF-8 can hold it."""
    for location, text in _texts(document.tree):
        try:
            text.encode()
        except UnicodeEncodeError:
            problem, fix = "The text has half of a character.", "Write the whole character, not its codes."
            raise KanmonError(Code.CONFIG_SYNTAX, problem, where=document.where(location), fix=fix) from None


def _texts(tree: CommentedMap) -> Iterator[tuple[Location, str]]:
    """All texts of a tree, names of keys included, with their places. An alias is looked at once."""
    seen: set[int] = set()
    waiting: list[tuple[Location, Any]] = [((), tree)]
    while waiting:
        location, node = waiting.pop()
        if isinstance(node, str):
            yield location, node
        elif isinstance(node, (CommentedMap, CommentedSeq)) and id(node) not in seen:
            seen.add(id(node))
            pairs = node.items() if isinstance(node, CommentedMap) else enumerate(node)
            for key, value in pairs:
                waiting += [((*location, key), key), ((*location, key), value)]


def _syntax_fix(cause: str) -> str:
    return next((fix for words, fix in _SYNTAX_FIXES.items() if words in cause), _SYNTAX_FIX)
