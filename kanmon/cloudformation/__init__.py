"""The room of CloudFormation: templates, change sets, and stacks that are applied while one watches."""

from kanmon.cloudformation.changes import Change, ChangeSet
from kanmon.cloudformation.gates import alarm_topic, app_gate, slot_gate
from kanmon.cloudformation.preflight import LIMITS, Inspected, Size, preflight
from kanmon.cloudformation.protection import stack_policy
from kanmon.cloudformation.rendering import Template, render
from kanmon.cloudformation.stacks import DeployedStack, Stacks
from kanmon.cloudformation.templates import (
    Definition,
    api_template,
    bootstrap_stack,
    bootstrap_template,
    edge_template,
    foundation_template,
    logical_id,
    observability_template,
    queue_parameters,
    service_role,
    slot_template,
    unique_id,
    used_secrets,
    uses_database,
    uses_users,
)

__all__ = [
    "LIMITS",
    "Change",
    "ChangeSet",
    "Definition",
    "DeployedStack",
    "Inspected",
    "Size",
    "Stacks",
    "Template",
    "alarm_topic",
    "api_template",
    "app_gate",
    "bootstrap_stack",
    "bootstrap_template",
    "edge_template",
    "foundation_template",
    "logical_id",
    "observability_template",
    "preflight",
    "queue_parameters",
    "render",
    "service_role",
    "slot_gate",
    "slot_template",
    "stack_policy",
    "unique_id",
    "used_secrets",
    "uses_database",
    "uses_users",
]
