"""Refuses extreme YAML before values are made of it: here, an alias or a `<<` costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.text import cut

if TYPE_CHECKING:
    from kanmon.config.document import Location

DEEPEST = 50
"""The deepest nesting of a config."""
_VALUES, _CHARACTERS = 20_000, 1_000_000
"""The most values and characters of a config, with each alias in full. 200 functions need 2,000 values."""
_SHOWN, _SHORT = 80, 20
_STANDARD = "tag:yaml.org,2002:"
_KINDS = {_STANDARD + kind for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}
"""The tags of plain YAML: https://yaml.org/spec/1.2.2/#103-core-schema, and a date."""
_SIGNS = {f"{_STANDARD}value", f"{_STANDARD}merge"}
_INTEGER = 2**64
"""The first integer without room in 64 bits. Python writes none of over 4,300 digits, and JSON is text."""
_DIGITS = 100
"""More characters than 64 bits need in any notation. Sexagesimal digits take the library seconds."""

Make = Callable[[ScalarNode], Any]
"""Makes the value of a scalar. Raises anything for an impossible one."""


class _Size(NamedTuple):
    values: int
    characters: int
    height: int


def refuse_extremes(name: str, root: MappingNode, make: Make) -> None:
    """Raise CONFIG_TOO_BIG, CONFIG_SYNTAX or CONFIG_INVALID with the line of the first extreme.

    The library needs minutes for some of them: it compares all mappings that merge the same one, copies a
    merged mapping each time, and writes both values of a key into an error.
    """
    walk = _Walk(name, make)
    total = _Size(0, 0, 0)
    for key, value in walk.entries((), root):
        size = walk.size((key.value,), value)
        total = _Size(total.values + size.values, total.characters + size.characters, 0)
        if total.values > _VALUES or total.characters > _CHARACTERS:
            problem = phrase(
                "Up to `{place}`, the config has {values:,} values with {characters:,} "
                "characters, each alias in full. Kanmon takes {most:,} and {longest:,}.",
                place=_shown((key.value,)),
                values=total.values,
                characters=total.characters,
                most=_VALUES,
                longest=_CHARACTERS,
            )
            raise KanmonError(Code.CONFIG_TOO_BIG, problem, where=walk.where(key))


