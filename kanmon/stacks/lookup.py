"""Looks up what the config names under `existing`, before a plan makes any change set (ADP-3).

A wrong id would be found by CloudFormation in the middle of a release, or by the functions afterwards. All
calls only read.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.stacks.reachability import look_up_network, refuse_unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.existing import ExistingDatabase, ExistingDomain, ExistingNetwork, ExistingUserPool
    from kanmon.config.schema import Config

_GLOBAL = "us-east-1"
"""The region of CloudFront's certificates and web ACLs."""
_MISSING = frozenset(
    {
        "DBClusterNotFoundFault",
        "NotFoundException",
        "ResourceNotFoundException",
        "WAFNonexistentItemException",
    }
)


class Readers(Protocol):
    """The account of a release: :class:`kanmon.aws.clients.Aws`."""

    @property
    def account(self) -> str:
        """The account's id."""

    def reads(self, service: str, region: str = "") -> Any:  # noqa: ANN401 - clients of many services
        """A client for reading, in the app's region or in another one."""


def refuse_unfit(config: Config, aws: Readers) -> None:
    """Raise EXISTING_MISSING or EXISTING_UNFIT for the first existing thing that the app can't use."""
    existing = config.existing
    if existing.network:
        look_up_network(existing.network, config.region, aws.reads("ec2"))
    if existing.database and existing.network:
        _database(existing.database, existing.network, aws)
    if existing.user_pool:
        _user_pool(existing.user_pool, aws)
    if existing.domain:
        _certificate(existing.domain, aws)
    if existing.web_acl:
        _web_acl(existing.web_acl, aws)


def _database(database: ExistingDatabase, network: ExistingNetwork, aws: Readers) -> None:
    place = "existing.database"
    _secret(database, aws)
    if database.cluster is None:
        return
    with _looked_up(f"{place}.cluster", phrase("There is no cluster {cluster}.", cluster=database.cluster)):
        answer = aws.reads("rds").describe_db_clusters(DBClusterIdentifier=database.cluster)
    (cluster,) = answer["DBClusters"]
    hosts = [cluster.get(key) for key in ("Endpoint", "ReaderEndpoint")] + cluster.get("CustomEndpoints", [])
    hosts = [host.lower() for host in hosts if host]
    if database.host not in hosts:
        problem = phrase(
            "{host} is no endpoint of the cluster {cluster}.", host=database.host, cluster=database.cluster
        )
        named = phrase(", or ").join(hosts) or phrase("its endpoint")
        raise _unfit(f"{place}.host", problem, phrase("Write `host: {hosts}`.", hosts=named))
    if cluster.get("Port") != database.port:
        problem = phrase(
            "The cluster {cluster} is not at the port {port}.", cluster=database.cluster, port=database.port
        )
        raise _unfit(f"{place}.port", problem, phrase("Write `port: {port}`.", port=cluster.get("Port")))
    groups = [one["VpcSecurityGroupId"] for one in cluster.get("VpcSecurityGroups", [])]
    refuse_unreachable(network, database.port, groups, aws.reads("ec2"))


def _secret(database: ExistingDatabase, aws: Readers) -> None:
    place = "existing.database.secret"
    _own(place, database.secret, aws)
    with _looked_up(place, phrase("There is no secret {secret}.", secret=database.secret)):
        found = aws.reads("secretsmanager").describe_secret(SecretId=database.secret)
    if found.get("DeletedDate"):
        fix = phrase("Run `aws secretsmanager restore-secret`, or name another secret.")
        raise _unfit(place, phrase("The secret waits for its deletion: nobody can read it."), fix)
    # Empty for Secrets Manager's own key. Otherwise an id, an ARN, or an alias, which has no id of the key.
    key, named = found.get("KmsKeyId", ""), database.secret_key or ""
    if "alias/" in key:
        matches = bool(named) != key.endswith("alias/aws/secretsmanager")
    else:
        matches = key.rpartition("/")[2] == named.rpartition("/")[2]
    if not matches:
        problem = phrase(
            "The secret's key is {key}, and the config names {named}.",
            key=key or phrase("that of Secrets Manager"),
            named=named or phrase("none"),
        )
        fix = phrase("Write `secret_key: {key}`.", key=key) if key else phrase("Remove `secret_key`.")
        raise _unfit("existing.database.secret_key", problem, fix)
    if named:
        _own("existing.database.secret_key", named, aws)


