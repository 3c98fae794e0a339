"""Additions to the emulator about stacks: databases, refusals, records (INF-1, INF-3, INF-4)."""

from __future__ import annotations

import importlib.metadata
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from . import stacks
from .foundation import FOUNDATION

if TYPE_CHECKING:
    from .conftest import App

pytestmark = pytest.mark.emulator
CODE = """
import json, os, ssl
import boto3, pg8000.native

def handler(event, context):
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=event["secret"])
    facts = json.loads(secret["SecretString"])
    tls = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
    tls = tls if event["tls"] else False
    try:
        connection = pg8000.native.Connection(
            facts["username"], facts["host"], facts["dbname"], int(facts["port"]),
            event.get("password") or facts["password"], ssl_context=tls)
    except pg8000.exceptions.DatabaseError as error:
        return {"refused": error.args[0]["C"]}
    return {"user": connection.run("SELECT current_user")[0][0]}
"""


@pytest.fixture(scope="module")
def foundation(deployed: App) -> dict[str, str]:
    """A production-like foundation: network, key, secret, cluster with two instances, records."""
    return stacks.deploy(deployed.client("cloudformation"), "foundation", FOUNDATION, "CREATE")


def test_functions_reach_the_cluster_over_tls_only(deployed: App, foundation: dict[str, str]) -> None:
    """INF-3, INF-4: credentials from the secret, TLS forced, password checked."""
    function = deployed.client("lambda")
    function.create_function(
        FunctionName="asks-database",
        Runtime="python3.12",
        Handler="index.handler",
        Role=stacks.make_role(deployed.client("iam"), "asks-database", "secretsmanager:GetSecretValue"),
        Code={"ZipFile": _package()},
        Timeout=30,
    )

    def invoke(**event: Any) -> Any:
        payload = json.dumps({"secret": foundation["Secret"], **event})
        answer = function.invoke(FunctionName="asks-database", Payload=payload)
        return json.loads(answer["Payload"].read())

    assert invoke(tls=True) == {"user": "app_admin"}
    assert invoke(tls=False) == {"refused": "28000"}
    assert invoke(tls=True, password="wrong") == {"refused": "28P01"}
    deployed.client("rds").modify_db_cluster(
        DBClusterIdentifier=foundation["Cluster"], MasterUserPassword="changed-1234"
    )
    assert invoke(tls=True) == {"refused": "28P01"}
    assert invoke(tls=True, password="changed-1234") == {"user": "app_admin"}


def test_snapshot_is_taken(deployed: App, foundation: dict[str, str]) -> None:
    """CD-5: a snapshot is available, and a dump stands behind it."""
    rds = deployed.client("rds")
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier=foundation["Cluster"], DBClusterSnapshotIdentifier="before-r2"
    )
    (found,) = rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="before-r2")[
        "DBClusterSnapshots"
    ]
    assert found["Status"] == "available"
    assert (deployed.aws.state_dir / "snapshots" / "before-r2.dump").stat().st_size > 0


def test_foundation_is_described(deployed: App, foundation: dict[str, str]) -> None:
    """INF-1, INF-2: the services list the resources of the stack."""
    ec2 = deployed.client("ec2")
    assert len(ec2.describe_nat_gateways()["NatGateways"]) == 1
    (group,) = ec2.describe_security_groups(GroupIds=[foundation["DatabaseGroup"]])["SecurityGroups"]
    assert [rule["FromPort"] for rule in group["IpPermissions"]] == [5432]
    (cluster,) = deployed.client("rds").describe_db_clusters()["DBClusters"]
    assert [member["IsClusterWriter"] for member in cluster["DBClusterMembers"]] == [True, False]
    assert foundation["Provider"].endswith("oidc-provider/token.actions.githubusercontent.com")


def test_missing_package_fails_the_stack(deployed: App) -> None:
    """As on AWS: the function's creation fails, and the stack rolls back."""
    cloudformation = deployed.client("cloudformation")
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": stacks.make_role(deployed.client("iam"), "no-package"),
            "Code": {"S3Bucket": deployed.outputs["Bucket"], "S3Key": "no/such.zip"},
        },
    }
    with pytest.raises(WaiterError):
        stacks.deploy(cloudformation, "broken", {"Resources": {"F": function}}, "CREATE")
    (stack,) = cloudformation.describe_stacks(StackName="broken")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("NoSuchKey" in reason for reason in stacks.reasons(cloudformation, "broken"))


def test_unresolved_reference_is_refused(deployed: App) -> None:
    """As on AWS: before any change set exists."""
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nowhere"}}}
    with pytest.raises(ClientError, match=r"Unresolved resource dependencies \[Nowhere\]"):
        stacks.deploy(deployed.client("cloudformation"), "unref", {"Resources": {"T": topic}}, "CREATE")


def test_stage_resource_keeps_canary_and_access_log(deployed: App) -> None:
    """A stage made by CloudFormation has the settings of its template."""
    outputs = deployed.outputs
    stage = {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "RestApiId": outputs["ApiId"],
            "StageName": "by-stack",
            "DeploymentId": outputs["Deployment"],
            "Variables": {"slot": "blue"},
            "AccessLogSetting": {"DestinationArn": "arn:aws:logs:x", "Format": "$context.requestId"},
            "CanarySetting": {
                "PercentTraffic": 10,
                "StageVariableOverrides": {"slot": "green"},
            },
        },
    }
    cloudformation = deployed.client("cloudformation")
    stacks.deploy(cloudformation, "stage", {"Resources": {"S": stage}}, "CREATE")
    found = deployed.client("apigateway").get_stage(restApiId=outputs["ApiId"], stageName="by-stack")
    assert found["accessLogSettings"]["format"] == "$context.requestId"
    assert found["canarySettings"]["percentTraffic"] == 10.0
    assert found["canarySettings"]["stageVariableOverrides"] == {"slot": "green"}
    stacks.delete(cloudformation, "stage")


def _package() -> bytes:
    """The function with the pure-Python driver, as the reference app packs it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("index.py", CODE)
        for name in ("pg8000", "scramp", "asn1crypto"):
            for file in importlib.metadata.files(name) or ():
                if file.suffix == ".py" or file.name == "METADATA":
                    archive.write(str(file.locate()), str(file))
    return target.getvalue()
