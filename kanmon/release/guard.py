"""Refuses plans that destroy state, or that CloudFormation finds impossible in the middle of a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import FOUNDATION
from kanmon.templates.stack_set import PROTECTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.config.schema import Config
    from kanmon.release.plan import PlannedStack
    from kanmon.stacks.changes import Change


def refuse_destruction(config: Config, stacks: Iterable[PlannedStack]) -> None:
    """Raise PLAN_DESTROYS when a change destroys state outside the config's `allow_destroy`.

    It raises the same when a change switches a deletion protection off: no config asks for this.
    """
    for stack in (stack for stack in stacks if stack.kind in PROTECTED or stack.kind in config.stacks):
        for change in stack.change_set.exposed if stack.change_set else ():
            raise KanmonError(
                Code.PLAN_DESTROYS,
                phrase(
                    "The plan switches the deletion protection of {resource} off.", resource=change.logical_id
                ),
                where=stack.name,
                fix=phrase("Find the author of the plan, and run `kanmon plan` again."),
            )
        for change in stack.changes:
            lost = change.takes_away if stack.kind in config.stateful_stacks else change.destroys
            if lost and change.logical_id not in config.allow_destroy:
                raise KanmonError(
                    Code.PLAN_DESTROYS,
                    _loss(change),
                    where=stack.name,
                    fix=phrase(
                        "If this is meant, add {resource} to `allow_destroy` in the config.",
                        resource=change.logical_id,
                    ),
                )


def _loss(change: Change) -> str:
    if change.action == "Remove":
        return phrase("The plan deletes {resource} ({type}).", resource=change.logical_id, type=change.type)
    return phrase("The plan replaces {resource} ({type}).", resource=change.logical_id, type=change.type)


def refuse_other_network(stacks: Iterable[PlannedStack]) -> None:
    """Raise NETWORK_MOVES when a database that stays would come into another VPC (ADP-3).

    A security group belongs to its VPC for ever
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html).
    """
    for stack in (stack for stack in stacks if stack.kind == FOUNDATION):
        moves = any(
            one.logical_id == "DatabaseSecurityGroup"
            and one.action == "Modify"
            and one.replacement != "False"
            for one in stack.changes
        )
        if moves and all(
            one.action == "Modify" for one in stack.changes if one.type == "AWS::RDS::DBCluster"
        ):
            problem = phrase("The database would get a security group in another network.")
            raise KanmonError(Code.NETWORK_MOVES, problem, where=stack.name)
