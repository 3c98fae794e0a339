"""What the service role may do for the team's own stacks: the rights of their resource types (ADP-2).

Where a service names its resources, a right holds for `<app>-<environment>-…` alone. CloudFormation makes
such names itself: a resource's name begins with that of its stack. For all other services it holds for all
of them, in this region, except for those with another environment's tags.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.naming import logical_id

if TYPE_CHECKING:
    from collections.abc import Iterable

# The part of an ARN behind account and region, by service.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_NAMED = {
    "cloudwatch": ("alarm:{prefix}-*",),
    "dynamodb": ("table/{prefix}-*",),
    "ecr": ("repository/{prefix}-*",),
    "elasticache": ("*:{prefix}-*",),
    "events": ("event-bus/{prefix}-*", "rule/{prefix}-*"),
    "firehose": ("deliverystream/{prefix}-*",),
    "kinesis": ("stream/{prefix}-*",),
    "lambda": ("function:{prefix}-*", "layer:{prefix}-*"),
    "logs": ("log-group:/aws/*/{prefix}-*", "log-group:{prefix}-*"),
    "s3": ("{prefix}-*",),
    "scheduler": ("schedule/*/{prefix}-*", "schedule-group/{prefix}-*"),
    "secretsmanager": ("secret:{prefix}-*",),
    "sns": ("{prefix}-*",),
    "sqs": ("{prefix}-*",),
    "ssm": ("parameter/{prefix}-*", "parameter/{prefix}/*"),
    "states": ("stateMachine:{prefix}-*", "activity:{prefix}-*"),
}
_GLOBAL = "s3"
# These know no resource in many services, and change nothing.
_READS = re.compile(r"[a-z0-9-]+:(Describe|List)")
# Roles have rules of their own, and so has the environment's key.
_ELSEWHERE = ("iam:", "kms:")
_LONGEST = 5500
"""Characters of the statements in one policy, well below IAM's 6,144."""


@dataclass(frozen=True)
class OwnRight:
    """Actions of one service on resources with the environment's name, or on all."""

    sid: str
    actions: tuple[str, ...]
    service: str = ""
    """Empty: the actions know no names."""
    resources: tuple[str, ...] = ()

    @property
    def everywhere(self) -> bool:
        """The service's ARNs have neither account nor region."""
        return self.service == _GLOBAL

    @property
    def size(self) -> int:
        """About its characters in a policy."""
        return sum(len(one) + 3 for one in self.actions) + 120 * max(1, len(self.resources))


def own_rights(permissions: Iterable[str]) -> list[list[OwnRight]]:
    """The rights for permissions of handlers, in as many policies as they need."""
    by_service: dict[str, list[str]] = defaultdict(list)
    free: list[str] = []
    for action in sorted(permissions):
        service = action.partition(":")[0]
        if action.startswith(_ELSEWHERE):
            continue
        if service in _NAMED and not _READS.match(action):
            by_service[service].append(action)
        else:
            free.append(action)
    rights = [
        OwnRight(logical_id(service), tuple(actions), service, _NAMED[service])
        for service, actions in by_service.items()
    ]
    if free:
        rights.append(OwnRight("Others", tuple(free)))
    policies: list[list[OwnRight]] = []
    for right in rights:
        if not policies or sum(one.size for one in policies[-1]) + right.size > _LONGEST:
            policies.append([])
        policies[-1].append(right)
    return policies
