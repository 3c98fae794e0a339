"""Names that AWS or PostgreSQL keeps for itself. AWS would refuse them in the middle of a first release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.section import MistakeError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html: buckets' names begin with the
# app's. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: so does the roles' path.
_APPS = ("sthree", "amzn-s3-demo", "aws-service-role", "aws-reserved")
# RDS refuses a word that is reserved in the engine as the name of database and master user:
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html. These are PostgreSQL's:
# https://www.postgresql.org/docs/17/sql-keywords-appendix.html
_WORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check
collate collation column concurrently constraint create cross current_catalog current_date
current_role current_schema current_time current_timestamp current_user default deferrable desc
distinct do else end except false fetch for foreign freeze from full grant group having ilike in
initially inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
references returning right select session_user similar some symmetric system_user table tablesample
then to trailing true union unique user using variadic verbose when where window with
"""
RESERVED_WORDS = frozenset(_WORDS.split())
"""PostgreSQL's reserved key words."""
# `public` and `none` are no names of roles (https://www.postgresql.org/docs/17/sql-createrole.html). Every
# server has the templates' databases. The rest are RDS's own users. It refuses `admin` for PostgreSQL only:
# https://github.com/aws-cloudformation/cfn-lint/pull/4425. It takes `postgres`.
_USERS = frozenset(
    {
        *("public", "none", "template0", "template1"),
        *("admin", "rdsadmin", "rdsproxyadmin", "rdsrepladmin", "rdstopmgr", "rdswriteforwarduser"),
    }
)
# https://www.postgresql.org/docs/17/predefined-roles.html;
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
_PREFIXES = ("pg_", "rds_")


def check_reserved(config: Config) -> None:
    """Check the config for reserved names. Raises MistakeError with the first one."""
    for mistake in _mistakes(config):
        raise mistake


def _mistakes(config: Config) -> Iterator[MistakeError]:
    for name in _APPS:
        if f"{config.app}-".startswith(f"{name}-"):
            yield MistakeError(
                phrase(
                    "The app's name {app} begins with `{name}`. AWS keeps such names for itself.",
                    app=config.app,
                    name=name,
                ),
                phrase("Choose another name, such as `{name}`.", name="shop"),
                at=("app",),
            )
    name = config.database.name if config.database else ""
    if name in RESERVED_WORDS | _USERS or name.startswith(_PREFIXES):
        yield MistakeError(
            phrase(
                "The database's name {name} is reserved: RDS takes it neither for a database nor for its "
                "owner.",
                name=name,
            ),
            phrase("Choose another name, such as `{name}`.", name=f"{config.app.replace('-', '_')}_data"),
            at=("database", "name"),
        )
