"""Whether functions in an existing network reach AWS and the database: zones, routes, rules (ADP-3)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from kanmon.aws.calls import aws_errors
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanmon.config.existing import ExistingNetwork

_PLACE = "existing.network"
_HTTPS = 443
_TCP = {"tcp", "6", "-1"}


def look_up_network(network: ExistingNetwork, region: str, ec2: Any) -> None:  # noqa: ANN401 - see `Readers`
    """Raise EXISTING_MISSING or EXISTING_UNFIT when functions can't run in the network."""
    with aws_errors(phrase("looking up the existing network")):
        vpcs = ec2.describe_vpcs(Filters=[_filter("vpc-id", network.vpc)])["Vpcs"]
        subnets = ec2.describe_subnets(Filters=[_filter("subnet-id", *network.subnets)])["Subnets"]
        groups = _groups(ec2, network.security_groups)
        found = {
            ("vpc", "VPC"): ([network.vpc], {one["VpcId"]: one["VpcId"] for one in vpcs}),
            ("subnets", phrase("subnet")): (
                network.subnets,
                {one["SubnetId"]: one["VpcId"] for one in subnets},
            ),
            ("security_groups", phrase("security group")): (
                network.security_groups,
                {one["GroupId"]: one.get("VpcId", "") for one in groups},
            ),
        }
        for (key, thing), (wanted, present) in found.items():
            _refuse_foreign(network.vpc, f"{_PLACE}.{key}", thing, wanted, present)
        zones = {one["AvailabilityZone"] for one in subnets}
        if len(zones) == 1:
            problem = phrase(
                "All subnets are in the zone {zone}: without it, no function would run.", zone=zones.pop()
            )
            raise _unfit("subnets", problem, phrase("Add a private subnet in another zone."))
        if not any(_at(rule, _HTTPS) for one in groups for rule in one["IpPermissionsEgress"]):
            problem = phrase(
                "{groups} let nothing out to HTTPS (port 443).", groups=_joined(network.security_groups)
            )
            fix = phrase(
                "Add an outbound rule for TCP 443: functions read their secrets from Secrets Manager."
            )
            raise _unfit("security_groups", problem, fix)
        _refuse_shut_in(network, region, ec2)


def refuse_unreachable(
    network: ExistingNetwork,
    port: int,
    groups: Sequence[str],
    ec2: Any,  # noqa: ANN401 - see `Readers`
) -> None:
    """Raise EXISTING_UNFIT when no rule of the database's security groups lets the functions in.

    A rule with a list of prefixes counts: nobody looks into the list.
    """
    with aws_errors(phrase("looking up the security groups of the existing database")):
        found = _groups(ec2, groups)
        subnets = ec2.describe_subnets(Filters=[_filter("subnet-id", *network.subnets)])["Subnets"]
    rules = [rule for one in found for rule in one["IpPermissions"]]
    blocks = [one["CidrBlock"] for one in subnets]
    if not any(_at(rule, port) and _from(rule, network.security_groups, blocks) for rule in rules):
        own, theirs = network.security_groups[0], groups[0] if groups else "GROUP"
        raise KanmonError(
            Code.EXISTING_UNFIT,
            phrase(
                "The database's security groups ({theirs}) let nothing from {own} in at the port {port}.",
                theirs=_joined(groups) or phrase("none"),
                own=_joined(network.security_groups),
                port=port,
            ),
            where="existing.database",
            fix=phrase(
                "Run `aws ec2 authorize-security-group-ingress --group-id {theirs} --protocol tcp --port "
                "{port} --source-group {own}`.",
                theirs=theirs,
                port=port,
                own=own,
            ),
        )


