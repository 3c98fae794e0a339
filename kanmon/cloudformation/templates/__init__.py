"""The app's stacks as templates, one module a stack: what each is rendered from."""

from kanmon.cloudformation.templates.api import api_template
from kanmon.cloudformation.templates.bootstrap import bootstrap_stack, bootstrap_template, service_role
from kanmon.cloudformation.templates.edge import LIVE_STAGE, edge_template
from kanmon.cloudformation.templates.foundation import foundation_template
from kanmon.cloudformation.templates.ids import logical_id, unique_id
from kanmon.cloudformation.templates.observability import observability_template
from kanmon.cloudformation.templates.slot import (
    slot_template,
    used_secrets,
    uses_database,
    uses_users,
)
from kanmon.cloudformation.templates.triggers import queue_parameters
from kanmon.cloudformation.templates.workflows import Definition

__all__ = [
    "LIVE_STAGE",
    "Definition",
    "api_template",
    "bootstrap_stack",
    "bootstrap_template",
    "edge_template",
    "foundation_template",
    "logical_id",
    "observability_template",
    "queue_parameters",
    "service_role",
    "slot_template",
    "unique_id",
    "used_secrets",
    "uses_database",
    "uses_users",
]
