"""ministack's modules, imported by name: their private names are used, so nothing is typed.

The version is pinned exactly; a new one is a change to review, patch by patch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

apigateway: Any = import_module("ministack.services.apigateway_v1")
cloudtrail: Any = import_module("ministack.services.cloudtrail")
cloudwatch: Any = import_module("ministack.services.cloudwatch")
ec2: Any = import_module("ministack.services.ec2")
engine: Any = import_module("ministack.services.cloudformation.engine")
iam: Any = import_module("ministack.services.iam")
lambda_service: Any = import_module("ministack.services.lambda_svc")
provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
lambda_runtime: Any = import_module("ministack.core.lambda_runtime")
rds: Any = import_module("ministack.services.rds")
responses: Any = import_module("ministack.core.responses")
s3: Any = import_module("ministack.services.s3")
scheduler: Any = import_module("ministack.services.scheduler")
secretsmanager: Any = import_module("ministack.services.secretsmanager")
stacks: Any = import_module("ministack.services.cloudformation.stacks")

HANDLERS: dict[str, dict[str, Any]] = provisioners._RESOURCE_HANDLERS
REPLACING: dict[str, tuple[str, ...]] = provisioners._REPLACING_PROPERTIES
