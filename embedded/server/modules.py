"""ministack's modules, imported by name: their private names are used, so nothing is typed.

The version is pinned exactly; a new one is a change to review, patch by patch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

actions: Any = import_module("ministack.core.iam_actions")
apigateway: Any = import_module("ministack.services.apigateway_v1")
change_sets: Any = import_module("ministack.services.cloudformation.changesets")
cloudformation: Any = import_module("ministack.services.cloudformation")
cognito: Any = import_module("ministack.services.cognito")
cloudtrail: Any = import_module("ministack.services.cloudtrail")
cloudwatch: Any = import_module("ministack.services.cloudwatch")
ec2: Any = import_module("ministack.services.ec2")
engine: Any = import_module("ministack.services.cloudformation.engine")
evaluator: Any = import_module("ministack.core.iam_evaluator")
handlers: Any = import_module("ministack.services.cloudformation.handlers")
iam: Any = import_module("ministack.services.iam")
lambda_service: Any = import_module("ministack.services.lambda_svc")
provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
lambda_runtime: Any = import_module("ministack.core.lambda_runtime")
rds: Any = import_module("ministack.services.rds")
responses: Any = import_module("ministack.core.responses")
router: Any = import_module("ministack.core.router")
s3: Any = import_module("ministack.services.s3")
scheduler: Any = import_module("ministack.services.scheduler")
secretsmanager: Any = import_module("ministack.services.secretsmanager")
sns: Any = import_module("ministack.services.sns")
stacks: Any = import_module("ministack.services.cloudformation.stacks")
sts: Any = import_module("ministack.services.sts")
tagging: Any = import_module("ministack.services.tagging")

HANDLERS: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
REPLACING: dict[str, tuple[str, ...]] = provisioners._REPLACING_PROPERTIES
