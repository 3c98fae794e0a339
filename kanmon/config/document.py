"""Reads `kanmon.yml` as YAML with line numbers. It isn't validated yet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.composer import MaxDepthExceededError
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from kanmon.codes import Code
from kanmon.config.extremes import DEEPEST, refuse_extremes
from kanmon.documentation import REPOSITORY
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.plain_yaml import numbers_without_dot
from kanmon.regular_file import RefusedFileError, TooBigError, read_regular
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Location = tuple[int | str, ...]
"""The keys and indexes from the root to a value."""
LARGEST = 128 * 1024
"""The greatest size of a config in bytes."""
_NODES = 20_000
"""The most keys and values of a config, as written. The library reads 10,000 of them in a second."""
_SHOWN = 200
_TEXT = "tag:yaml.org,2002:str"
_NAMES = {_TEXT, "tag:yaml.org,2002:merge"}
_LANGUAGE = re.compile(r"""^language:[ \t]+["']?([a-z]+)["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)
_COLON_FIX = deferred(
    "Put a space after each colon, in the line before, too. Put a text with `: ` in quotes."
)
_SYNTAX_FIXES = {
    "'\\t'": deferred("Use spaces instead of tabs."),
    "undefined alias": deferred("Put a text with `*` at its beginning in quotes."),
    "cannot start any token": deferred("Put a text with `@`, `%` or a backtick at its beginning in quotes."),
    "mapping values are not allowed": _COLON_FIX,
    "could not find expected ':'": _COLON_FIX,
    "another document": deferred("Remove the line with `---`: a config is one document."),
    "escape": deferred("In double quotes, write `\\\\` for a backslash. Or use single quotes."),
}
"""The fix for words in the message of the YAML library."""
_FULL_WIDTH = re.compile(r"^[ \t]*(?:[\w-]*\uff1a|[\w-]*:?\u3000)", re.ASCII)
"""A key with the colon or the space of a Japanese keyboard. YAML takes both for letters."""
_FULL_WIDTH_FIX = deferred(
    "This line or the one before has a full-width colon or space. Write both in half width, as `key: value`."
)
_SYNTAX_FIX = deferred(
    "Look at this line and the one before: indent with spaces, close each bracket and each quote, and put "
    "text with `: ` or `{` in quotes."
)


@dataclass(frozen=True)
class Document:
    """A YAML file whose root is a mapping."""

    name: str
    """The file's name."""
    root: MappingNode
    tree: dict[str, Any]
    """The values. A name is text here, as it is written, whatever YAML takes it for."""
    text: str
    odd_names: tuple[Location, ...] = ()
    """The names that YAML doesn't take for text, such as `0755` and `null`."""

    def written(self, location: Location) -> str:
        """A value as it stands in the file. Empty for a missing one, text in quotes, and a block."""
        node = self._found(location)[1]
        if isinstance(node, ScalarNode):
            return node.value if node.style is None else ""
        if not (isinstance(node, CollectionNode) and node.flow_style):
            return ""
        whole = self.text[node.start_mark.index : node.end_mark.index]
        return "" if "\n" in whole else whole

    def has(self, location: Location) -> bool:
        """Whether something is written at a location."""
        return self._found(location)[1] is not None

    def scalars(self) -> Iterator[tuple[Location, ScalarNode]]:
        """The values that are no list and no mapping, with their places."""
        found = ((location, node) for location, _, node in _nodes(self.root))
        return ((location, node) for location, node in found if isinstance(node, ScalarNode))

    def line(self, location: Location) -> int:
        """The line (from 1) of a location, or of its nearest written parent."""
        return self._found(location)[0]

    def _found(self, location: Location) -> tuple[int, Node | None]:
        """The line of a location, or of its nearest parent, and the location's node if it is written."""
        line, node = 1, cast("Node", self.root)
        for part in location:
            found = self._below(node, part)
            if found is None:
                return line, None
            line, node = found
        return line, node

    def _below(self, node: Node, part: int | str) -> tuple[int, Node] | None:
        """The line and the value of a key or an item. Merged keys lie before equal ones: the last counts."""
        if isinstance(node, MappingNode):
            if id(node) not in self._names:
                lines = {key.value: (key.start_mark.line + 1, value) for key, value in node.value}
                self._names[id(node)] = lines
            return self._names[id(node)].get(part)
        if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            return node.value[part].start_mark.line + 1, node.value[part]
        return None

    @cached_property
    def _names(self) -> dict[int, dict[int | str, tuple[int, Node]]]:
        """The names in each mapping that was asked for, with their lines and values."""
        return {}

    def where(self, location: Location) -> str:
        """The place to show, such as `kanmon.yml:12`."""
        return f"{self.name}:{self.line(location)}"


def read_document(path: Path) -> Document:
    """Read a YAML file. Raises the errors of :func:`read_text` and :func:`parse_document`."""
    return parse_document(read_text(path), path)


def language_in(text: str) -> str | None:
    """The language that a config names on a line of its own, also if the rest is no YAML.

    Errors of the YAML can come in this language, then.
    """
    found = _LANGUAGE.search(text)
    return found and found[1]


