"""DescribeType: AWS's resource schemas, from the package of cfn-lint, with their handlers' permissions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from embedded.server import schemas
from embedded.server.modules import handlers

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
    schema = schemas.of_type(name)
    if schema is None:
        message = f"The type '{name}' cannot be found."
        return handlers._error("TypeNotFoundException", message, 404)
    body = _ANSWER.format(name=escape(name), schema=escape(json.dumps(schema)))
    return 200, {"Content-Type": "text/xml"}, body.encode()
