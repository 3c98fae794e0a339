"""A change set in the domain's words: what it would add, change, replace and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef

# Resources that hold what can't be made again from the config and the bundle.
STATEFUL = frozenset(
    {
        "AWS::Cognito::UserPool",
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    }
)


class Change(BaseModel):
    """What happens to one resource."""

    model_config = ConfigDict(frozen=True)

    action: str
    """`Add`, `Modify`, `Remove`, `Import` or `Dynamic`, as CloudFormation says."""
    logical_id: str
    type: str
    replacement: str = "False"
    """`True`, `False` or `Conditional`."""
    properties: tuple[str, ...] = ()

    @property
    def destroys(self) -> bool:
        """Something that holds state would be deleted or replaced, or might be."""
        gone = self.action == "Remove" or self.replacement != "False"
        return gone and self.type in STATEFUL

    @property
    def touches_permissions(self) -> bool:
        """IAM changes, which a reviewer wants to see first."""
        return self.type.startswith("AWS::IAM::")

    @property
    def mark(self) -> str:
        """One sign for the reader: + added, ~ changed, ± replaced, - deleted."""
        if self.action == "Modify" and self.replacement != "False":
            return "±"
        return {"Add": "+", "Remove": "-"}.get(self.action, "~")


class ChangeSet(BaseModel):
    """A change set that waits to be executed."""

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
