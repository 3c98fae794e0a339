"""`${stack.Output}` in the config's texts: a value that only a stack knows, as in CloudFormation's `Fn::Sub`.

Beside outputs of stacks there are `${AWS::Region}` and the like, and `${kanmon.Prefix}` and the like, which
the config itself knows. `${!name}` stands for the text `${name}`
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache, partial
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Literal

from kanmon.config.composed import is_secret
from kanmon.config.placeholders import SECRETS, is_one_name, is_unclosed, names_in, substitute
from kanmon.config.section import MistakeError
from kanmon.language import deferred, phrase
from kanmon.naming import EDGE, FOUNDATION, SLOT, Output, Parameter, slot_resource_name, unique_id
from kanmon.stacks.grants import foundation_outputs
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kanmon.config.document import Location
    from kanmon.config.permissions import Statement
    from kanmon.config.schema import Config

PSEUDO = ("AWS::AccountId", "AWS::Partition", "AWS::URLSuffix")
"""CloudFormation's own values for every template, beside the region."""
_OUTPUT = re.compile(r"[A-Za-z0-9]{1,255}")
_SHOWN = 60
_FORM = deferred("Write `${stack.Output}`, such as `${edge.Domain}`. For the text itself, write `${!…}`.")

Scope = Literal["slot", "pages", "parameter", "account"]
"""Where a text comes to stand: a slot's template, the pages, a parameter of an own stack, the boundary.

Only the first is of a slot, and the boundary comes before all stacks with outputs.
"""


_REASONS: dict[Scope, str] = {
    "pages": deferred("Everybody reads the pages, and they are of no slot."),
    "parameter": deferred("A stack of your own is of no slot."),
    "account": deferred("The bootstrap stack comes before all others."),
}
_FIXES: dict[Scope, str] = {
    "pages": deferred("Use an output of another stack, or leave it to a function."),
    "parameter": deferred("Use an output of another stack. In the template there is `!Ref AWS::AccountId`."),
    "account": deferred("Write the ARN with `${AWS::Region}`, `${AWS::AccountId}` and `${kanmon.Prefix}-*`."),
}


@dataclass(frozen=True)
class Text:
    """A text of the config that may have `${…}`."""

    place: Location
    text: str
    scope: Scope = "slot"


def constants(config: Config) -> dict[str, str]:
    """The values that the config itself knows."""
    return {
        "kanmon.App": config.app,
        "kanmon.Environment": config.environment,
        "kanmon.Prefix": config.prefix,
        "AWS::Region": config.region,
    }


def slot_values(config: Config) -> dict[str, str]:
    """The ARNs of a slot's functions and state machines, as in CloudFormation's `Fn::Sub`.

    They are made from the names: with `Fn::GetAtt` a circle would be possible.
    """
    kinds: dict[str, tuple[str, Iterable[str]]] = {
        "Function": ("lambda:{}:function", config.functions),
        "StateMachine": ("states:{}:stateMachine", config.state_machines),
    }
    found = {}
    for kind, (beginning, names) in kinds.items():
        here = beginning.format("${AWS::Region}:${AWS::AccountId}")
        for name in names:
            own = slot_resource_name(config.prefix, f"${{{Parameter.SLOT}}}", name)
            found[f"{SLOT}.{unique_id(name)}{kind}Arn"] = f"arn:${{AWS::Partition}}:{here}:{own}"
    return found


def outputs(config: Config) -> dict[str, tuple[str, str]]:
    """The outputs of Kanmon's own stacks by their names in a text: the stack's kind and the output."""
    of_foundation = sorted({*foundation_outputs(config), Output.KEY_ARN})
    found = {f"{FOUNDATION}.{output}": (FOUNDATION, output) for output in of_foundation}
    return found | {f"{EDGE}.{output}": (EDGE, output) for output in (Output.DOMAIN, Output.URL)}


def source(config: Config) -> Callable[[str], tuple[str, str] | None]:
    """The stack's kind and the output of a name, for many names; None for another kind of name.

    The outputs of the team's own stacks are in their templates, so any name of an output is taken.
    """
    # Most texts have no name: nothing is worked out for them.
    known = cache(partial(outputs, config))

    def found(name: str) -> tuple[str, str] | None:
        stack, _, output = name.partition(".")
        if stack in config.stacks and _OUTPUT.fullmatch(output):
            return stack, output
        return known().get(name)

    return found


def texts(config: Config) -> Iterator[Text]:
    """All texts of the config that may have `${…}`."""
    for name, function in config.functions.items():
        for key, value in function.environment.items():
            yield Text(("functions", name, "environment", key), value)
        yield from _statements(("functions", name, "permissions"), function.permissions)
    for name, machine in config.state_machines.items():
        yield from _statements(("state_machines", name, "permissions"), machine.permissions)
    for key, value in (config.web.settings if config.web else {}).items():
        yield Text(("web", "settings", key), value, "pages")
    for name, stack in config.stacks.items():
        for key, value in stack.parameters.items():
            yield Text(("stacks", name, "parameters", key), value, "parameter")
    allowed = config.boundary.allow if config.boundary else ()
    yield from _statements(("boundary", "allow"), allowed, "account")


