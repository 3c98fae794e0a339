"""A change set in Kanmon's terms: resources to add, change, replace and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from kanmon.stacks.grants import stateful_types

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef

# Resource types with state: the config and the bundle are not enough to make it again.
STATEFUL = stateful_types() | {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket"}


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
        gone = self.action == "Remove" or self.replacement != "False"
        return gone and self.type in STATEFUL

    @property
    def creates_state(self) -> bool:
        """The change makes a resource with state, which is empty then."""
        return self.action == "Add" and self.type in STATEFUL

    @property
    def touches_permissions(self) -> bool:
        """The change is a change of IAM. Reviewers want to see these first."""
        return self.type.startswith("AWS::IAM::")

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


def change_from(raw: ChangeTypeDef) -> Change:
    """Read one change of DescribeChangeSet.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
    """
    resource = raw.get("ResourceChange", {})
    names = {
        str(detail.get("Target", {}).get("Name", detail.get("Target", {}).get("Attribute", "")))
        for detail in resource.get("Details", [])
    }
    return Change(
        action=str(resource.get("Action", "")),
        logical_id=str(resource.get("LogicalResourceId", "")),
        type=str(resource.get("ResourceType", "")),
        replacement=str(resource.get("Replacement", "False")),
        properties=tuple(sorted(names - {""})),
    )
