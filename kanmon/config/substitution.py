"""`${stack.Output}` in the config's texts: a value that only a stack knows, as in CloudFormation's `Fn::Sub`.

Beside outputs of stacks there are `${AWS::Region}` and the like, and `${kanmon.Prefix}` and the like, which
the config itself knows. `${!name}` stands for the text `${name}`
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kanmon.config.section import MistakeError
from kanmon.naming import EDGE, FOUNDATION, SLOT, Output, Parameter, slot_resource_name, unique_id
from kanmon.stacks.grants import foundation_outputs
from kanmon.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kanmon.config.permissions import Statement
    from kanmon.config.schema import Config

PSEUDO = ("AWS::AccountId", "AWS::Partition", "AWS::URLSuffix")
"""CloudFormation's own values for every template, beside the region."""
_NAME = re.compile(r"\$\{(!?)([^{}]*)\}")
_SHOWN = 60
_FORM = "Write `${stack.Output}`, such as `${edge.Domain}`. For the text itself, write `${!…}`."

Place = tuple[int | str, ...]
Scope = Literal["slot", "pages", "account"]
"""Where a text comes to stand: in a slot's template, in the pages, or in the bootstrap stack.

Pages are of no slot, and the bootstrap stack comes before all others.
"""


_REASONS: dict[Scope, str] = {
    "pages": "Everybody reads the pages, and they are of no slot.",
    "account": "The bootstrap stack comes before all others.",
}
_FIXES: dict[Scope, str] = {
    "pages": "Use an output of another stack, or leave it to a function.",
    "account": "Write the ARN with `${AWS::Region}`, `${AWS::AccountId}` and `${kanmon.Prefix}-*`.",
}


@dataclass(frozen=True)
class Text:
    """A text of the config that may have `${…}`."""

    place: Place
    text: str
    scope: Scope = "slot"


def names_in(text: str) -> list[str]:
    """The names in a text, in their order."""
    return [name for escaped, name in _NAME.findall(text) if not escaped]


def substitute(text: str, value: Callable[[str], str]) -> str:
    """The text with the value of each name. Of `${!name}`, the exclamation mark goes."""
    return _NAME.sub(lambda found: f"${{{found[2]}}}" if found[1] else value(found[2]), text)


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
    found = {f"{FOUNDATION}.{output}": (FOUNDATION, output) for output in sorted(foundation_outputs(config))}
    return found | {f"{EDGE}.{output}": (EDGE, output) for output in (Output.DOMAIN, Output.URL)}


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
    allowed = config.boundary.allow if config.boundary else ()
    yield from _statements(("boundary", "allow"), allowed, "account")


def _statements(place: Place, statements: tuple[Statement, ...], scope: Scope = "slot") -> Iterator[Text]:
    for index, statement in enumerate(statements):
        for below, text in statement.texts():
            yield Text((*place, index, *below), text, scope)


def mistakes(config: Config) -> Iterator[MistakeError]:
    """A mistake for each name that nothing has."""
    always, account, pages = [*constants(config)], [*PSEUDO], [*outputs(config)]
    known: dict[Scope, list[str]] = {
        "account": [*always, *account],
        "pages": [*always, *pages],
        "slot": [*always, *account, *pages, *slot_values(config)],
    }
    for one in texts(config):
        for name in names_in(one.text):
            if name not in known[one.scope]:
                yield _unknown(one, name, known)


def _unknown(one: Text, name: str, known: Mapping[Scope, list[str]]) -> MistakeError:
    written = f"`${{{cut(name, _SHOWN)}}}`"
    if name in known["slot"]:
        return MistakeError(
            f"The value of {written} is not known here. {_REASONS[one.scope]}",
            _FIXES[one.scope],
            at=one.place,
        )
    stack, _, output = name.partition(".")
    beside = {
        other.partition(".")[2]: f"`${{{other}}}`"
        for other in known[one.scope]
        if other.partition(".")[0] == stack
    }
    near = difflib.get_close_matches(output, beside, n=1)
    fix = f"Write {beside[near[0]]}." if near else _FORM
    if beside and not near:
        fix = f"Use one of {', '.join(beside.values())}."
    return MistakeError(f"Nothing has the name {written}.", fix, at=one.place)


def resolved(text: str, config: Config, stacks: Mapping[str, Mapping[str, str]]) -> str:
    """The text with the values of stacks' outputs, which come by the stacks' kinds.

    Raises KeyError for an output that is not there.
    """
    known, own = outputs(config), constants(config)

    def value(name: str) -> str:
        if name in own:
            return own[name]
        kind, output = known[name]
        return stacks[kind][output]

    return substitute(text, value)