def _refuse_foreign(
    vpc: str, place: str, thing: str, wanted: Iterable[str], present: Mapping[str, str]
) -> None:
    for name in wanted:
        if name not in present:
            problem = phrase("There is no {thing} {name}.", thing=thing, name=name)
            raise KanmonError(Code.EXISTING_MISSING, problem, where=place)
        if present[name] != vpc:
            problem = phrase(
                "The {thing} {name} is in the network {other}, not in {network}.",
                thing=thing,
                name=name,
                other=present[name],
                network=vpc,
            )
            fix = phrase(
                "Name a {thing} of {network}, or correct `{place}.vpc`.",
                thing=thing,
                network=vpc,
                place=_PLACE,
            )
            raise KanmonError(Code.EXISTING_UNFIT, problem, where=place, fix=fix)


def _refuse_shut_in(network: ExistingNetwork, region: str, ec2: Any) -> None:  # noqa: ANN401
    """Refuse a subnet without a way to Secrets Manager. A function has no address of its own in the internet.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
    """
    tables = ec2.describe_route_tables(Filters=[_filter("vpc-id", network.vpc)])["RouteTables"]
    shut = [subnet for subnet in network.subnets if not _leaves(_table_of(subnet, tables))]
    if not shut:
        return
    service = f"com.amazonaws.{region}.secretsmanager"
    wanted = [_filter("vpc-id", network.vpc), _filter("service-name", service)]
    if not ec2.describe_vpc_endpoints(Filters=wanted)["VpcEndpoints"]:
        problem = phrase(
            "Functions in {subnets} can't reach AWS: there is no route to a NAT gateway or the like, "
            "and {network} has no endpoint for Secrets Manager. An internet gateway is no way for "
            "functions.",
            subnets=_joined(shut),
            network=network.vpc,
        )
        fix = phrase(
            "Name private subnets with a NAT gateway, or make an interface endpoint for {service}.",
            service=service,
        )
        raise _unfit("subnets", problem, fix)


def _table_of(subnet: str, tables: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The route table of a subnet: its own, or the network's main one."""
    main: Mapping[str, Any] = {}
    for table in tables:
        for one in table.get("Associations", []):
            if one.get("SubnetId") == subnet:
                return table
            main = table if one.get("Main") else main
    return main


def _leaves(table: Mapping[str, Any]) -> bool:
    return any(
        route.get("DestinationCidrBlock") == "0.0.0.0/0"
        and route.get("State", "active") == "active"
        and not route.get("GatewayId", "").startswith("igw-")
        for route in table.get("Routes", [])
    )


def _at(rule: Mapping[str, Any], port: int) -> bool:
    """Whether a rule is for this port of TCP. A rule for all protocols names no ports."""
    if rule["IpProtocol"] not in _TCP:
        return False
    first, last = int(rule.get("FromPort", 0)), int(rule.get("ToPort", 65535))
    return rule["IpProtocol"] == "-1" or first <= port <= last


def _from(rule: Mapping[str, Any], groups: Iterable[str], blocks: Iterable[str]) -> bool:
    if rule.get("PrefixListIds"):
        return True
    if {one.get("GroupId") for one in rule.get("UserIdGroupPairs", [])} & set(groups):
        return True
    ranges = [ip_network(one["CidrIp"]) for one in rule.get("IpRanges", [])]
    # Each subnet's functions must come in.
    return all(any(ip_network(block).subnet_of(one) for one in ranges) for block in blocks)  # type: ignore[arg-type]


def _groups(ec2: Any, ids: Sequence[str]) -> list[dict[str, Any]]:  # noqa: ANN401 - see `Readers`
    found: list[dict[str, Any]] = []
    if ids:
        found = ec2.describe_security_groups(Filters=[_filter("group-id", *ids)])["SecurityGroups"]
    return found


def _filter(name: str, *values: str) -> dict[str, object]:
    """A filter, not a list of ids: a missing one is no error of the whole call."""
    return {"Name": name, "Values": list(values)}


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _unfit(key: str, problem: str, fix: str) -> KanmonError:
    return KanmonError(Code.EXISTING_UNFIT, problem, where=f"{_PLACE}.{key}", fix=fix)
