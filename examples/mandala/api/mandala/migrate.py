"""Lambda entry that brings the database to this release's schema, before it takes traffic."""

from collections.abc import Mapping
from typing import Any

from mandala import schema
from mandala.credentials import CredentialsSource
from mandala.database import Connect, connect, open_session
from mandala.logs import log
from mandala.release import Release

# A migration may rewrite a table; the function's own time limit is longer than this.
STATEMENT_MILLISECONDS = 240_000


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Apply the missing migrations; answers `{"schema": n, "applied": [names]}`."""
    return migrate(CredentialsSource())


def migrate(credentials: CredentialsSource, connect: Connect = connect) -> dict[str, Any]:
    """Apply the missing migrations in a session of their own."""
    connection = open_session(credentials, connect, STATEMENT_MILLISECONDS)
    try:
        applied = schema.migrate(connection, schema.load())
        result = {"schema": schema.current(connection.run), "applied": applied}
    finally:
        connection.close()
    log("info", "migrated", release=Release.from_environment().id, **result)
    return result