def parse_document(text: str, path: Path) -> Document:
    """Parse the text of a YAML file.

    Raises KanmonError with CONFIG_EMPTY, CONFIG_SYNTAX, CONFIG_TOO_BIG or CONFIG_INVALID.
    """
    reader = YAML(typ="safe", pure=True)
    root = _composed(reader, text, path)
    first = phrase("Begin with the example of {address}.", address=f"{REPOSITORY}#your-first-release")
    if root is None or root.tag == "tag:yaml.org,2002:null":
        problem = phrase("{name} has no content.", name=path.name)
        raise KanmonError(Code.CONFIG_EMPTY, problem, where=str(path), fix=first)
    if not isinstance(root, MappingNode):
        problem = phrase("{name} must be a mapping of keys, such as `app: my-app`.", name=path.name)
        raise KanmonError(Code.CONFIG_INVALID, problem, where=f"{path.name}:1", fix=first)
    odd_names = tuple(_names_as_text(root))
    with numbers_without_dot():
        refuse_extremes(path.name, root, reader.constructor.construct_object)
        try:
            tree = reader.constructor.construct_document(root)
        except MarkedYAMLError as error:
            raise _syntax_error(error, path, text.splitlines()) from None
    return Document(path.name, root, tree, text, odd_names)


def _names_as_text(root: MappingNode) -> Iterator[Location]:
    """Make each name text, as it is written, and yield the places of those that were something else."""
    for location, name, _ in _nodes(root):
        if isinstance(name, ScalarNode) and name.tag not in _NAMES:
            name.tag = _TEXT
            yield location


def _nodes(root: MappingNode) -> Iterator[tuple[Location, Node | None, Node]]:
    """The nodes from the root down, with their places and names. An item of a list has no name.

    An aliased node comes for each alias, and what is in it once.
    """
    waiting: list[tuple[Location, Node | None, Node]] = [((), None, root)]
    seen = set()
    while waiting:
        location, name, node = waiting.pop()
        yield location, name, node
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            waiting += [((*location, key.value), key, value) for key, value in node.value]
        elif isinstance(node, SequenceNode):
            waiting += [((*location, index), None, item) for index, item in enumerate(node.value)]


def _composed(reader: YAML, text: str, path: Path) -> Node | None:
    """The nodes of a text: their values aren't made yet."""
    reader.max_depth = DEEPEST + 2
    reader.composer.warn_double_anchors = False
    _count_nodes(reader, path)
    root: Node | None = None
    try:
        root = reader.compose(text)
    except MaxDepthExceededError as error:
        where = f"{path.name}:{error.problem_mark.line + 1}"
        problem = phrase("The config is nested too deep.")
        fix = phrase("Write it with at most {most} levels.", most=DEEPEST)
        raise KanmonError(Code.CONFIG_TOO_BIG, problem, where=where, fix=fix) from None
    except (MarkedYAMLError, ReaderError) as error:
        raise _syntax_error(error, path, text.splitlines()) from None
    except KanmonError:
        raise
    except Exception:  # noqa: BLE001 - the library raises anything for a wrong directive or escape
        problem = phrase("The YAML has an impossible value.")
        fix = phrase("Put it in quotes, or correct it.")
        raise KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix) from None
    return root


def _count_nodes(reader: YAML, path: Path) -> None:
    """Stop with CONFIG_TOO_BIG at the first node over the limit, before the rest is scanned."""
    composer = reader.composer
    compose, numbers = composer.compose_node, count(1)

    def counted(parent: Node | None, index: object) -> Node:
        if next(numbers) > _NODES:
            where = f"{path.name}:{composer.parser.peek_event().start_mark.line + 1}"
            problem = phrase(
                "Up to this line, the config has {most:,} keys and values. Kanmon takes no more.", most=_NODES
            )
            raise KanmonError(Code.CONFIG_TOO_BIG, problem, where=where)
        node: Node = compose(parent, index)
        return node

    composer.compose_node = counted


def _syntax_error(error: MarkedYAMLError | ReaderError, path: Path, lines: list[str]) -> KanmonError:
    if isinstance(error, ReaderError):
        problem = phrase(
            "The YAML has the character {character!r}, not allowed in YAML.", character=error.character
        )
        fix = phrase("Remove it, or write it by its code in quotes.")
        return KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix)
    mark = error.problem_mark or error.context_mark
    where = f"{path.name}:{mark.line + 1}" if mark else path.name
    cause = cut(error.problem or error.context or "", _SHOWN)
    problem = phrase("The YAML can't be read: {cause}.", cause=cause)
    near = lines[max(mark.line - 1, 0) : mark.line + 1] if mark else []
    fix = phrase(_FULL_WIDTH_FIX) if any(map(_FULL_WIDTH.search, near)) else _syntax_fix(cause)
    return KanmonError(Code.CONFIG_SYNTAX, problem, where=where, fix=fix)


def read_text(path: Path) -> str:
    """The text of a config. Raises CONFIG_MISSING, CONFIG_TOO_BIG or CONFIG_SYNTAX."""
    try:
        return read_regular(path, LARGEST).decode()
    except FileNotFoundError:
        other = path.with_suffix(".yaml")
        rename = phrase("Rename {name}, or name it with `--config`.", name=other.name)
        fix = rename if other.exists() else None
        problem = phrase("There is no {name}.", name=path.name)
        raise KanmonError(Code.CONFIG_MISSING, problem, where=str(path), fix=fix) from None
    except TooBigError as error:
        problem = phrase("{name} {reason}.", name=path.name, reason=error)
        raise KanmonError(Code.CONFIG_TOO_BIG, problem, where=str(path)) from None
    except RefusedFileError as error:
        problem = phrase("{name} {reason}.", name=path.name, reason=error)
    except UnicodeDecodeError:
        problem = phrase("{name} is not a text in UTF-8.", name=path.name)
    fix = phrase("Name a text file in UTF-8 with `--config FILE`.")
    raise KanmonError(Code.CONFIG_SYNTAX, problem, where=str(path), fix=fix)


def _syntax_fix(cause: str) -> str:
    return phrase(next((fix for words, fix in _SYNTAX_FIXES.items() if words in cause), _SYNTAX_FIX))
