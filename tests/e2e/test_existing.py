"""An app with a network, a database, users, a domain name and a web ACL that exist already (ADP-3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.e2e import urls
from tests.e2e.attacker import Role
from tests.e2e.repository import roles

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

NAME = "mandala.example.com"


def _global(project: Project, service: str) -> Any:
    """A client in the region of CloudFront's certificates and web ACLs."""
    keys = {
        name.lower(): project.environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    return boto3.client(  # type: ignore[call-overload]
        service, endpoint_url=project.environment["AWS_ENDPOINT_URL"], region_name="us-east-1", **keys
    )


def _network(ec2: Any) -> dict[str, Any]:
    """A VPC with two private subnets and a NAT gateway, as a team has it."""
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    zones = [one["ZoneName"] for one in ec2.describe_availability_zones()["AvailabilityZones"][:2]]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=zone)["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(zones)
    ]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="functions", Description="functions", VpcId=vpc)["GroupId"]
    return {"vpc": vpc, "subnets": subnets, "security_groups": [group]}


def _database(project: Project, network: dict[str, Any]) -> dict[str, Any]:
    ec2, rds = project.client("ec2"), project.client("rds")
    group = ec2.create_security_group(GroupName="data", Description="data", VpcId=network["vpc"])["GroupId"]
    cluster = rds.create_db_cluster(
        DBClusterIdentifier=f"team-{project.name}", Engine="aurora-postgresql", DatabaseName="mandala",
        MasterUsername="mandala", MasterUserPassword="a-long-password", VpcSecurityGroupIds=[group],
    )["DBCluster"]  # fmt: skip
    secret = project.client("secretsmanager").create_secret(
        Name=f"team/{project.name}",
        SecretString='{"username": "mandala", "password": "a-long-password"}',
    )
    return {
        "cluster": cluster["DBClusterIdentifier"], "host": cluster["Endpoint"], "port": cluster["Port"],
        "name": "mandala", "secret": secret["ARN"], "group": group,
    }  # fmt: skip


def _names(project: Project) -> dict[str, Any]:
    acm, waf = _global(project, "acm"), _global(project, "wafv2")
    certificate = acm.request_certificate(DomainName="*.example.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    visible = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "x"}
    acl = waf.create_web_acl(
        Name=f"acl-{project.name}", Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=visible
    )["Summary"]["ARN"]
    return {"domain": {"names": [NAME], "certificate": certificate}, "web_acl": acl}


def _users(project: Project) -> dict[str, str]:
    cognito = project.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="team")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web")["UserPoolClient"]["ClientId"]
    return {"id": pool, "client": client}


def _written(existing: dict[str, Any]) -> str:
    return f"existing: {json.dumps(existing)}\n"


def _rotate_below(project: Project, database: dict[str, Any]) -> None:
    """ADP-4: running functions with a `DATABASE_URL` go on; only a log-in before the next look may fail."""
    expected = {"user": "mandala", "query": "schema=public&sslmode=verify-full"}
    password = "p@ss/w:rd ?#%"
    for language in urls.LANGUAGES:
        assert _answer(project, language) == (200, expected)
    project.client("rds").modify_db_cluster(
        DBClusterIdentifier=database["cluster"], MasterUserPassword=password, ApplyImmediately=True
    )
    project.client("secretsmanager").put_secret_value(
        SecretId=database["secret"], SecretString=json.dumps({"username": "mandala", "password": password})
    )
    for language in urls.LANGUAGES:
        failed, *answers = [_answer(project, language) for _ in range(3)]
        assert failed[0] == 502
        assert answers == [(200, expected)] * 2
        name = f"mandala-{project.name}-blue-{language}-url"
        settings = project.client("lambda").get_function_configuration(FunctionName=name)
        url = settings["Environment"]["Variables"]["DATABASE_URL"]
        assert url.startswith("postgresql://${secrets.database.username}:${secrets.database.password}@")


def _answer(project: Project, language: str) -> tuple[int, Any]:
    found = project.get(f"/api/url/{language}", headers={"host": NAME})
    return found.status, json.loads(found.data)


def test_an_app_on_what_a_team_has(project: Project) -> None:
    """ADP-3, SEC-1, CD-7: refused while a rule is missing, released then, and left alone by destroy."""
    ec2 = project.client("ec2")
    network = _network(ec2)
    database = _database(project, network)
    group = database.pop("group")
    existing = {"network": network, "database": database, "user_pool": _users(project), **_names(project)}
    project.edit_config(
        lambda text: (
            text.replace("database:\n  name: mandala\n", "").replace("trail: {}\n", "") + _written(existing)
        )
    )
    urls.add_functions(project)
    iam = project.client("iam")
    roles(project)
    project.keys |= {
        kind: Role.read(iam, f"mandala-{project.name}-{kind}").keys(project) for kind in ("plan", "deploy")
    }
    project.kanmon("build").check()

    refused = project.kanmon("plan").check(2).error
    assert "KNM-308" in refused
    assert f"--group-id {group}" in refused
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp", "FromPort": database["port"], "ToPort": database["port"],
                "UserIdGroupPairs": [{"GroupId": network["security_groups"][0]}],
            }
        ],
    )  # fmt: skip

    assert "no snapshot before the release" in project.kanmon("plan", "--output", "plan.json").check().output
    project.kanmon("deploy", "--yes").check()
    page = project.get("/", headers={"host": NAME})
    assert page.status == 200
    assert project.get("/api/goals", headers={"host": NAME}).status == 200
    made = next(
        one
        for one in project.client("cloudfront").list_distributions()["DistributionList"]["Items"]
        if one["DomainName"] == project.domain()
    )
    assert made["Aliases"]["Items"] == [NAME]
    assert made["WebACLId"] == existing["web_acl"]
    assert made["ViewerCertificate"]["ACMCertificateArn"] == existing["domain"]["certificate"]

    _rotate_below(project, database)

    project.kanmon("destroy", "--yes", "--data").check()
    assert ec2.describe_vpcs(VpcIds=[network["vpc"]])["Vpcs"]
    assert len(ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]) == 1
    rds = project.client("rds")
    assert rds.describe_db_clusters(DBClusterIdentifier=database["cluster"])["DBClusters"]
    assert (
        project.client("secretsmanager").describe_secret(SecretId=database["secret"]).get("DeletedDate")
        is None
    )
    pool = existing["user_pool"]["id"]
    assert project.client("cognito-idp").describe_user_pool(UserPoolId=pool)["UserPool"]["Id"] == pool
