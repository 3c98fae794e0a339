"""Resource types unknown to ministack, kept as records: the whole list is `TYPES`.

A record has the values of `Ref` and `GetAtt` (from each type's "Return values") and nothing behind
it: no address, no trace, no budget exists. `{name}` is the resource's own name property or one
generated from stack and logical id, `{hex}` a fresh hexadecimal id.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, provisioners, responses


@dataclass(frozen=True)
class RecordType:
    """How a type's physical id and attributes look."""

    physical_id: str
    attributes: dict[str, str] = field(default_factory=dict)
    name_property: str = ""
    replacing: tuple[str, ...] = ()


ARN = "arn:aws:{service}:{region}:{account}:"
TYPES = {
    "AWS::Budgets::Budget": RecordType("{name}", name_property="Budget.BudgetName"),
    "AWS::CE::AnomalyMonitor": RecordType(
        "arn:aws:ce::{account}:anomalymonitor/{hex}",
        {"MonitorArn": "{id}", "CreationDate": "2026-01-01T00:00:00Z"},
        replacing=("MonitorDimension", "MonitorSpecification", "MonitorType"),
    ),
    "AWS::CE::AnomalySubscription": RecordType(
        "arn:aws:ce::{account}:anomalysubscription/{hex}",
        {"SubscriptionArn": "{id}", "AccountId": "{account}"},
    ),
    "AWS::Chatbot::SlackChannelConfiguration": RecordType(
        "arn:aws:chatbot::{account}:chat-configuration/slack-channel/{name}",
        {"Arn": "{id}"},
        "ConfigurationName",
        ("ConfigurationName", "SlackWorkspaceId"),
    ),
    "AWS::CloudFront::MonitoringSubscription": RecordType(
        "{name}", name_property="DistributionId", replacing=("DistributionId",)
    ),
    "AWS::EC2::FlowLog": RecordType("fl-{hex}", {"Id": "{id}"}),
    "AWS::Logs::QueryDefinition": RecordType("{hex}", {"QueryDefinitionId": "{id}"}),
    "AWS::SecretsManager::ResourcePolicy": RecordType("{name}", {"Id": "{id}"}, "SecretId", ("SecretId",)),
    "AWS::XRay::Group": RecordType(
        ARN + "group/{name}/{hex}", {"GroupARN": "{id}"}, "GroupName", ("GroupName",)
    ),
    "AWS::XRay::SamplingRule": RecordType(
        ARN + "sampling-rule/{name}", {"RuleARN": "{id}"}, "SamplingRule.RuleName"
    ),
}


def apply() -> None:
    """Register the types unknown to ministack."""
    for name, record in TYPES.items():
        if name not in HANDLERS:
            HANDLERS[name] = _handler(name, record)
            REPLACING.setdefault(name, record.replacing)


def _handler(type_name: str, record: RecordType) -> dict[str, Any]:
    def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        return _described(type_name, record, _name(record, logical_id, props, stack))

    def update(physical_id: str, _old: Any, new: dict[str, Any], stack: str, logical: str) -> Any:
        wanted = _described(type_name, record, _name(record, logical, new, stack))
        # A generated id stays; a changed name is a replacement; the engine sees it by the id.
        if "{hex}" in record.physical_id:
            values = {**_values(type_name, ""), "id": physical_id}
            return physical_id, {k: v.format(**values) for k, v in record.attributes.items()}
        return wanted

    def delete(_physical_id: str, _props: dict[str, Any]) -> None:
        return

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def _name(record: RecordType, logical_id: str, props: dict[str, Any], stack: str) -> str:
    value: Any = props
    for key in record.name_property.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return str(value or provisioners._physical_name(stack, logical_id, max_len=128))


def _values(type_name: str, name: str) -> dict[str, str]:
    return {
        "account": responses.get_account_id(),
        "region": responses.get_region(),
        "service": type_name.split("::")[1].lower(),
        "name": name,
        "hex": secrets.token_hex(9)[:17],
    }


def _described(type_name: str, record: RecordType, name: str) -> tuple[str, dict[str, str]]:
    values = _values(type_name, name)
    physical_id = record.physical_id.format(**values)
    values["id"] = physical_id
    return physical_id, {key: text.format(**values) for key, text in record.attributes.items()}
