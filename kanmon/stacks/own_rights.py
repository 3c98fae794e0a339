"""What the service role may do for the team's own stacks: the rights of their resource types (ADP-2).

Where a service names its resources, a right holds for `<app>-<environment>-…` alone. CloudFormation makes
such names itself: a resource's name begins with that of its stack. For all other services it holds for all
of them, in this region, except for those with another environment's tags.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from kanmon.naming import logical_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The end of an ARN in this region and account, by service. A whole ARN, where a service has it otherwise.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_HERE = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:"
_NAMED = {
    "cloudwatch": (
        *("alarm:{prefix}-*", "alarm-mute-rule:{prefix}-*"),
        *("insight-rule/{prefix}-*", "metric-stream/{prefix}-*"),
        "arn:${AWS::Partition}:cloudwatch::${AWS::AccountId}:dashboard/{prefix}-*",
    ),
    "dynamodb": ("table/{prefix}-*",),
    "ecr": ("repository/{prefix}-*",),
    "elasticache": ("*:{prefix}-*",),
    "events": (
        *("event-bus/{prefix}-*", "rule/{prefix}-*", "archive/{prefix}-*", "endpoint/{prefix}-*"),
        *("connection/{prefix}-*", "api-destination/{prefix}-*"),
    ),
    "firehose": ("deliverystream/{prefix}-*",),
    "kinesis": ("stream/{prefix}-*",),
    "lambda": ("function:{prefix}-*", "layer:{prefix}-*", "code-signing-config:*"),
    "logs": (
        *("log-group:/aws/*/{prefix}-*", "log-group:{prefix}-*", "destination:{prefix}-*"),
        *("delivery:*", "delivery-source:{prefix}-*", "delivery-destination:{prefix}-*"),
        *("anomaly-detector:*", "scheduled-query:*"),
    ),
    "s3": ("arn:${AWS::Partition}:s3:::{prefix}-*", "accesspoint/{prefix}-*"),
    "scheduler": ("schedule/*/{prefix}-*", "schedule-group/{prefix}-*"),
    "secretsmanager": ("secret:{prefix}-*",),
    "sns": ("{prefix}-*",),
    "sqs": ("{prefix}-*",),
    "ssm": (
        *("parameter/{prefix}-*", "parameter/{prefix}/*", "document/{prefix}-*"),
        *("association/*", "maintenancewindow/*", "windowtarget/*", "windowtask/*"),
    ),
    "states": ("stateMachine:{prefix}-*", "activity:{prefix}-*"),
}
_PSEUDO = re.compile(r"\$\{[^}]*\}")
# These know no resource in many services, and change nothing.
_READS = re.compile(r"[a-z0-9-]+:(Describe|List)")
# IAM asks for these on `*` alone.
_UNNAMED = re.compile(
    r"""ecr:.*(Registry|Replication|PullThrough|PullTime|CreationTemplate|Signing).*
    | events:(Put|Remove)Permission
    | kinesis:(UpdateShardCount|UpdateStreamMode|(En|Dis)ableEnhancedMonitoring)
    | lambda:CreateCodeSigningConfig
    | logs:.*(LogDelivery|ResourcePolicy|AccountPolicy|IndexPolicy|QueryDefinition)
    | s3:PutAccessPointPublicAccessBlock
    | ssm:CreateMaintenanceWindow""",
    re.VERBOSE,
)
# Roles have rules of their own, and so has the environment's key.
_ELSEWHERE = ("iam:", "kms:")
_LONGEST = 5500
"""Characters of the statements in one policy, well below IAM's 6,144."""


@dataclass(frozen=True)
class OwnRight:
    """Actions of one service on resources with the environment's name, or on all."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    """ARNs for `Fn::Sub`, with `{prefix}` for the environment's. Empty: the actions know no names."""

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
        if service in _NAMED and not _READS.match(action) and not _UNNAMED.fullmatch(action):
            by_service[service].append(action)
        else:
            free.append(action)
    rights = [
        OwnRight(logical_id(service), tuple(actions), tuple(_arns(service)))
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


def may_make(service: str, resource: str, prefix: str) -> bool:
    """Whether the rights hold for a resource in an environment, by its ARN's end: `table/shop-test-x`."""
    ends = (_PSEUDO.sub("", one.replace("{prefix}", prefix)).split(":", 5)[-1] for one in _arns(service))
    return any(fnmatchcase(resource, end) for end in ends)


def _arns(service: str) -> Iterator[str]:
    here = _HERE % service
    yield from (form if form.startswith("arn:") else here + form for form in _NAMED[service])
