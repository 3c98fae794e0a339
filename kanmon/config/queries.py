"""Queries of smoke checks: JMESPath on answers that nobody can foresee, so their work is bounded."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import jmespath
from jmespath import functions, visitor
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from pydantic import AfterValidator, Field

from kanmon.config.section import MistakeError
from kanmon.language import phrase
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST = 1000
_MOST_COPIES = 100
"""How often a query may copy an answer: `[a, b]` makes two, and each `|` multiplies them."""
_MOST_WORK = 1_000_000
"""The steps of an evaluation, and the elements and characters that it reads or makes: about a second."""


def query(expression: str, document: object) -> tuple[Any, str]:
    """The value of a JMESPath expression in a document, and the problem, if it has none there."""
    try:
        return _Interpreter().visit(jmespath.compile(expression).parsed, document), ""
    except _TooMuchWorkError:
        return None, phrase(
            "{expression} is too much work with this answer: ask for a smaller part of it",
            expression=expression,
        )
    except JMESPathTypeError as error:
        # Its own text has the whole value.
        return None, phrase(
            "{expression} can't be evaluated: {function}() takes {types}, and got {actual}",
            expression=expression,
            function=error.function_name,
            types=phrase(" or ").join(error.expected_types),
            actual=error.actual_type,
        )
    except JMESPathError as error:
        return None, phrase("{expression} can't be evaluated: {error}", expression=expression, error=error)
    except Exception:  # noqa: BLE001 - `ceil` of an infinite number raises OverflowError, for example
        return None, phrase(
            "{expression} can't be evaluated with the values of this answer", expression=expression
        )


def shown(value: object, length: int) -> str:
    """The beginning of a value, as JSON. A value can be much larger than the answer that it comes from."""
    text = ""
    for piece in json.JSONEncoder().iterencode(value):
        text += piece
        if len(text) > length:
            break
    return cut(text, length)


class _TooMuchWorkError(Exception):
    """The evaluation would go on for too long."""


class _Work:
    """What an evaluation may still do."""

    def __init__(self) -> None:
        self.left = _MOST_WORK

    def spend(self, units: int) -> None:
        self.left -= units
        if self.left < 0:
            raise _TooMuchWorkError


class _Functions(functions.Functions):
    """JMESPath's functions. Each one reads its arguments once; two of them make more than they read."""

    def __init__(self, work: _Work) -> None:
        self.work = work

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:  # noqa: ANN401 - any JSON
        arguments = list(resolved_args)
        self.work.spend(sum(len(one) for one in arguments if isinstance(one, (list, dict, str))))
        match function_name, arguments:
            case "join", [str(glue), list(pieces)]:
                self.work.spend(sum(len(glue) + len(piece) for piece in pieces if isinstance(piece, str)))
            case "to_string", [list() | dict() as value]:
                for piece in json.JSONEncoder().iterencode(value):
                    self.work.spend(len(piece))
        return super().call_function(function_name, arguments)


class _Interpreter(visitor.TreeInterpreter):
    """JMESPath's evaluation, with an end. Its author's way to add functions is a subclass, too."""

    def __init__(self) -> None:
        self.work = _Work()
        super().__init__(visitor.Options(custom_functions=_Functions(self.work)))

    def visit(self, node: Any, *values: Any) -> Any:  # noqa: ANN401 - jmespath has no types
        self.work.spend(1)
        return super().visit(node, *values)

    def visit_flatten(self, node: Any, value: Any) -> Any:  # noqa: ANN401 - jmespath has no types
        pieces = self.visit(node["children"][0], value)
        if isinstance(pieces, list):
            self.work.spend(sum(len(piece) if isinstance(piece, list) else 1 for piece in pieces))
        evaluated = node["children"][0] | {"type": "literal", "value": pieces}
        return super().visit_flatten(node | {"children": [evaluated]}, value)

    def visit_slice(self, node: Any, value: Any) -> Any:  # noqa: ANN401 - jmespath has no types
        found = super().visit_slice(node, value)
        self.work.spend(len(found or ()))
        return found


def _query(value: str) -> str:
    if len(value) > _LONGEST:
        raise MistakeError(
            phrase("It has {length} characters, more than {longest}.", length=len(value), longest=_LONGEST),
            phrase("Make it shorter."),
        )
    try:
        parsed = jmespath.compile(value).parsed
        json.dumps(parsed, ensure_ascii=False).encode()
        copies = _copies(parsed)
    except (JMESPathError, ValueError, RecursionError):
        raise MistakeError(
            phrase("It is not a JMESPath expression."),
            phrase("Write, for example, `status` or `items[0].name`."),
        ) from None
    if copies > _MOST_COPIES:
        raise MistakeError(
            phrase(
                "It can copy the answer {copies} times, and Kanmon takes {most}.",
                copies=copies,
                most=_MOST_COPIES,
            ),
            phrase("Write fewer entries into its `[…, …]` and `{…, …}`, or several expressions."),
        )
    return value


def _copies(node: Any) -> int:  # noqa: ANN401 - jmespath's tree has no types
    """How often a query can copy its document: the product of the entries of all its lists and mappings."""
    return math.prod(len(one["children"]) for one in _nodes(node) if one["type"].startswith("multi_select"))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _nodes(child)


JmesPath = Annotated[str, Field(examples=["status"]), AfterValidator(_query)]
"""A JMESPath expression."""
