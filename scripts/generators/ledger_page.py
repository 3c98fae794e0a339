"""docs/reference/ledger.md: the ledger's objects and their fields, from the records and their docstrings."""

from __future__ import annotations

import inspect
import re
from datetime import datetime
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

from kanmon.codes import Code
from kanmon.ledger.ledger import DOCUMENTS
from kanmon.ledger.records import VERSION, Fenced
from kanmon.model import Record, Step
from kanmon.naming import PLANNED, THREADS, ledger_folder
from kanmon.release.transitions import TABLE
from scripts.generators.tables import NOTE, meanings, table

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPHINX = re.compile(r":\w+:`([\w.]+)`")
_REQUIREMENT = re.compile(r" \([A-Z]+-\d+\)")
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", datetime: "time"}
_HEAD = f"""\
# The ledger

{NOTE}
The ledger is the record of an environment: its releases, its operations, its lease. It lies as JSON in the
artifact bucket `<app>-kanmon-<account>-<region>`, below `{ledger_folder("<env>")}`. For questions, use
[`kanmon status`](commands.md#status) and [`kanmon history`](commands.md#history): both print JSON, too.

Never change an object by hand: a run with the lease would refuse to go on, and a rollback's approval would
not fit.

- **Version.** Every object has `version`, now {VERSION}. Kanmon reads this version and all before it, and
  ignores fields it does not know. It refuses a newer version ({Code.LEDGER_UNREADABLE.id}): update Kanmon.
- **Writes.** Each write is conditional on the object's entity tag, so none is lost.
- A **time** is in UTC, as in ISO 8601: `2026-01-02T12:00:00Z`.
- Optional fields have a default. An object written before the field was added has none of it.

## Objects

The examples are of the release `r42` and the operation 7.
"""


def ledger_page() -> str:
    """The page."""
    rows = [
        (f"`{key}`", f"[{kind.__name__}](#{kind.__name__.lower()})", _writer(key, kind))
        for key, kind in DOCUMENTS.items()
    ]
    lines = [_HEAD, *table(("object", "record", "written by"), rows)]
    for kind in _kinds():
        lines += [f"## {kind.__name__}", "", _first_paragraphs(kind), ""]
        lines += _values(kind) if issubclass(kind, StrEnum) else _fields(kind)
    return "\n".join(lines)


def _writer(key: str, kind: type[Record]) -> str:
    if key.startswith(PLANNED):
        return "the plan, once: it takes the id"
    if key.startswith(THREADS):
        return "`kanmon notify`, with the plan role or the deploy role"
    if issubclass(kind, Fenced):
        return "the run with the lease, with the deploy role"
    return "`kanmon promote`, `abort`, `recover`, `rollback`, beside the run with the lease"


def _kinds() -> list[type[Record] | type[StrEnum]]:
    """The objects' records, then all records and enumerations in their fields, each once."""
    found: list[type[Record] | type[StrEnum]] = list(DOCUMENTS.values())
    for kind in found:
        if issubclass(kind, Record):
            inner = [one for field in kind.model_fields.values() for one in _inner(field.annotation)]
            found += [one for one in dict.fromkeys(inner) if one not in found]
    return found


def _inner(annotation: Any) -> Iterator[type[Record] | type[StrEnum]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, Record | StrEnum):
        yield annotation
    for one in get_args(annotation):
        yield from _inner(one)


def _fields(kind: type[Record]) -> list[str]:
    texts = meanings(kind)
    rows = []
    for name, field in kind.model_fields.items():
        value = _kind(field.annotation) + ("" if field.is_required() else ", optional")
        rows.append((f"`{name}`", value, texts[name]))
    return table(("field", "value", "meaning"), rows)


def _values(kind: type[StrEnum]) -> list[str]:
    texts = {one.name: f"It {TABLE[one].does}." for one in Step} if kind is Step else meanings(kind)
    return table(("value", "meaning"), [(f"`{one.value}`", texts[one.name]) for one in kind])


def _kind(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    """The kind of value, in the words of a user."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Record | StrEnum):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return " or ".join("`null`" if one is NoneType else _kind(one) for one in inner)
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return f"{_kind(inner[1])} for each {'name' if inner[0] is str else _kind(inner[0])}"
    raise TypeError(annotation)


def _first_paragraphs(kind: type) -> str:
    text = inspect.cleandoc(kind.__doc__ or "").partition("; see :class:")[0].rstrip(".") + "."
    return _REQUIREMENT.sub("", _SPHINX.sub(r"`\1`", text))
