"""AWS's resource schemas and its service authorization reference, both from the package of cfn-lint."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

SCHEMAS = "KANMON_RESOURCE_SCHEMAS"
"""The environment variable with the folder of the schemas."""
_REGION = "us-east-1"


@cache
def of_type(name: str) -> dict[str, Any] | None:
    """The schema of a public resource type; None for an unknown one."""
    index = _read(f"providers/{_REGION}.json")
    found: dict[str, Any] | None = _read(f"resources/{index[name]}.json") if name in index else None
    return found


def reference() -> dict[str, Any]:
    """The actions of each service with their kinds of resources, and the ARNs of these."""
    found: dict[str, Any] = _read("../AdditionalSpecs/Policies.json")
    return found


@cache
def _read(name: str) -> Any:
    return json.loads((Path(os.environ[SCHEMAS]) / name).read_text("utf-8"))
