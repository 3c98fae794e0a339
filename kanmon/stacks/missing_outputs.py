"""The error for an output that a stack lacks when another stack needs its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.stacks.template import condition_of

if TYPE_CHECKING:
    from kanmon.stacks.spec import StackOutput


def missing_output(output: StackOutput, stack: str, body: str, *, needed_by: str) -> KanmonError:
    """PLAN_STALE for an output that the deployed stack of the name `stack` lacks. `body` is its template.

    Another plan helps if somebody changed the stack. It does not help if the output's condition is false:
    CloudFormation leaves such an output out.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    condition = condition_of(body, output.key)
    if not condition:
        problem = phrase(
            "The stack {stack} has no output {output} now, and the plan used it.",
            stack=stack,
            output=output.key,
        )
        return KanmonError(Code.PLAN_STALE, problem, where=needed_by)
    problem = phrase(
        "The stack {stack} has no output {output}: its condition {condition} is false.",
        stack=stack,
        output=output.key,
        condition=condition,
    )
    fix = phrase(
        "Change the parameters of `stacks.{kind}` so that {condition} is true, or remove "
        "`${{{kind}.{output}}}` from the config. Then run `kanmon build` and `kanmon plan` again.",
        kind=output.stack,
        condition=condition,
        output=output.key,
    )
    return KanmonError(Code.PLAN_STALE, problem, where=needed_by, fix=fix)
