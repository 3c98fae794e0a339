"""Refuses plans that CloudFormation would find impossible in the middle of a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.naming import FOUNDATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.release.plan import PlannedStack


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
            problem = "The database would get a security group in another network."
            raise KanmonError(Code.NETWORK_MOVES, problem, where=stack.name)
