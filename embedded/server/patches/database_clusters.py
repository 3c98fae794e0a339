"""An Aurora PostgreSQL cluster is a real database, without Docker.

Creating a cluster, by CloudFormation or by the API, makes a PostgreSQL server with its master
user. The server listens at the cluster's endpoint, so functions find it in the secret of
SecretTargetAttachment. Also from the CloudFormation reference of AWS::RDS::DBCluster, and not done
by ministack: ManageMasterUserPassword, KmsKeyId and parameter group in the record; an identifier
in use and deletion under protection are refused.
"""

from __future__ import annotations

import json
from typing import Any

from embedded.server import database
from embedded.server.modules import HANDLERS, provisioners, rds, responses, secretsmanager, stacks

TYPE = "AWS::RDS::DBCluster"
PROTECTED = "Cannot delete protected Cluster, please disable deletion protection and try again."
RESERVED = frozenset(
    {
        *("admin", "rdsadmin", "rdsproxyadmin", "rdsrepladmin", "rdstopmgr", "rdswriteforwarduser"),
        *("all", "analyse", "select", "table", "user"),
    }
)
"""RDS's own users, and some of PostgreSQL's key words."""
_handler = HANDLERS[TYPE]
_create, _update, _delete = _handler["create"], _handler["update"], _handler["delete"]
_api_create, _api_delete = rds._create_db_cluster, rds._delete_db_cluster
_api_password = rds._apply_cluster_master_password_change
_take_snapshot = rds._create_cluster_snapshot_internal
_attributes = provisioners._rds_db_cluster_attrs
_on_worker_thread = stacks._runs_on_worker_thread


def apply() -> None:
    """Hook the cluster's life in CloudFormation and in the API."""
    _handler.update({"create": create, "update": update, "delete": delete})
    provisioners._rds_db_cluster_create = create
    provisioners._rds_db_cluster_delete = delete
    provisioners._rds_db_cluster_attrs = attributes
    rds._ACTION_MAP["CreateDBCluster"] = _create_by_api
    rds._ACTION_MAP["DeleteDBCluster"] = _delete_by_api
    rds._apply_cluster_master_password_change = _set_password
    rds._create_cluster_snapshot_internal = _snapshot
    # Starting PostgreSQL takes a moment. The emulator must serve others meanwhile.
    stacks._runs_on_worker_thread = lambda kind: kind == TYPE or _on_worker_thread(kind)


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """AWS::RDS::DBCluster."""
    identifier = props.get("DBClusterIdentifier")
    if identifier in rds._clusters:
        raise ValueError(f"DB Cluster already exists: {identifier}")
    if refusal := _reserved(props.get("Engine"), props.get("MasterUsername")):
        raise ValueError(f'Resource handler returned message: "{refusal}"')
    cluster_id, _ignored = _create(logical_id, props, stack)
    cluster = rds._clusters[cluster_id]
    cluster["KmsKeyId"] = props.get("KmsKeyId", "")
    cluster["StorageEncrypted"] = provisioners._cfn_bool(props.get("StorageEncrypted", False))
    group = props.get("DBClusterParameterGroupName")
    cluster["DBClusterParameterGroup"] = group or f"default.{cluster['Engine']}"
    cluster["TagList"] = props.get("Tags") or []
    if provisioners._cfn_bool(props.get("ManageMasterUserPassword", False)):
        _manage_password(cluster)
    try:
        _start(cluster, str(props.get("SnapshotIdentifier", "")))
    except BaseException:
        rds._clusters.pop(cluster_id, None)
        raise
    return cluster_id, attributes(cluster)


def update(physical_id: str, *arguments: Any, **named: Any) -> Any:
    """In place, or by replacement: then `create` is called."""
    cluster = rds._clusters.get(physical_id)
    before = cluster and (cluster["_MasterUserPassword"], cluster["Port"])
    result = _update(physical_id, *arguments, **named)
    if cluster and physical_id == result[0]:
        cluster["Port"] = before[1]
        if cluster["_MasterUserPassword"] != before[0]:
            database.ask("password", physical_id, password=cluster["_MasterUserPassword"])
        return physical_id, attributes(cluster)
    return result


def delete(physical_id: str, props: dict[str, Any]) -> None:
    """Drop the database with the cluster, unless it is protected."""
    cluster = rds._clusters.get(physical_id)
    if cluster and cluster.get("DeletionProtection"):
        raise ValueError(PROTECTED)
    _delete(physical_id, props)
    if cluster:
        _end(cluster)


