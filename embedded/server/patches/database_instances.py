"""An Aurora instance answers where its cluster does, and the first one is the writer.

AWS::RDS::DBInstance of a cluster: ministack gives it an address of its own without a server
and calls every member the writer.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, provisioners, rds

_handler = HANDLERS["AWS::RDS::DBInstance"]
_create = _handler["create"]


def apply() -> None:
    """Wrap creation."""
    _handler["create"] = create
    provisioners._rds_db_instance_create = create


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create; a member of a cluster takes the cluster's endpoint."""
    instance_id, attributes = _create(logical_id, props, stack)
    cluster = rds._clusters.get(props.get("DBClusterIdentifier") or "")
    if cluster is None:
        return instance_id, attributes
    instance = rds._instances[instance_id]
    address = {"Address": cluster["Endpoint"], "Port": int(cluster["Port"])}
    instance["Endpoint"] = {**instance["Endpoint"], **address}
    for position, member in enumerate(cluster["DBClusterMembers"]):
        member["IsClusterWriter"] = position == 0
    return instance_id, provisioners._rds_db_instance_attrs(instance)
