"""A change set in Kanmon's terms: resources to add, change, replace and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from kanmon.language import phrase
from kanmon.naming import EMAIL
from kanmon.stacks.grants import stateful_types
from kanmon.stacks.template import resources_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import (
        ChangeTypeDef,
        ResourceChangeDetailTypeDef,
        ResourceChangeTypeDef,
    )

    from kanmon.stacks.template import TemplateResource

CAPABILITIES: tuple[CapabilityType, ...] = ("CAPABILITY_NAMED_IAM",)
"""CloudFormation's permission for a template to make named roles. Macros are not allowed."""
_ACTIONS = {"Add", "Modify", "Remove", "Dynamic"}
IDENTITIES = {
    "AWS::CE::AnomalyMonitor": {"MonitorArn"},
    "AWS::CloudFront::OriginAccessControl": {"Id"},
    "AWS::EC2::EIP": {"AllocationId"},
    "AWS::EC2::SecurityGroup": {"GroupId"},
}
"""The attributes with a resource's identity, besides `Ref` and `Arn`. Other values can change in place."""
# Resource types with state: the config and the bundle are not enough to make it again.
STATEFUL = stateful_types() | {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket"}
_PERMISSIONS = (
    "AWS::IAM::",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
)
"""Types of IAM, and of policies that let others use a resource."""
_VALUE_OF = "value of "
"""Before a parameter among the properties of a change. It is in the plan's digest, in each language."""
_SUBSCRIPTION = "AWS::SNS::Subscription"


class Change(BaseModel):
    """The change of one resource."""

    model_config = ConfigDict(frozen=True)

    action: str
    """CloudFormation's action: `Add`, `Modify`, `Remove`, `Import` or `Dynamic`."""
    logical_id: str
    type: str
    replacement: str = "False"
    """`True`, `False` or `Conditional`."""
    properties: tuple[str, ...] = ()

    @property
    def destroys(self) -> bool:
        """The change deletes or replaces a resource with state, or it may do so."""
        return self.takes_away and self.type in STATEFUL

    @property
    def takes_away(self) -> bool:
        """The change deletes or replaces its resource, or it may do so."""
        return self.action == "Remove" or self.replacement != "False"

    @property
    def creates_state(self) -> bool:
        """The change makes a resource with state, which is empty then."""
        return self.action == "Add" and self.type in STATEFUL

    @property
    def touches_permissions(self) -> bool:
        """The change may be one of permissions. Reviewers want to see these first."""
        return self.type.startswith(_PERMISSIONS)

    @property
    def asks_by_mail(self) -> bool:
        """AWS sends a new address an e-mail with a link to confirm."""
        return self.action == "Add" and self.type == _SUBSCRIPTION and self.logical_id.startswith(EMAIL)

    @property
    def shown(self) -> tuple[str, ...]:
        """The properties for people, with parameters whose values change."""
        return tuple(
            phrase("value of {name}", name=one.removeprefix(_VALUE_OF)) if one.startswith(_VALUE_OF) else one
            for one in self.properties
        )

    @property
    def sign(self) -> str:
        """One sign for the reader: + added, ~ changed, ± replaced, - deleted."""
        if self.action == "Modify" and self.replacement != "False":
            return "±"
        return {"Add": "+", "Remove": "-"}.get(self.action, "~")


class ChangeSet(BaseModel):
    """A change set, ready to be executed."""

    model_config = ConfigDict(frozen=True)

    stack: str
    id: str
    creates: bool
    changes: tuple[Change, ...]
    unprotected: tuple[str, ...] = ()
    """The types of resources that have no deletion protection by the change set's parameters."""

    @property
    def exposed(self) -> tuple[Change, ...]:
        """The changes that switch a resource's deletion protection off."""
        return tuple(
            change
            for change in self.changes
            if change.type in self.unprotected
            and change.action == "Modify"
            and "DeletionProtection" in change.properties
        )


def changes_from(raw: Iterable[ChangeTypeDef]) -> tuple[Change, ...]:
    """Read the changes of a whole change set, in the order of their logical ids.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    """
    resources = {
        str(change.get("LogicalResourceId", "")): change
        for one in raw
        if (change := one.get("ResourceChange"))
    }
    return tuple(_change(resources[name], resources) for name in sorted(resources))


def _change(resource: ResourceChangeTypeDef, resources: Mapping[str, ResourceChangeTypeDef]) -> Change:
    names = {
        str(detail.get("Target", {}).get("Name", detail.get("Target", {}).get("Attribute", "")))
        for detail in resource.get("Details", [])
    }
    return Change(
        action=str(resource.get("Action", "")),
        logical_id=str(resource.get("LogicalResourceId", "")),
        type=str(resource.get("ResourceType", "")),
        replacement=_replacement(resource, resources, ()),
        properties=tuple(sorted(names - {""})),
    )


def _replacement(
    resource: ResourceChangeTypeDef, resources: Mapping[str, ResourceChangeTypeDef], above: tuple[str, ...]
) -> str:
    """Whether a change replaces its resource: `True`, `False` or `Conditional`.

    CloudFormation answers `Conditional` for each value of another resource in the change set, since it may
    change. A key that gets a new tag keeps its ARN: then the database with this key stays.
    """
    answer = str(resource.get("Replacement", "False"))
    replacing = [
        detail
        for detail in resource.get("Details", [])
        if detail.get("Target", {}).get("RequiresRecreation", "Never") != "Never"
    ]
    stays = replacing and all(_keeps_value(detail, resources, above) for detail in replacing)
    return "False" if answer == "Conditional" and stays else answer


def _keeps_value(
    detail: ResourceChangeDetailTypeDef,
    resources: Mapping[str, ResourceChangeTypeDef],
    above: tuple[str, ...],
) -> bool:
    """Whether a property surely keeps its value: the identity of a resource that changes in place.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChangeDetail.html
    """
    if detail.get("ChangeSource") not in {"ResourceReference", "ResourceAttribute"}:
        return False
    name, _, attribute = detail.get("CausingEntity", "").partition(".")
    cause = resources.get(name)
    if cause is None or name in above or cause.get("Action") != "Modify":
        return False
    if attribute not in IDENTITIES.get(str(cause.get("ResourceType")), set()) | {"", "Arn"}:
        return False
    return _replacement(cause, resources, (*above, name)) == "False"


def foreign_options(
    described: Mapping[str, Any], changes: Iterable[Change], stack: Mapping[str, Any]
) -> list[str]:
    """The options of a change set, and the actions of its changes, that Kanmon never makes.

    `described` is DescribeChangeSet's answer, `stack` the present stack's description. An administrator may
    have given the stack topics and rollback triggers of his own: its change sets keep them.
    IAM has no condition for most options, so the plan role can choose them. An import makes an existing
    resource of the account the app's own; a macro changes the template after the plan; the others let a
    failed stack stay as it is, or count as ready too early.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
    """
    deployment = described.get("DeploymentConfig") or {}
    topics = set(described.get("NotificationARNs") or ()) - set(stack.get("NotificationARNs") or ())
    options = {
        "ImportExistingResources": described.get("ImportExistingResources"),
        "IncludeNestedStacks": described.get("IncludeNestedStacks"),
        "Capabilities": set(described.get("Capabilities") or ()) - set(CAPABILITIES),
        "OnStackFailure": described.get("OnStackFailure") == "DO_NOTHING",
        "DeploymentMode": described.get("DeploymentMode"),
        "DeploymentConfig": deployment.get("Mode", "STANDARD") != "STANDARD"
        or deployment.get("DisableRollback"),
        "NotificationARNs": topics,
        "RollbackConfiguration": _triggers(described) not in (_triggers({}), _triggers(stack)),
    }
    actions = {change.action for change in changes} - _ACTIONS
    return sorted({name for name, foreign in options.items() if foreign} | actions)


def _triggers(described: Mapping[str, Any]) -> tuple[object, object]:
    found = described.get("RollbackConfiguration") or {}
    return found.get("RollbackTriggers") or [], found.get("MonitoringTimeInMinutes") or 0


def template_changes(before: str, after: str, moving: set[str]) -> tuple[Change, ...]:
    """The changes of a stack's resources, read from its templates.

    `before` is empty for a new stack. `moving` are the parameters with another value than the deployed one,
    or with a value that nobody knows yet. CloudFormation alone knows what will be replaced. With a deployed
    template that can't be read, each resource of the new one is a change.
    """
    old, new = resources_of(before), resources_of(after) or {}
    if old is None:
        action = "Modify" if before else "Add"
        return tuple(Change(action=action, logical_id=key, type=new[key].type) for key in sorted(new))
    changes = [Change(action="Remove", logical_id=key, type=old[key].type) for key in old.keys() - new.keys()]
    changes += [Change(action="Add", logical_id=key, type=new[key].type) for key in new.keys() - old.keys()]
    for key in old.keys() & new.keys():
        if names := _changed(old[key], new[key], moving):
            changes.append(Change(action="Modify", logical_id=key, type=new[key].type, properties=names))
    return tuple(sorted(changes, key=lambda change: change.logical_id))


def _changed(old: TemplateResource, new: TemplateResource, moving: set[str]) -> tuple[str, ...]:
    """The attributes and properties that change, and the parameters with new values in them."""
    values = sorted(f"{_VALUE_OF}{name}" for name in new.parameters & moving)
    if old.text == new.text:
        return tuple(values)
    before, after = ({**one.content, **one.content.get("Properties", {})} for one in (old, new))
    names = (before.keys() | after.keys()) - {"Properties"}
    return (*sorted(name for name in names if before.get(name) != after.get(name)), *values)
