"""What exists in an account before an app comes, the config that names it, and AWS's answers about it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

ACCOUNT, REGION = "111122223333", "ap-northeast-1"
NETWORK: dict[str, Any] = {
    "vpc": "vpc-0a1b2c3d",
    "subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
    "security_groups": ["sg-0a1b2c3d"],
}
DATABASE: dict[str, Any] = {
    "cluster": "team-data",
    "host": "team-data.cluster-abc.ap-northeast-1.rds.amazonaws.com",
    "name": "shop",
    "secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:team-data-Ab12Cd",
    "secret_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
}
USER_POOL: dict[str, Any] = {"id": f"{REGION}_Ab12Cd34E", "client": "1h57kf5cpq17m0eml12"}
DOMAIN: dict[str, Any] = {
    "names": ["shop.example.com", "www.example.com"],
    "certificate": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012",
}
WEB_ACL = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/shop/12345678-1234-1234-1234-123456789012"
EXISTING: dict[str, Any] = {
    "network": NETWORK,
    "database": DATABASE,
    "user_pool": USER_POOL,
    "domain": DOMAIN,
    "web_acl": WEB_ACL,
}
"""Each kind of thing."""

_EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_THINGS: dict[str, Any] = {
    "vpcs": [{"VpcId": "vpc-0a1b2c3d"}, {"VpcId": "vpc-0000000f"}],
    "subnets": [
        {
            "SubnetId": f"subnet-0a1b2c3{end}",
            "VpcId": "vpc-0a1b2c3d",
            "AvailabilityZone": f"{REGION}{zone}",
            "CidrBlock": f"10.0.{number}.0/24",
        }
        for number, (end, zone) in enumerate([("d", "a"), ("e", "c")])
    ],
    "groups": {
        "sg-0a1b2c3d": {"VpcId": "vpc-0a1b2c3d", "IpPermissions": [], "IpPermissionsEgress": [_EVERYTHING]},
        "sg-0000000d": {
            "VpcId": "vpc-0a1b2c3d",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
                    "UserIdGroupPairs": [{"GroupId": "sg-0a1b2c3d"}],
                }
            ],
            "IpPermissionsEgress": [],
        },
    },
    "tables": [
        {
            "Associations": [{"Main": True}],
            "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"},
            ],
        }
    ],
    "endpoints": [],
    "cluster": {
        "Endpoint": DATABASE["host"],
        "ReaderEndpoint": DATABASE["host"].replace("cluster-", "cluster-ro-"),
        "Port": 5432,
        "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-0000000d", "Status": "active"}],
    },
    "secret": {"ARN": DATABASE["secret"], "KmsKeyId": DATABASE["secret_key"]},
    "certificate": {
        "Status": "ISSUED",
        "DomainName": "example.com",
        "SubjectAlternativeNames": ["example.com", "*.example.com"],
    },
}  # fmt: skip
_FILTERS = {"vpc-id": "VpcId", "subnet-id": "SubnetId", "group-id": "GroupId", "service-name": "ServiceName"}


@dataclass
class FakeReaders:
    """An account with all of it. `things` are AWS's answers; the calls are recorded with their region."""

    account: str = ACCOUNT
    things: dict[str, Any] = field(default_factory=lambda: deepcopy(_THINGS))
    missing: set[str] = field(default_factory=set)
    """The services that have no such thing."""
    calls: list[str] = field(default_factory=list)

    def reads(self, service: str, region: str = "") -> Any:
        return _Client(self, service, region or REGION)


@dataclass
class _Client:
    aws: FakeReaders
    service: str
    region: str

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.aws.calls.append(f"{self.service}.{name} in {self.region}")
            if name in self.aws.missing:
                raise ClientError({"Error": {"Code": _GONE[name], "Message": "none"}}, name)
            return _answer(name, self.aws.things, arguments)

        return call


_GONE = {
    "describe_db_clusters": "DBClusterNotFoundFault",
    "describe_secret": "ResourceNotFoundException",
    "describe_user_pool": "ResourceNotFoundException",
    "describe_user_pool_client": "ResourceNotFoundException",
    "describe_certificate": "ResourceNotFoundException",
    "get_web_acl": "WAFNonexistentItemException",
}


def _answer(name: str, things: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    groups = [{"GroupId": key, **value} for key, value in things["groups"].items()]
    lists = {
        "describe_vpcs": ("Vpcs", things["vpcs"]),
        "describe_subnets": ("Subnets", things["subnets"]),
        "describe_security_groups": ("SecurityGroups", groups),
        "describe_route_tables": ("RouteTables", things["tables"]),
        "describe_vpc_endpoints": ("VpcEndpoints", things["endpoints"]),
    }
    if name in lists:
        key, found = lists[name]
        wanted = {_FILTERS[one["Name"]]: one["Values"] for one in arguments["Filters"]}
        return {key: [one for one in found if all(one.get(k, v[0]) in v for k, v in wanted.items())]}
    answers: dict[str, dict[str, Any]] = {
        "describe_db_clusters": {"DBClusters": [things["cluster"]]},
        "describe_secret": things["secret"],
        "describe_certificate": {"Certificate": things["certificate"]},
    }
    return answers.get(name, {})