@dataclass(frozen=True)
class _Walk:
    """Looks at each node once, so aliases of aliases cost nothing."""

    name: str
    make: Make
    sizes: dict[int, _Size] = field(default_factory=dict)
    above: set[int] = field(default_factory=set)

    def size(self, location: Location, node: Node) -> _Size:
        """The size of a node with each alias in full."""
        if isinstance(node, ScalarNode):
            self._value(location, node)
            return _Size(1, len(node.value), 0)
        if id(node) in self.above:
            problem = deferred("{place} contains itself.")
            fix = phrase("Remove the alias inside of its own anchor (`&…`).")
            self._refuse(location, node, Code.CONFIG_SYNTAX, problem, fix)
        known = self.sizes.get(id(node))
        if len(location) + (known.height if known else 0) > DEEPEST:
            problem = deferred("{place} is nested deeper than {levels} levels.")
            fix = phrase("Write it with fewer levels.")
            self._refuse(location, node, Code.CONFIG_TOO_BIG, problem, fix, levels=DEEPEST)
        if known is None:
            self.above.add(id(node))
            known = self.sizes[id(node)] = self._inner(location, node)
            self.above.remove(id(node))
        return known

    def _inner(self, location: Location, node: Node) -> _Size:
        values, characters, height = 1, 0, 0
        for part, value in self._children(location, node):
            one = self.size((*location, part), value)
            values += one.values
            characters += one.characters + (len(part) if isinstance(part, str) else 0)
            height = max(height, one.height + 1)
        return _Size(values, characters, height)

    def _children(self, location: Location, node: Node) -> Iterator[tuple[int | str, Node]]:
        if isinstance(node, MappingNode):
            return ((key.value, value) for key, value in self.entries(location, node))
        self._refuse_tag(location, node)
        return enumerate(node.value)

    def entries(self, location: Location, node: MappingNode) -> Iterator[tuple[ScalarNode, Node]]:
        """The keys and values of a mapping. Each key is a scalar, and there once."""
        self._refuse_tag(location, node)
        seen = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                problem = deferred("{place} has a list or a mapping as a key.")
                fix = phrase("Write the key as text.")
                self._refuse(location, key, Code.CONFIG_INVALID, problem, fix)
            made = key.value if key.tag == f"{_STANDARD}merge" else self._value(location, key)
            if made in seen:
                problem, fix = (
                    deferred("{place} has the key `{key}` twice."),
                    phrase("Remove one of the two."),
                )
                self._refuse(location, key, Code.CONFIG_SYNTAX, problem, fix, key=cut(key.value, _SHOWN))
            seen.add(made)
            yield key, value

    def _value(self, location: Location, node: ScalarNode) -> object:
        self._refuse_tag(location, node)
        self._refuse_text(location, node)
        integer = node.tag == f"{_STANDARD}int"
        if integer and len(node.value) > _DIGITS:
            self._refuse_integer(location, node)
        try:
            value = self.make(node)
        except Exception:  # noqa: BLE001 - the library's constructors raise anything for an invalid value
            problem = deferred("{place} has an impossible value.")
            fix = phrase("Put it in quotes, or correct it.")
            self._refuse(location, node, Code.CONFIG_SYNTAX, problem, fix)
        if integer and abs(value) >= _INTEGER:
            self._refuse_integer(location, node)
        return value

    def _refuse_integer(self, location: Location, node: ScalarNode) -> NoReturn:
        problem = deferred("{place} has the integer `{integer}`, too large for 64 bits.")
        fix = phrase("Write a smaller integer, or text in quotes.")
        self._refuse(location, node, Code.CONFIG_INVALID, problem, fix, integer=cut(node.value, _SHORT))

    def _refuse_tag(self, location: Location, node: Node) -> None:
        """Refuse `!secret`, `!!set` and `!!binary`: no key needs them. A lone `=` or `<<` has a tag, too."""
        if isinstance(node, ScalarNode) and node.tag in _SIGNS and node.style is None:
            problem = deferred("{place} is `{sign}`, a sign of YAML.")
            fix = phrase('Put it in quotes: `"{sign}"`.', sign=node.value)
            self._refuse(location, node, Code.CONFIG_SYNTAX, problem, fix, sign=node.value)
        if node.tag not in _KINDS:
            problem = deferred("{place} has the tag `{tag}`.")
            fix = phrase("Remove the tag. Put the text in quotes.")
            tag = cut(str(node.tag).replace(_STANDARD, "!!"), _SHOWN)
            self._refuse(location, node, Code.CONFIG_SYNTAX, problem, fix, tag=tag)

    def _refuse_text(self, location: Location, node: ScalarNode) -> None:
        """Refuse half of a surrogate pair: no UTF-8 can hold it. Refuse NUL: no process takes it."""
        if "\0" in node.value:
            problem = deferred("{place} has a NUL character.")
            fix = phrase(r"Remove `\0` or `\x00` from the text.")
            self._refuse(location, node, Code.CONFIG_INVALID, problem, fix)
        try:
            node.value.encode()
        except UnicodeEncodeError:
            problem = deferred("{place} has half of a character.")
            fix = phrase("Write the whole character, not its codes.")
            self._refuse(location, node, Code.CONFIG_SYNTAX, problem, fix)

    def _refuse(
        self, location: Location, node: Node, code: Code, problem: str, fix: str, **values: str | int
    ) -> NoReturn:
        """Raise the error. `problem` is a text of the table, with the place and the values."""
        place = f"`{_shown(location)}`" if location else phrase("The config")
        raise KanmonError(code, phrase(problem, place=place, **values), where=self.where(node), fix=fix)

    def where(self, node: Node) -> str:
        """The place to show, such as `kanmon.yml:12`."""
        return f"{self.name}:{node.start_mark.line + 1}"


def _shown(location: Location) -> str:
    return cut(dotted(location), _SHOWN)


def dotted(location: Location) -> str:
    """A location for people: `checks[0].path`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")
