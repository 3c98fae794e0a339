"""Reads the definitions of state machines, and refuses invalid ones at build time.

Without this, Step Functions would refuse them later, during the stack update.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

import hashlib
import json
import shlex
from typing import TYPE_CHECKING, Any

from kanmon.bundle.integrations import impossible_waits, missing_permissions
from kanmon.bundle.manifest import StateMachineDefinition
from kanmon.codes import Code
from kanmon.config.placeholders import names_in
from kanmon.config.substitution import PSEUDO, constants, slot_values, source
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.regular_file import RefusedFileError, TooBigError, read_regular
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kanmon.config.schema import Config
    from kanmon.config.state_machines import StateMachine

_TYPES = frozenset({"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"})
_ENDS = frozenset({"Succeed", "Fail"})
_RULES = ("Choices", "Catch")
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_LARGEST = 1024 * 1024
_SHOWN = 200


def copy_state_machines(config: Config, project: Path, staged: Path) -> dict[str, StateMachineDefinition]:
    """Copy every state machine's definition into the bundle, as it is.

    Raises ARTIFACT_MISSING, UNSAFE_PATH or STATE_MACHINE_INVALID.
    """
    copied = {}
    for name, machine in config.state_machines.items():
        where = f"state_machines.{name}.definition: {machine.definition}"
        content = _read(project, project / machine.definition, where)
        functions, values = _named(content, config, machine, where)
        definition = StateMachineDefinition(
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            functions=functions,
            values=values,
        )
        target = staged / definition.path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
        copied[name] = definition
    return copied


def _read(project: Path, path: Path, where: str) -> bytes:
    if not path.exists():
        problem = phrase("The definition is not there after the build.")
        raise KanmonError(Code.ARTIFACT_MISSING, problem, where=where)
    if path.is_dir():
        problem = phrase("The definition is a folder, not a file.")
        raise KanmonError(Code.ARTIFACT_MISSING, problem, where=where)
    if not path.resolve().is_relative_to(project.resolve()):
        problem = phrase("The symbolic link leads out of the app's folder.")
        raise KanmonError(Code.UNSAFE_PATH, problem, where=where)
    try:
        return read_regular(path, _LARGEST)
    except TooBigError as error:
        problem = phrase("The definition {reason}, as much as Step Functions takes.", reason=error)
    except RefusedFileError as error:
        problem = phrase("The definition {reason}.", reason=error)
    raise KanmonError(Code.STATE_MACHINE_INVALID, problem, where=where)


def _named(
    content: bytes, config: Config, machine: StateMachine, where: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check a definition. Return the functions and the outputs in its placeholders, sorted."""
    definition = _valid(content, machine, where)
    named = set(names_in(content.decode()))
    known = {*constants(config), *PSEUDO, *slot_values(config)}
    functions = named & set(config.functions)
    source_of = source(config)
    if unknown := sorted(one for one in named - functions - known if not source_of(one)):
        problem = phrase(
            "${{{name}}} names no function of the config, and no output of a stack.",
            name=cut(unknown[0], _SHOWN),
        )
        raise KanmonError(Code.STATE_MACHINE_INVALID, problem, where=where)
    given = ["lambda:InvokeFunction"] if functions else []
    for problem in impossible_waits(definition, machine):
        fix = phrase("Call the service without waiting, or give the state machine `type: standard`.")
        raise KanmonError(Code.STATE_MACHINE_INVALID, problem, where=where, fix=fix)
    for problem in missing_permissions(definition, machine, given):
        fix = phrase("Add it to the state machine's `permissions`, with the ARNs of its resources.")
        raise KanmonError(Code.STATE_MACHINE_INVALID, problem, where=where, fix=fix)
    return tuple(sorted(functions)), tuple(sorted(named - functions))


def _valid(content: bytes, machine: StateMachine, where: str) -> Any:  # noqa: ANN401 - JSON can be anything
    """The definition in a file. Raises STATE_MACHINE_INVALID."""
    fix: str | None = phrase(
        "Write the definition as JSON. `{command}` shows the mistake.",
        command=shlex.join(["python3", "-m", "json.tool", machine.definition]),
    )
    try:
        definition = json.loads(content.decode())
        problem, fix = next(problems(definition), None), None
    except json.JSONDecodeError as error:
        problem = phrase("It is not JSON: look at line {line}.", line=error.lineno)
    except ValueError:
        problem = phrase("It is not JSON in UTF-8.")
    except RecursionError:
        problem, fix = phrase("It is nested too deep."), None
    if problem:
        raise KanmonError(Code.STATE_MACHINE_INVALID, problem, where=where, fix=fix)
    return definition


def problems(machine: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON can be anything
    """The problems of a state machine.

    `path` leads to an inner one: `States.each.ItemProcessor.`.
    """
    here = f"`{path.rstrip('.')}`" if path else phrase("The definition")
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        yield phrase("{place} has no `States`.", place=here)
        return
    start = machine.get("StartAt")
    if not isinstance(start, str) or start not in states:
        yield phrase("{place} has no `StartAt` that is one of its states.", place=here)
    for name, state in states.items():
        place = f"{path}States.{name}"
        if not isinstance(state, dict) or state.get("Type") not in list(_TYPES):
            types = ", ".join(sorted(_TYPES))
            yield phrase("`{place}` has no `Type` that is one of {types}.", place=place, types=types)
            continue
        yield from _ways(state, states, place)
        yield from _inner(state, place)


def _ways(state: dict[str, Any], states: dict[str, Any], place: str) -> Iterator[str]:
    """The problems with a state's next states: one must be given, and each must exist."""
    if odd := [*_odd_rules(state, place)]:
        yield from odd
        return
    targets = [state[key] for key in ("Next", "Default") if key in state]
    targets += [rule["Next"] for key in _RULES for rule in state.get(key, [])]
    for target in targets:
        if not isinstance(target, str) or target not in states:
            yield phrase(
                "`{place}` goes on to {target}, which is not a state beside it.",
                place=place,
                target=cut(repr(target), _SHOWN),
            )
    if state["Type"] == "Choice":
        if not state.get("Choices"):
            yield phrase("`{place}` is a choice without `Choices`.", place=place)
    elif state["Type"] not in _ENDS and ("Next" in state) == (state.get("End") is True):
        yield phrase("`{place}` must have a `Next` or `End: true`, one of them.", place=place)


def _odd_rules(state: dict[str, Any], place: str) -> Iterator[str]:
    """The problems of a state's rules: each leads to a state."""
    for key in _RULES:
        rules = state.get(key, [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            yield phrase("`{place}` is not a list of rules.", place=f"{place}.{key}")
        elif any("Next" not in rule for rule in rules):
            yield phrase("A rule in `{place}` has no `Next`.", place=f"{place}.{key}")


def _inner(state: dict[str, Any], place: str) -> Iterator[str]:
    """The state machines inside a state."""
    if state["Type"] == "Task" and not isinstance(state.get("Resource"), str):
        yield phrase("`{place}` is a task without a `Resource`.", place=place)
    if state["Type"] == "Parallel":
        branches = state.get("Branches")
        if not isinstance(branches, list) or not branches:
            yield phrase("`{place}` has no `Branches`.", place=place)
            return
        for number, branch in enumerate(branches):
            yield from problems(branch, f"{place}.Branches[{number}].")
    if state["Type"] == "Map":
        key = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        yield from problems(state.get(key), f"{place}.{key}.")