def _statements(place: Location, statements: tuple[Statement, ...], scope: Scope = "slot") -> Iterator[Text]:
    for index, statement in enumerate(statements):
        for below, text in statement.texts():
            yield Text((*place, index, *below), text, scope)


def mistakes(config: Config) -> Iterator[MistakeError]:
    """A mistake for each name that nothing has."""
    always, account, pages = [*constants(config)], [*PSEUDO], [*outputs(config)]
    known: dict[Scope, list[str]] = {
        "account": [*always, *account],
        "pages": [*always, *pages],
        "parameter": [*always, *pages],
        "slot": [*always, *account, *pages, *slot_values(config)],
    }
    source_of = source(config)
    for one in texts(config):
        if is_unclosed(one.text):
            yield MistakeError(phrase("A `${` has no end."), phrase(_FORM), at=one.place)
        for name in names_in(one.text):
            if is_secret(name):
                yield from _exposed(one, name)
                continue
            output = source_of(name)
            if (output is None or one.scope == "account") and name not in known[one.scope]:
                yield _unknown(one, name, known, has_value=output is not None)
        whole = is_one_name(one.text) or not any(map(source_of, names_in(one.text)))
        if one.scope == "parameter" and not whole:
            yield MistakeError(
                phrase("A parameter takes one output alone, without text around it."),
                phrase("Give the template two parameters, and join them there with `!Sub`."),
                at=one.place,
            )
    yield from _circles(config)


def own_stacks(config: Config) -> tuple[str, ...]:
    """The team's own stacks, each before those that it needs. Raises CycleError for a circle."""
    needs = {
        name: {kind for kind, _ in sources(config, config.stacks[name].parameters.values())}
        for name in sorted(config.stacks)
    }
    order = TopologicalSorter(needs).static_order()
    return tuple(reversed([name for name in order if name in config.stacks]))


def _circles(config: Config) -> Iterator[MistakeError]:
    """A mistake for stacks that need each other: neither could be the first."""
    try:
        own_stacks(config)
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield MistakeError(
            phrase("These stacks need each other: {circle}.", circle=circle),
            phrase("Take one of the parameters away, or make one stack of them."),
            at=("stacks", error.args[1][0], "parameters"),
        )


def sources(config: Config, values: Iterable[str]) -> set[tuple[str, str]]:
    """The outputs in some texts, each as the stack's kind and the output."""
    source_of = source(config)
    found = (source_of(name) for value in values for name in names_in(value))
    return {one for one in found if one}


def _exposed(one: Text, name: str) -> Iterator[MistakeError]:
    """A secret's value anywhere but in a function's variables."""
    if one.place[0] != "functions" or one.place[2] != "environment":
        yield MistakeError(
            phrase(
                "The value of `{name}` would be stored here, and no secret's value is.",
                name=f"${{{cut(name, _SHOWN)}}}",
            ),
            phrase("Leave it to a function: it may have the value in its `environment`."),
            at=one.place,
        )


def _unknown(one: Text, name: str, known: Mapping[Scope, list[str]], *, has_value: bool) -> MistakeError:
    written = f"${{{cut(name, _SHOWN)}}}"
    if has_value or name in known["slot"]:
        problem = phrase(
            "The value of `{name}` is not known here. {reason}",
            name=written,
            reason=phrase(_REASONS[one.scope]),
        )
        return MistakeError(problem, phrase(_FIXES[one.scope]), at=one.place)
    stack, _, output = name.partition(".")
    beside = {
        other.partition(".")[2]: f"${{{other}}}"
        for other in known[one.scope]
        if other.partition(".")[0] == stack
    }
    near = difflib.get_close_matches(output, beside, n=1)
    fix = phrase("Write `{text}`.", text=beside[near[0]]) if near else phrase(_FORM)
    if beside and not near:
        fix = phrase("Use one of {names}.", names=", ".join(f"`{other}`" for other in beside.values()))
    elif difflib.get_close_matches(stack.strip().lower(), [SECRETS], n=1):
        fix = phrase("Write `{text}`.", text=f"${{{SECRETS}.{cut(output.strip(), _SHOWN)}}}")
    elif output and not beside and ":" not in stack:
        fix = phrase(
            "There is no stack {stack}. Name another one, or add it to `stacks`.", stack=cut(stack, _SHOWN)
        )
    return MistakeError(phrase("Nothing has the name `{name}`.", name=written), fix, at=one.place)


def resolved(text: str, config: Config, stacks: Mapping[str, Mapping[str, str]]) -> str:
    """The text with the values of stacks' outputs, which come by the stacks' kinds.

    Raises KeyError for an output that is not there.
    """
    own, source_of = constants(config), source(config)

    def value(name: str) -> str:
        found = source_of(name)
        return stacks[found[0]][found[1]] if found else own[name]

    return substitute(text, value)
