"""Validates `kanmon.yml`: each error has its line and a fix."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from kanmon.codes import Code
from kanmon.config.blocks import KEY, configs_of, place_in_block
from kanmon.config.differing import refused_blocks, refused_differences
from kanmon.config.document import Document, read_document
from kanmon.config.mistakes import causes, explanation, place_of
from kanmon.config.schema import Config
from kanmon.config.traps import traps
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.text import cut, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from kanmon.config.document import Location

_LINE = 80
"""The greatest number of characters from a name in a message."""
_SHOWN = 20
"""The most mistakes in one message."""
_ENOUGH = 100
"""After so many wrong values, no further environment is looked at: each could have as many."""


class _Mistake(NamedTuple):
    place: Location
    line: int
    words: Callable[[], tuple[str, str]]
    """Gives the problem and its fix. Only those that are shown need the time for it."""
    unknown: bool = False
    """No key of Kanmon is there."""


def load_config(path: Path, environment: str = "") -> Config:
    """Read and validate a config file; the config of one of its environments. See :func:`chosen`.

    Raises the errors of :func:`kanmon.config.document.read_document`, :func:`validate` and :func:`chosen`.
    """
    return chosen(validate(read_document(path)), environment)


def chosen(configs: Mapping[str, Config], name: str) -> Config:
    """The config of an environment; the first one of the file without a name. Raises USAGE."""
    if name in configs or not name:
        return configs[name or next(iter(configs))]
    problem = phrase("The config has no environment {name}.", name=cut(name, _LINE))
    raise KanmonError(Code.USAGE, problem, fix=phrase("Name one of {names}.", names=", ".join(configs)))


def validate(document: Document) -> dict[str, Config]:
    """The config of each environment in a document, by the environment's name, in the file's order.

    Raises KanmonError with CONFIG_INVALID or CONFIG_UNKNOWN_KEY. One error names all wrong values of all
    environments.
    """
    configs: dict[str, Config] = {}
    errors: dict[str, list[ErrorDetails]] = {}
    for name, tree in configs_of(document).items():
        try:
            config = Config.model_validate(tree)
            configs[config.environment] = config
        except ValidationError as error:
            errors[name] = causes(error.errors(include_url=False))
            if sum(map(len, errors.values())) > _ENOUGH:
                break
    found = _mistakes(document, errors, configs)
    if not found:
        return configs
    code = Code.CONFIG_UNKNOWN_KEY if all(one.unknown for one in found) else Code.CONFIG_INVALID
    shown = [(f"{document.name}:{one.line}", *one.words()) for one in found[:_SHOWN]]
    if len(found) == 1:
        [(where, problem, fix)] = shown
        raise KanmonError(code, problem, where=where, fix=fix)
    lines = [
        one_line(phrase("{where}: {problem} {fix}", where=where, problem=problem, fix=fix))
        for where, problem, fix in shown
    ]
    raise KanmonError(code, "\n".join([*lines, _total(len(found))]), where=document.name)


def _total(number: int) -> str:
    if number > _SHOWN:
        return phrase("{number} keys are wrong. The first {shown} are shown.", number=number, shown=_SHOWN)
    return phrase("{number} keys are wrong.", number=number)


def _mistakes(
    document: Document, errors: Mapping[str, list[ErrorDetails]], configs: Mapping[str, Config]
) -> list[_Mistake]:
    """All mistakes, in the order of the file. A wrong value is no trap as well."""
    found = [*_of_environments(document, errors, len(errors) + len(configs))]
    given = [*traps(document), *refused_blocks(document)]
    if not found and not given:
        given += refused_differences(document, configs)
    wrong = {one.place for one in found}
    for place, problem, fix in given:
        if place not in wrong:
            found.append(_Mistake(place, document.line(place), partial(_both, problem, fix)))
    return sorted(found, key=lambda one: one.line)


def _of_environments(
    document: Document, errors: Mapping[str, list[ErrorDetails]], number: int
) -> Iterator[_Mistake]:
    """The wrong values of all environments, each once. One of some environments names the first of them."""
    users: dict[tuple[Location, str, str], list[tuple[str, ErrorDetails]]] = {}
    for name, some in errors.items():
        for error in some:
            if name and error["loc"] == ("environment",):
                continue  # the name of its block is wrong, and an error of its own
            place = place_of(error)
            written = place_in_block(document, name, place)
            block = written[: len(written) - len(place)]
            own: ErrorDetails = {**error, "loc": (*block, *error["loc"])}
            users.setdefault((written, error["type"], error["msg"]), []).append((name, own))
    for (place, kind, _), same in users.items():
        name, error = same[0]
        rest = len(same) < number and place[:1] != (KEY,)
        words = partial(_words_of, document, error, place, name if rest else "")
        yield _Mistake(place, document.line(place), words, unknown=kind == "extra_forbidden")


def _words_of(document: Document, error: ErrorDetails, place: Location, environment: str) -> tuple[str, str]:
    problem, fix = explanation(error, document.written(place))
    if environment:
        problem = phrase("In the environment {name}: {problem}", name=environment, problem=problem)
    return problem, fix


def _both(problem: str, fix: str) -> tuple[str, str]:
    return problem, fix
