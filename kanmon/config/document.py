"""Reads `kanmon.yml` as YAML with line numbers. It isn't validated yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from kanmon.codes import Code
from kanmon.config.extremes import DEEPEST, refuse_extremes
from kanmon.errors import KanmonError
from kanmon.regular_file import RefusedFileError, TooBigError, read_regular

if TYPE_CHECKING:
    from pathlib import Path

Location = tuple[int | str, ...]
"""The keys and indexes from the root to a value."""
LARGEST = 128 * 1024
"""The greatest size of a config in bytes. Dense YAML of this size takes the library 5 seconds."""
_SHOWN = 200
_OPENING = re.compile(rf"(?:[\[{{]\s*){{{DEEPEST + 1}}}")
"""Opening brackets in a row: the library needs seconds for a thousand of them."""
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

    Raises KanmonError with CONFIG_MISSING, CONFIG_EMPTY, CONFIG_SYNTAX, CONFIG_TOO_BIG or CONFIG_INVALID.
    """
    tree = _parse(_text(path), path)
    if tree is None:
        raise KanmonError(Code.CONFIG_EMPTY, f"{path.name} has no content.", where=str(path), fix=_FIRST)
    if not isinstance(tree, CommentedMap):
        problem = f"{path.name} must be a mapping of keys, such as `app: my-app`."
        raise KanmonError(Code.CONFIG_INVALID, problem, where=f"{path.name}:1", fix=_FIRST)
    document = Document(path.name, tree)
    refuse_extremes(document)
    return document


def _parse(text: str, path: Path) -> Any:  # noqa: ANN401 - YAML can be anything
    reader, root = YAML(typ="rt"), None
    if deep := _OPENING.search(text):
        raise _too_deep(f"{path.name}:{text.count(chr(10), 0, deep.start()) + 1}")
    try:
        root = reader.compose(text)
        if root is None:
            return None
        _refuse_loop(root, path)
        return reader.constructor.construct_document(root)
    except (MarkedYAMLError, ReaderError) as error:
        raise _syntax_error(error, path) from None
    except RecursionError:
        raise _too_deep(str(path)) from None
    except KanmonError:
        raise
    except Exception:  # noqa: BLE001 - its constructors raise anything for an invalid value
        problem, fix = "The YAML has an impossible value.", "Put it in quotes, or correct it."
        where = f"{path.name}:{_impossible_line(root)}"
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=where, fix=fix) from None


def _syntax_error(error: MarkedYAMLError | ReaderError, path: Path) -> KanmonError:
    if isinstance(error, ReaderError):
        problem = f"The YAML has the character {error.character!r}, not allowed in YAML."
        fix = "Remove it, or write it by its code in quotes."
        return KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix)
    mark = error.problem_mark or error.context_mark
    where = f"{path.name}:{mark.line + 1}" if mark else path.name
    cause = error.problem or error.context or ""
    problem = f"The YAML can't be read: {cause}."
    return KanmonError(Code.CONFIG_SYNTAX, problem, where=where, fix=_syntax_fix(cause))


def _too_deep(where: str) -> KanmonError:
    return KanmonError(Code.CONFIG_TOO_BIG, "The config is nested too deep.", where=where, fix=_SYNTAX_FIX)


def _refuse_loop(root: Node, path: Path) -> None:
    """Raise CONFIG_SYNTAX for an alias of something around it: the library merges such a mapping for ever."""
    seen: set[int] = set()
    above: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        node, left = waiting.pop()
        if left:
            above.remove(id(node))
        elif id(node) in above:
            problem, fix = (
                "The YAML contains itself.",
                "Remove the alias inside of its own anchor (`&…`).",
            )
            where = f"{path.name}:{node.start_mark.line + 1}"
            raise KanmonError(Code.CONFIG_SYNTAX, problem, where=where, fix=fix)
        elif id(node) not in seen and not isinstance(node, ScalarNode):
            seen.add(id(node))
            above.add(id(node))
            waiting.append((node, True))
            waiting += [(inner, False) for inner in _inside(node)]


def _inside(node: Node) -> list[Node]:
    """The nodes directly below a node."""
    if isinstance(node, MappingNode):
        return [one for pair in node.value for one in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _text(path: Path) -> str:
    try:
        return read_regular(path, LARGEST).decode()
    except FileNotFoundError:
        raise KanmonError(Code.CONFIG_MISSING, f"There is no {path.name}.", where=str(path)) from None
    except TooBigError as error:
        raise KanmonError(Code.CONFIG_TOO_BIG, f"{path.name} {error}.", where=str(path)) from None
    except RefusedFileError as error:
        problem = f"{path.name} {error}."
    except UnicodeDecodeError:
        problem = f"{path.name} is not a text in UTF-8."
    fix = "Name a text file in UTF-8 with `--config FILE`."
    raise KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix)


def _impossible_line(root: Node | None) -> int:
    """The line of the first impossible value, such as the date `2026-13-45`: the library names none."""
    seen: set[int] = set()
    waiting = [root] if root else []
    while waiting:
        node = waiting.pop()
        if id(node) not in seen and isinstance(node, ScalarNode) and not _possible(node):
            return int(node.start_mark.line) + 1
        seen.add(id(node))
        waiting += reversed(_inside(node))
    return 1


def _possible(node: ScalarNode) -> bool:
    try:
        YAML(typ="rt").constructor.construct_document(node)
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def _syntax_fix(cause: str) -> str:
    return next((fix for words, fix in _SYNTAX_FIXES.items() if words in cause), _SYNTAX_FIX)
