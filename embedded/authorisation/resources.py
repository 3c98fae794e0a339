"""The resources of a request that ministack doesn't name, by AWS's service authorization reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .condition_keys import first

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATABASE = {
    "DBClusterIdentifier": "cluster",
    "DBClusterSnapshotIdentifier": "cluster-snapshot",
    "DBInstanceIdentifier": "db",
}


def of_database(query: Mapping[str, Any], region: str, account: str) -> list[str]:
    """RDS asks for the right on each resource that a request names.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
    """
    named = ((first(query, parameter), kind) for parameter, kind in _DATABASE.items())
    return [_named(name, f"arn:aws:rds:{region}:{account}:{kind}:") for name, kind in named if name]


def of_web_acl(body: bytes) -> str:
    """The end of a web ACL's ARN in a request that names its id; empty without one.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awswafv2.html
    """
    try:
        given = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(given.get("Id") or "") if isinstance(given, dict) else ""


def _named(name: str, begin: str) -> str:
    return name if name.startswith("arn:") else begin + name
