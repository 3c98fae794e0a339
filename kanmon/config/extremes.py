"""Refuses extreme documents before their validation: aliases of aliases, deep nesting, impossible text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.text import cut

if TYPE_CHECKING:
    from kanmon.config.document import Document, Location

DEEPEST = 50
"""The deepest nesting of a config."""
_VALUES, _CHARACTERS = 20_000, 1_000_000
"""The most values and characters of a config, with each alias in full. 200 functions need 2,000 values."""
_SHOWN = 80


class _Size(NamedTuple):
    values: int
    characters: int
    height: int


def refuse_extremes(document: Document) -> None:
    """Raise CONFIG_TOO_BIG, CONFIG_SYNTAX or CONFIG_INVALID with the line of the first extreme."""
    walk = _Walk(document)
    total = _Size(0, 0, 0)
    for key, value in document.tree.items():
        walk.text((), key)
        size = walk.size((key,), value)
        total = _Size(total.values + size.values, total.characters + size.characters, 0)
        if total.values > _VALUES or total.characters > _CHARACTERS:
            problem = (
                f"Up to `{_shown((key,))}`, the config has {total.values:,} values with {total.characters:,} "
                f"characters, each alias in full. Kanmon takes {_VALUES:,} and {_CHARACTERS:,}."
            )
            raise KanmonError(Code.CONFIG_TOO_BIG, problem, where=document.where((key,)))


@dataclass(frozen=True)
class _Walk:
    """Looks at each node once, so aliases of aliases cost nothing."""

    document: Document
    sizes: dict[int, _Size] = field(default_factory=dict)

    def size(self, location: Location, node: Any) -> _Size:  # noqa: ANN401 - YAML can be anything
        if isinstance(node, str):
            self.text(location, node)
            return _Size(1, len(node), 0)
        if not isinstance(node, (dict, list)):
            return _Size(1, 0, 0)
        known = self.sizes.get(id(node))
        if len(location) + (known.height if known else 0) > DEEPEST:
            problem = f"is nested deeper than {DEEPEST} levels"
            self._refuse(location, Code.CONFIG_TOO_BIG, problem, "Write it with fewer levels.")
        if known is None:
            known = self.sizes[id(node)] = self._inner(location, node)
        return known

    def _inner(self, location: Location, node: Any) -> _Size:  # noqa: ANN401 - YAML can be anything
        values, characters, height = 1, 0, 0
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            self.text(location, key)
            one = self.size((*location, key), value)
            values += one.values
            characters += one.characters + (len(key) if isinstance(key, str) else 0)
            height = max(height, one.height + 1)
        return _Size(values, characters, height)

    def text(self, location: Location, text: object) -> None:
        """Refuse half of a surrogate pair: no UTF-8 can hold it. Refuse NUL: no process takes it."""
        if not isinstance(text, str):
            return
        if "\0" in text:
            self._refuse(
                location, Code.CONFIG_INVALID, "has a NUL character", r"Remove `\0` or `\x00` from the text."
            )
        try:
            text.encode()
        except UnicodeEncodeError:
            fix = "Write the whole character, not its codes."
            self._refuse(location, Code.CONFIG_SYNTAX, "has half of a character", fix)

    def _refuse(self, location: Location, code: Code, problem: str, fix: str) -> None:
        named = f"`{_shown(location)}`" if location else "The config"
        raise KanmonError(code, f"{named} {problem}.", where=self.document.where(location), fix=fix)


def _shown(location: Location) -> str:
    return cut(dotted(location), _SHOWN)


def dotted(location: Location) -> str:
    """A location for people: `checks[0].path`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")