def attributes(cluster: dict[str, Any]) -> dict[str, Any]:
    """GetAtt, with the managed secret and the reader endpoint."""
    found = dict(_attributes(cluster))
    secret = cluster.get("MasterUserSecret")
    if secret:
        found["MasterUserSecret.SecretArn"] = secret["SecretArn"]
    return found


def _manage_password(cluster: dict[str, Any]) -> None:
    password = rds._generate_master_user_password()
    cluster["_MasterUserPassword"] = password
    value = json.dumps({"username": cluster["MasterUsername"], "password": password})
    name = f"rds!cluster-{responses.new_uuid()}"
    arn = secretsmanager.create_secret_in_process(name, value)
    # As RDS tags it: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
    _, secret = secretsmanager._resolve(arn)
    secret["Tags"] = [
        {"Key": "aws:rds:primaryDBClusterArn", "Value": cluster["DBClusterArn"]},
        {"Key": "aws:secretsmanager:owningService", "Value": "rds"},
    ]
    cluster["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active"}


def _reserved(engine: Any, user: Any) -> str:
    """Why a master user is refused (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html)."""
    refused = "postgres" in str(engine) and str(user).lower() in RESERVED
    return (
        f"MasterUsername {user} cannot be used as it is a reserved word used by the engine" if refused else ""
    )


def _is_postgres(cluster: dict[str, Any]) -> bool:
    return "postgres" in str(cluster.get("Engine", ""))


def _start(cluster: dict[str, Any], snapshot: str = "") -> None:
    """The database itself; reader and writer endpoint are the same server."""
    if not _is_postgres(cluster):
        return
    port = database.ask(
        "create",
        cluster["DBClusterIdentifier"],
        user=cluster["MasterUsername"],
        password=cluster["_MasterUserPassword"],
        database=cluster.get("DatabaseName") or "",
        snapshot=snapshot.rsplit(":", 1)[-1],
    )
    endpoint = {"Address": database.host(), "Port": port}
    cluster.update({"Endpoint": endpoint["Address"], "ReaderEndpoint": endpoint["Address"]})
    cluster.update({"Port": port, "_shared_endpoint": endpoint})


def _end(cluster: dict[str, Any]) -> None:
    if _is_postgres(cluster):
        database.ask("drop", cluster["DBClusterIdentifier"])
    secret = cluster.get("MasterUserSecret")
    if secret and secret.get("SecretArn"):
        secretsmanager.delete_secret_in_process(secret["SecretArn"])


def _create_by_api(parameters: dict[str, Any]) -> Any:
    if refusal := _reserved(rds._p(parameters, "Engine"), rds._p(parameters, "MasterUsername")):
        return rds._error("InvalidParameterValue", refusal, 400)
    before = set(rds._clusters)
    answer = _api_create(parameters)
    for created in set(rds._clusters) - before:
        cluster = rds._clusters[created]
        _start(cluster)
        xml = f"<DBCluster>{rds._cluster_xml(cluster)}</DBCluster>"
        inner = f"<CreateDBClusterResult>{xml}</CreateDBClusterResult>"
        return rds._xml(200, "CreateDBClusterResponse", inner)
    return answer


def _delete_by_api(parameters: dict[str, Any]) -> Any:
    cluster = rds._clusters.get(rds._p(parameters, "DBClusterIdentifier"))
    if cluster:
        # No container stands behind the endpoint; ministack would look for one.
        cluster["_shared_endpoint"] = None
    final = rds._p(parameters, "FinalDBSnapshotIdentifier")
    if cluster and final and not (cluster["DBClusterMembers"] or cluster["DeletionProtection"]):
        _snapshot(final, cluster)
    answer = _api_delete(parameters)
    if cluster and answer[0] < 400:
        _end(cluster)
    return answer


def _set_password(cluster: dict[str, Any], password: str) -> None:
    _api_password(cluster, password)
    if _is_postgres(cluster):
        database.ask("password", cluster["DBClusterIdentifier"], password=password)


def _snapshot(snapshot_id: str, cluster: dict[str, Any]) -> Any:
    """The record, with a real dump behind it."""
    if _is_postgres(cluster):
        database.ask("snapshot", cluster["DBClusterIdentifier"], snapshot=snapshot_id)
    return _take_snapshot(snapshot_id, cluster)
