"""EIP, NatGateway and security group rules of their own, in ministack's EC2 records.

So `describe_addresses`, `describe_nat_gateways` and `describe_security_groups` show them. From
the CloudFormation reference: AWS::EC2::EIP, ::NatGateway, ::SecurityGroupIngress and ::Egress.
"""

from __future__ import annotations

import secrets
from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, ec2, provisioners

DIRECTIONS = {
    "AWS::EC2::SecurityGroupIngress": "IpPermissions",
    "AWS::EC2::SecurityGroupEgress": "IpPermissionsEgress",
}
_rules: dict[str, tuple[str, str, dict[str, Any]]] = {}


def apply() -> None:
    """Register the four types; a change of any property but tags replaces them."""
    _register("AWS::EC2::EIP", _address_create, _address_delete, ("Domain", "NetworkBorderGroup"))
    nat = ("AllocationId", "ConnectivityType", "SubnetId", "PrivateIpAddress")
    _register("AWS::EC2::NatGateway", _nat_create, _nat_delete, nat)
    for kind, direction in DIRECTIONS.items():
        names = ("GroupId", "IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6")
        groups = ("SourceSecurityGroupId", "DestinationSecurityGroupId", "SourcePrefixListId")
        lists = ("DestinationPrefixListId",)
        _register(kind, _rule_create(direction), _rule_delete, names + groups + lists)


def _register(kind: str, create: Any, delete: Any, replacing: tuple[str, ...]) -> None:
    def update(physical_id: str, _old: Any, new: dict[str, Any], *_rest: Any) -> Any:
        return physical_id, _attributes(kind, physical_id, new)

    HANDLERS[kind] = {"create": create, "update": update, "delete": delete}
    REPLACING[kind] = replacing


def _attributes(kind: str, physical_id: str, _props: dict[str, Any]) -> dict[str, str]:
    if kind == "AWS::EC2::EIP":
        found = (a for a in ec2._addresses.values() if a["PublicIp"] == physical_id)
        return {"AllocationId": next(found)["AllocationId"], "PublicIp": physical_id}
    if kind == "AWS::EC2::NatGateway":
        return {"NatGatewayId": physical_id}
    return {"Id": physical_id}


def _address_create(_logical_id: str, props: dict[str, Any], _stack: str) -> Any:
    before = set(ec2._addresses)
    ec2._allocate_address({"Domain": [props.get("Domain", "vpc")]})
    (allocation,) = set(ec2._addresses) - before
    provisioners._ec2_apply_tags(allocation, props)
    address = ec2._addresses[allocation]["PublicIp"]
    return address, {"AllocationId": allocation, "PublicIp": address}


def _address_delete(physical_id: str, _props: dict[str, Any]) -> None:
    for allocation, record in list(ec2._addresses.items()):
        if record["PublicIp"] == physical_id:
            ec2._release_address({"AllocationId": [allocation]})


def _nat_create(_logical_id: str, props: dict[str, Any], _stack: str) -> Any:
    if props.get("SubnetId") not in ec2._subnets:
        raise ValueError(f"The subnet ID '{props.get('SubnetId')}' does not exist")
    allocation = props.get("AllocationId", "")
    if allocation and allocation not in ec2._addresses:
        raise ValueError(f"Elastic IP address {allocation} could not be found")
    before = set(ec2._nat_gateways)
    ec2._create_nat_gateway({"SubnetId": [props["SubnetId"]], "AllocationId": [allocation]})
    (gateway,) = set(ec2._nat_gateways) - before
    provisioners._ec2_apply_tags(gateway, props)
    return gateway, {"NatGatewayId": gateway}


def _nat_delete(physical_id: str, _props: dict[str, Any]) -> None:
    ec2._delete_nat_gateway({"NatGatewayId": [physical_id]})


def _rule_create(direction: str) -> Any:
    def create(_logical_id: str, props: dict[str, Any], _stack: str) -> Any:
        group = ec2._security_groups.get(props.get("GroupId", ""))
        if group is None:
            raise ValueError(f"The security group '{props.get('GroupId')}' does not exist")
        (permission,) = provisioners._ec2_sg_permissions([props])
        group[direction].append(permission)
        rule = f"sgr-{secrets.token_hex(9)[:17]}"
        _rules[rule] = (group["GroupId"], direction, permission)
        return rule, {"Id": rule}

    return create


def _rule_delete(physical_id: str, _props: dict[str, Any]) -> None:
    group_id, direction, permission = _rules.pop(physical_id, ("", "", {}))
    group = ec2._security_groups.get(group_id)
    if group and permission in group[direction]:
        group[direction].remove(permission)
