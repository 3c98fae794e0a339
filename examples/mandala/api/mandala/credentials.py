"""The database's credentials: read from Secrets Manager at run time, kept for the process."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mandala.errors import DatabaseUnavailable

ReadSecret = Callable[[str], str]


@dataclass(frozen=True)
class Credentials:
    """Where the database is and who we are there."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)


class CredentialsSource:
    """Gives the credentials, reading the secret only when it has to."""

    def __init__(
        self, read: ReadSecret | None = None, variables: Mapping[str, str] = os.environ
    ) -> None:
        self._read = read or read_secret
        self._variables = variables
        self._known: Credentials | None = None

    def current(self) -> Credentials:
        """The credentials as last read."""
        if self._known is None:
            self._known = self._fetch()
        return self._known

    def forget(self) -> None:
        """Read the secret again next time: it was rotated."""
        self._known = None

    def _fetch(self) -> Credentials:
        arn = self._variables.get("DATABASE_SECRET_ARN")
        if not arn:
            raise DatabaseUnavailable("DATABASE_SECRET_ARN is not set")
        try:
            return self._credentials(self._read(arn))
        except Exception as error:
            # Only the kind of the error: its text may quote the secret.
            raise DatabaseUnavailable(
                f"the database's secret can't be read: {type(error).__name__}"
            ) from None

    def _credentials(self, secret: str) -> Credentials:
        """RDS keeps name and password in the secret, and changes them; the rest are settings."""
        content: dict[str, Any] = json.loads(secret)
        return Credentials(
            host=self._variables["DATABASE_HOST"],
            port=int(self._variables["DATABASE_PORT"]),
            dbname=self._variables["DATABASE_NAME"],
            username=str(content["username"]),
            password=str(content["password"]),
        )


def read_secret(arn: str) -> str:
    """Ask Secrets Manager. Short limits: an API request is waiting."""
    # boto3 belongs to Lambda's runtime, not to the artifact; imported where it is needed, so that
    # the rest runs without it.
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2})
    client = boto3.client("secretsmanager", config=config)
    return str(client.get_secret_value(SecretId=arn)["SecretString"])
