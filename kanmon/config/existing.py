"""What exists already: network, database, user pool, domain names, web ACL. Kanmon uses it by id (ADP-3).

It never changes such a thing, and `kanmon destroy` never removes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from kanmon.config.section import MistakeError, Section, written
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

SubnetId = Annotated[
    str, written(r"^subnet-[0-9a-f]{8,17}$", deferred("Use the id of a subnet."), "subnet-0a1b2c3d4e5f60718")
]
GroupId = Annotated[
    str, written(r"^sg-[0-9a-f]{8,17}$", deferred("Use the id of a security group."), "sg-0a1b2c3d4e5f60718")
]
# Lower case, as certificates have it: https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
HostName = Annotated[
    str,
    Field(max_length=253),
    written(
        r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
        deferred("Use a whole domain name in lower-case letters, without `https://` and without `*`."),
        "shop.example.com",
    ),
]


class ExistingNetwork(Section):
    """A VPC with private subnets."""

    vpc: Annotated[
        str, written(r"^vpc-[0-9a-f]{8,17}$", deferred("Use the id of a VPC."), "vpc-0a1b2c3d4e5f60718")
    ] = Field(description="The id of the VPC.")
    subnets: tuple[SubnetId, ...] = Field(
        min_length=2,
        max_length=16,
        examples=[["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]],
        description="The ids of private subnets for the functions, in at least two zones. From each, "
        "functions must reach AWS: by a route to a NAT gateway or the like, or by an endpoint for Secrets "
        "Manager.",
    )
    # https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
    security_groups: tuple[GroupId, ...] = Field(
        min_length=1,
        max_length=5,
        examples=[["sg-0a1b2c3d4e5f60718"]],
        description="The ids of the security groups for the functions. They must let the functions out to "
        "HTTPS and to the database. The database's own security group must let them in.",
    )


class ExistingDatabase(Section):
    """A PostgreSQL or MySQL database, and the secret with its password."""

    # https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    cluster: (
        Annotated[
            str,
            Field(max_length=63),
            written(r"^[a-z](-?[a-z0-9])*$", deferred("Use the cluster's identifier in RDS."), "shop-data"),
        ]
        | None
    ) = Field(
        None,
        description="The identifier of the Aurora cluster. With it, the plan compares host and port, and "
        "looks whether the cluster lets the functions in. Leave it out for an RDS instance or a proxy: then "
        "the plan verifies the secret only.",
    )
    host: Annotated[
        str,
        Field(max_length=253),
        written(
            r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
            deferred("Use a host in lower-case letters, without a port."),
            "db.local",
        ),
    ] = Field(
        examples=["shop-data.cluster-abcdefghijkl.eu-central-1.rds.amazonaws.com"],
        description="The host for the functions, such as the cluster's endpoint: `DATABASE_HOST`.",
    )
    port: int = Field(5432, ge=1, le=65535, description="The port: `DATABASE_PORT`.")
    name: Annotated[
        str,
        written(
            r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$",
            deferred("Use the database's name: letters, digits, hyphens and underscores."),
            "shop",
        ),
    ] = Field(description="The name of the database on that host: `DATABASE_NAME`.")
    secret: Annotated[
        str,
        Field(max_length=2048),
        written(
            r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@!-]+-[A-Za-z0-9]{6}$",
            deferred("Use the whole ARN of a secret in Secrets Manager, with the six characters at its end."),
            "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-data-Ab12Cd",
        ),
    ] = Field(
        description="The ARN of the secret with `username` and `password` in JSON, in the app's own region: "
        "`DATABASE_SECRET_ARN`.",
    )
    secret_key: (
        Annotated[
            str,
            written(
                r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]{1,64}$",
                deferred("Use the ARN of a KMS key, not of an alias."),
                "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            ),
        ]
        | None
    ) = Field(
        None,
        description="The ARN of the KMS key that encrypts the secret, if it is a key of your own. Its key "
        "policy must allow the account's IAM policies.",
    )


class ExistingUserPool(Section):
    """A Cognito user pool, and the client in it for the app."""

    id: Annotated[
        str,
        Field(max_length=55),
        written(
            r"^[a-z]{2}(-[a-z]+)+-\d_[A-Za-z0-9]+$",
            deferred("Use the id of a user pool."),
            "eu-central-1_Ab12Cd34E",
        ),
    ] = Field(description="The id of the user pool: `USER_POOL_ID`.")
    client: Annotated[
        str,
        written(
            r"^[A-Za-z0-9_+]{1,128}$",
            deferred("Use the id of an app client, not its name."),
            "1h57kf5cpq17m0",
        ),
    ] = Field(description="The id of the app client in it: `USER_POOL_CLIENT_ID`.")


class ExistingDomain(Section):
    """Domain names of your own, and their certificate."""

    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    names: tuple[HostName, ...] = Field(
        min_length=1,
        max_length=100,
        examples=[["shop.example.com", "www.example.com"]],
        description="The app's domain names. The first one is the app's address: `${edge.Url}`, checks and "
        "previews use it. Point each one in your DNS to the distribution, `${edge.Domain}`. Until then, "
        "checks reach it all the same.",
    )
    certificate: Annotated[
        str,
        written(
            r"^arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate/[A-Za-z0-9-]{1,64}$",
            deferred("Use the ARN of a certificate in us-east-1: CloudFront takes no other."),
            "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012",
        ),
    ] = Field(description="The ARN of an issued certificate for all names, in `us-east-1`.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for index, name in enumerate(self.names):
            if name in self.names[:index]:
                raise MistakeError(
                    phrase("The name {name} is there twice.", name=name),
                    phrase("Remove one."),
                    at=("names", index),
                )
        return self


class Existing(Section):
    """What exists already. Kanmon uses it by id, and never changes or removes it."""

    network: ExistingNetwork | None = Field(
        None,
        description="A VPC in place of Kanmon's own, for functions with `database: true`. Kanmon then makes "
        "no VPC, no NAT gateway and no endpoints.",
    )
    database: ExistingDatabase | None = Field(
        None,
        description="A database in place of Kanmon's own. It needs `existing.network`. Kanmon makes no "
        "snapshot before a release, no rotation and no alarms for it.",
    )
    user_pool: ExistingUserPool | None = Field(
        None, description="A user pool in place of Kanmon's own, for functions with `user_pool: true`."
    )
    domain: ExistingDomain | None = Field(
        None, description="Domain names of your own for the app, in place of CloudFront's name."
    )
    web_acl: (
        Annotated[
            str,
            Field(max_length=2048),
            written(
                r"^arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/[A-Za-z0-9_-]{1,128}/[A-Za-z0-9-]{1,36}$",
                deferred(
                    "Use the ARN of a web ACL of the scope CLOUDFRONT: it is `global` and in us-east-1."
                ),
                "arn:aws:wafv2:us-east-1:111122223333:global/webacl/shop/12345678-1234-1234-1234-123456789012",
            ),
        ]
        | None
    ) = Field(None, description="The ARN of a web ACL (AWS WAF, scope `CLOUDFRONT`) for the distribution.")

    @property
    def outputs(self) -> dict[str, str]:
        """The foundation's outputs with the value of an existing thing, in place of Kanmon's own."""
        found: dict[str, str] = {}
        if self.network:
            found["FunctionSubnets"] = ",".join(self.network.subnets)
            found["FunctionSecurityGroup"] = ",".join(self.network.security_groups)
        if database := self.database:
            found |= {"DatabaseHost": database.host, "DatabasePort": str(database.port)}
            found["DatabaseSecretArn"] = database.secret
        if self.user_pool:
            found |= {"UserPoolId": self.user_pool.id, "UserPoolClientId": self.user_pool.client}
        return found

    @property
    def rights(self) -> dict[str, str]:
        """The ids that roles need rights for, by their kinds; empty for what there is not."""
        found = {
            "vpc": self.network.vpc if self.network else None,
            "cluster": self.database.cluster if self.database else None,
            "secret": self.database.secret if self.database else None,
            "secret_key": self.database.secret_key if self.database else None,
            "user_pool": self.user_pool.id if self.user_pool else None,
            "certificate": self.domain.certificate if self.domain else None,
            "web_acl": self.web_acl,
        }
        return {kind: value or "" for kind, value in found.items()}

    @property
    def ids(self) -> dict[str, str]:
        """What a release uses by id, by its key, for a plan. Without words: a plan has no language."""
        found = {
            "network": self.network and self.network.vpc,
            "database": self.database and (self.database.cluster or self.database.host),
            "user_pool": self.user_pool and self.user_pool.id,
            "domain": self.domain and ", ".join(self.domain.names),
            "web_acl": self.web_acl and self.web_acl.split("/")[2],
        }
        return {key: value for key, value in found.items() if value}


def check_existing(config: Config) -> None:
    """Check `existing` beside the other sections. Raises MistakeError with the first problem."""
    for mistake in _mistakes(config):
        raise mistake


def _mistakes(config: Config) -> Iterator[MistakeError]:
    existing, place = config.existing, "existing"
    for key, kind in (("database", deferred("database")), ("user_pool", deferred("user pool"))):
        if getattr(config, key) is not None and getattr(existing, key) is not None:
            problem = deferred(
                "`{key}` makes a {thing}, and `existing.{key}` names one. An app has one of them."
            )
            fix = deferred("Remove `{key}` to use the existing {thing}, or remove `existing.{key}`.")
            values = {"key": key, "thing": phrase(kind)}
            yield MistakeError(phrase(problem, **values), phrase(fix, **values), at=(place, key))
    if existing.database and not existing.network:
        yield MistakeError(
            phrase("The functions of `existing.database` need the network in which they reach it."),
            phrase("Add `existing.network` with `vpc`, `subnets` and `security_groups`."),
            at=(place, "database"),
        )
    has_database, within = existing.database or config.database, _in_network(config)
    if existing.network and not (has_database or within):
        yield MistakeError(
            phrase(
                "Functions with `network: true` or `database: true` are in the network, and there is none."
            ),
            phrase("Add `network: true` to a function, or remove `existing.network`."),
            at=(place, "network"),
        )
    if within and not (has_database or existing.network):
        yield MistakeError(
            phrase("The function {name} is to be in a network, and there is none.", name=within[0]),
            phrase("Add `existing.network`, or remove `network: true`."),
            at=("functions", within[0], "network"),
        )
    if existing.network and config.network.endpoints:
        yield MistakeError(
            phrase("Kanmon makes endpoints in its own network only, and `existing.network` names another."),
            phrase("Remove `network.endpoints`, and make the endpoints where the network comes from."),
            at=("network", "endpoints"),
        )
    yield from _elsewhere(config)


def _in_network(config: Config) -> list[str]:
    return [name for name, function in config.functions.items() if function.network]


def _elsewhere(config: Config) -> Iterator[MistakeError]:
    """Things in another region than the app's, or of another kind of region."""
    existing, found = config.existing, dict[tuple[str, str], str]()
    if existing.user_pool:
        found["user_pool", "id"] = existing.user_pool.id.partition("_")[0]
    if existing.database:
        found["database", "secret"] = existing.database.secret.split(":")[3]
    if existing.database and existing.database.secret_key:
        found["database", "secret_key"] = existing.database.secret_key.split(":")[3]
    for place, region in found.items():
        if region != config.region:
            yield MistakeError(
                phrase(
                    "It is in the region {region}, and the app is in {own}.", region=region, own=config.region
                ),
                phrase("Use one in {own}, or set `region: {region}`.", own=config.region, region=region),
                at=("existing", *place),
            )
