"""Functions in an existing network reach AWS and the database (ADP-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.config.existing import ExistingNetwork
from kanmon.errors import KanmonError
from kanmon.stacks.reachability import look_up_network, refuse_unreachable
from tests.fakes.existing import NETWORK, REGION, FakeReaders

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC = [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]
OWN = {"GroupId": "sg-0a1b2c3d"}
ENDPOINT = {"VpcId": "vpc-0a1b2c3d", "ServiceName": f"com.amazonaws.{REGION}.secretsmanager"}


def _look(aws: FakeReaders) -> None:
    look_up_network(ExistingNetwork(**NETWORK), REGION, aws.reads("ec2"))


def _route(things: dict[str, Any], routes: list[dict[str, Any]]) -> None:
    things["tables"][0]["Routes"] = routes


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda one: one["vpcs"].clear(), Code.EXISTING_MISSING, "There is no VPC vpc-0a1b2c3d."),
        (lambda one: one["subnets"].pop(), Code.EXISTING_MISSING, "There is no subnet subnet-0a1b2c3e."),
        (
            lambda one: one["groups"].pop("sg-0a1b2c3d"),
            Code.EXISTING_MISSING,
            "no security group sg-0a1b2c3d",
        ),
        (
            lambda one: one["subnets"][1].update(VpcId="vpc-0000000f"),
            Code.EXISTING_UNFIT,
            "in the network vpc-0000000f, not in vpc-0a1b2c3d",
        ),
        (
            lambda one: one["groups"]["sg-0a1b2c3d"].update(VpcId="vpc-0000000f"),
            Code.EXISTING_UNFIT,
            "in the network vpc-0000000f",
        ),
        (
            lambda one: one["subnets"][1].update(AvailabilityZone=f"{REGION}a"),
            Code.EXISTING_UNFIT,
            "All subnets are in the zone",
        ),
        (
            lambda one: one["groups"]["sg-0a1b2c3d"].update(IpPermissionsEgress=[]),
            Code.EXISTING_UNFIT,
            "let nothing out to HTTPS",
        ),
        (lambda one: _route(one, []), Code.EXISTING_UNFIT, "no endpoint for Secrets Manager"),
        (lambda one: _route(one, PUBLIC), Code.EXISTING_UNFIT, "no way for functions"),
    ],
)
def test_an_unfit_network_is_refused(
    change: Callable[[dict[str, Any]], object], code: Code, words: str
) -> None:
    """ADP-3."""
    aws = FakeReaders()
    change(aws.things)
    with pytest.raises(KanmonError) as raised:
        _look(aws)
    assert raised.value.code is code
    assert words in raised.value.message
    assert raised.value.where
    assert raised.value.where.startswith("existing.network.")


def test_an_endpoint_is_a_way_to_the_secrets() -> None:
    """ADP-3: without any route to the internet."""
    aws = FakeReaders()
    _route(aws.things, PUBLIC)
    aws.things["endpoints"] = [ENDPOINT]
    _look(aws)


def test_a_subnets_own_table_comes_before_the_main_one() -> None:
    """ADP-3."""
    aws = FakeReaders()
    own = {"Associations": [{"SubnetId": "subnet-0a1b2c3e"}], "Routes": PUBLIC}
    aws.things["tables"].append(own)
    with pytest.raises(KanmonError, match="Functions in subnet-0a1b2c3e can't reach AWS"):
        _look(aws)


@pytest.mark.parametrize(
    "rule",
    [
        {"IpProtocol": "-1", "UserIdGroupPairs": [OWN]},
        {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 6000, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "PrefixListIds": [{"PrefixListId": "pl-1"}]},
    ],
)
def test_a_rule_by_group_block_or_list_lets_functions_in(rule: dict[str, Any]) -> None:
    """ADP-3."""
    aws = FakeReaders()
    aws.things["groups"]["sg-0000000d"]["IpPermissions"] = [rule]
    refuse_unreachable(ExistingNetwork(**NETWORK), 5432, ["sg-0000000d"], aws.reads("ec2"))


@pytest.mark.parametrize(
    "rule",
    [
        {"IpProtocol": "udp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [OWN]},
        {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "UserIdGroupPairs": [OWN]},
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": "sg-1"}]},
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "10.0.0.0/24"}]},
        {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432},
    ],
)  # fmt: skip
def test_no_other_rule_lets_functions_in(rule: dict[str, Any]) -> None:
    """ADP-3: each subnet must come in."""
    aws = FakeReaders()
    aws.things["groups"]["sg-0000000d"]["IpPermissions"] = [rule]
    with pytest.raises(KanmonError, match="at the port 5432"):
        refuse_unreachable(ExistingNetwork(**NETWORK), 5432, ["sg-0000000d"], aws.reads("ec2"))