def _user_pool(pool: ExistingUserPool, aws: Readers) -> None:
    place, cognito = "existing.user_pool", aws.reads("cognito-idp")
    with _looked_up(f"{place}.id", phrase("There is no user pool {pool}.", pool=pool.id)):
        cognito.describe_user_pool(UserPoolId=pool.id)
    problem = phrase("The user pool {pool} has no client {client}.", pool=pool.id, client=pool.client)
    with _looked_up(f"{place}.client", problem):
        cognito.describe_user_pool_client(UserPoolId=pool.id, ClientId=pool.client)


def _certificate(domain: ExistingDomain, aws: Readers) -> None:
    place = "existing.domain.certificate"
    _own(place, domain.certificate, aws)
    problem = phrase("There is no certificate {certificate}.", certificate=domain.certificate)
    with _looked_up(place, problem, _GLOBAL):
        acm = aws.reads("acm", _GLOBAL)
        found = acm.describe_certificate(CertificateArn=domain.certificate)["Certificate"]
    if found["Status"] != "ISSUED":
        problem = phrase(
            "The certificate has the status {status}, and CloudFront needs ISSUED.", status=found["Status"]
        )
        fix = phrase("Look at it in Certificate Manager, region us-east-1: its DNS records prove your names.")
        raise _unfit(place, problem, fix)
    covered = [name.lower() for name in (found["DomainName"], *found.get("SubjectAlternativeNames", []))]
    for name in domain.names:
        # A wildcard stands for one label: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
        if name not in covered and f"*.{name.partition('.')[2]}" not in covered:
            names = ", ".join(dict.fromkeys(covered))
            problem = phrase("The certificate is not for {name}. It is for {names}.", name=name, names=names)
            fix = phrase("Request a certificate with {name} in us-east-1, or remove the name.", name=name)
            raise _unfit("existing.domain.names", problem, fix)


def _web_acl(arn: str, aws: Readers) -> None:
    place = "existing.web_acl"
    _own(place, arn, aws)
    _, _, name, identifier = arn.split("/")
    with _looked_up(place, phrase("There is no web ACL {arn}.", arn=arn), _GLOBAL):
        aws.reads("wafv2", _GLOBAL).get_web_acl(Name=name, Id=identifier, Scope="CLOUDFRONT")


def _own(place: str, arn: str, aws: Readers) -> None:
    """Refuse what another account has: the roles have no rights there."""
    if (owner := arn.split(":")[4]) != aws.account:
        accounts = {"owner": owner, "account": aws.account}
        problem = phrase(
            "{arn} is in the account {owner}, and the release goes to {account}.", arn=arn, **accounts
        )
        fix = phrase("Name one of the account {account}, or release to {owner}.", **accounts)
        raise _unfit(place, problem, fix)


def _unfit(place: str, problem: str, fix: str) -> KanmonError:
    return KanmonError(Code.EXISTING_UNFIT, problem, where=place, fix=fix)


@contextmanager
def _looked_up(place: str, problem: str, region: str = "") -> Iterator[None]:
    """Run a call that reads one thing. Raises EXISTING_MISSING when AWS does not have it."""
    with aws_errors(phrase("looking up `{place}`", place=place)):
        try:
            yield
        except ClientError as error:
            if error_code(error) not in _MISSING:
                raise
            fix = phrase(
                "Correct the id. Kanmon looks in the account of the release, in the region of the app."
            )
            if region:
                fix = phrase(
                    "Correct the id. Kanmon looks in the account of the release, region {region}.",
                    region=region,
                )
            raise KanmonError(Code.EXISTING_MISSING, problem, where=place, fix=fix) from error
