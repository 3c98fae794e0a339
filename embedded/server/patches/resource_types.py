"""DescribeType: AWS's resource schemas, from the package of cfn-lint, with their handlers' permissions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from embedded.server.modules import handlers

SCHEMAS = "KANMON_RESOURCE_SCHEMAS"
"""The environment variable with the folder of the schemas."""
_REGION = "us-east-1"
_ANSWER = (
    '<DescribeTypeResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeTypeResult>'
    "<Type>RESOURCE</Type><TypeName>{name}</TypeName><Visibility>PUBLIC</Visibility>"
    "<Schema>{schema}</Schema></DescribeTypeResult></DescribeTypeResponse>"
)


def apply() -> None:
    """Answer the action."""
    handlers._ACTION_HANDLERS["DescribeType"] = describe


def describe(params: dict[str, Any]) -> Any:
    """The schema of a public resource type."""
    name = handlers._p(params, "TypeName")
    folder = Path(os.environ[SCHEMAS])
    index = json.loads((folder / f"providers/{_REGION}.json").read_text("utf-8"))
    if name not in index:
        message = f"The type '{name}' cannot be found."
        return handlers._error("TypeNotFoundException", message, 404)
    schema = (folder / f"resources/{index[name]}.json").read_text("utf-8")
    body = _ANSWER.format(name=escape(name), schema=escape(schema))
    return 200, {"Content-Type": "text/xml"}, body.encode()
