"""A change of a stack's outputs alone is a change: its change set has no resource in it, and can be executed.

ministack ends such a change set with "The submitted information didn't contain changes". On AWS it is
`CREATE_COMPLETE` with an empty list: https://github.com/aws/aws-cdk/pull/2029.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded.server.modules import change_sets, cloudformation, handlers

if TYPE_CHECKING:
    from collections.abc import Mapping

_EMPTY = "didn't contain changes"


def apply() -> None:
    """Look again at each empty change set. It comes after the additions that make change sets."""
    create = handlers._ACTION_HANDLERS["CreateChangeSet"]
    handlers._ACTION_HANDLERS["CreateChangeSet"] = lambda params: _accepted(params, create(params))


def _accepted(params: Mapping[str, Any], answer: Any) -> Any:
    """The answer. The change set can be executed when the outputs differ."""
    names = (change_sets._p(params, name) for name in ("ChangeSetName", "StackName"))
    made: dict[str, Any] | None = change_sets._find_change_set(*names)[1]
    if made and _EMPTY in made["StatusReason"] and _outputs_differ(made):
        made |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}
    return answer


def _outputs_differ(made: Mapping[str, Any]) -> bool:
    stack = cloudformation._stacks.get(made["StackName"]) or {}
    before, after = (one.get("Outputs") or {} for one in (stack.get("_template") or {}, made["_template"]))
    return bool(before != after)
