# migrate/database.py
import json
import os
import ssl
from pathlib import Path

import boto3

# The lowest schema that code may be made for, and still works. A migration that removes something raises it.
COMPATIBLE_WITH = 0


def settings() -> dict:
    """The connection's settings for pg8000."""
    secrets = boto3.client("secretsmanager")
    secret = secrets.get_secret_value(SecretId=os.environ["DATABASE_SECRET_ARN"])
    login = json.loads(secret["SecretString"])
    return {
        "user": login["username"],
        "password": login["password"],
        "host": os.environ["DATABASE_HOST"],
        "port": int(os.environ["DATABASE_PORT"]),
        "database": os.environ["DATABASE_NAME"],
        "ssl_context": ssl.create_default_context(cafile=str(Path(__file__).with_name("ca.pem"))),
    }


# One migration at a time, and no statement that lets users wait or outlives the function. The lock's number
# is any that nothing else in this database uses. The lock ends with the connection.
PREPARE = (
    "SET lock_timeout = '5s'",
    "SET statement_timeout = '14min'",
    "SELECT pg_advisory_lock(6312026082)",
)
