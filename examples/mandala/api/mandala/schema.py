"""The database's schema: numbered SQL files, applied once each, only ever forward.

A migration must leave the release before it working (expand now, contract a release later),
because both releases use the database while traffic moves, and after a rollback.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pg8000.exceptions import DatabaseError

from mandala.database import Connection
from mandala.errors import MigrationFailed

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
# Any number that nothing else in this database uses.
_LOCK = 6_312_026_081
_LOCK_WAIT = "30s"


@dataclass(frozen=True)
class Migration:
    """One SQL file."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """SHA-256 of the SQL, to notice a file that was changed after it had been applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(folder: Path = MIGRATIONS) -> list[Migration]:
    """The migrations of this release, in order; numbers run 1, 2, 3 … without a gap."""
    files = sorted(folder.glob("*.sql"))
    migrations = [Migration(int(f.name[:4]), f.stem, f.read_text("utf-8")) for f in files]
    if [m.number for m in migrations] != list(range(1, len(migrations) + 1)):
        raise MigrationFailed("the migrations are not numbered 0001, 0002, … without a gap")
    return migrations


def current(run: Callable[..., list[list[Any]]]) -> int:
    """The number of the newest migration that the database has; 0 when it has none."""
    if run("SELECT to_regclass('schema_migrations') IS NULL")[0][0]:
        return 0
    return int(run("SELECT coalesce(max(number), 0) FROM schema_migrations")[0][0])


def migrate(connection: Connection, migrations: list[Migration]) -> list[str]:
    """Apply what is missing, each in its own transaction, and name what was applied.

    The advisory lock makes a second migration that is started meanwhile wait, and then find nothing
    to do. It belongs to the session: it ends with it, however the function dies.
    """
    connection.run(f"SET lock_timeout = '{_LOCK_WAIT}'")
    connection.run("SELECT pg_advisory_lock(:lock)", lock=_LOCK)
    try:
        connection.run(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY,"
            " name text NOT NULL, digest text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        known = dict(connection.run("SELECT number, digest FROM schema_migrations"))
        _refuse_changed(migrations, known)
        missing = [m for m in migrations if m.number not in known]
        for migration in missing:
            _apply(connection, migration)
        return [m.name for m in missing]
    finally:
        connection.run("SELECT pg_advisory_unlock(:lock)", lock=_LOCK)


def _refuse_changed(migrations: list[Migration], known: dict[int, str]) -> None:
    for migration in migrations:
        if known.get(migration.number, migration.digest) != migration.digest:
            raise MigrationFailed(
                f"{migration.name} was changed after it had been applied; add a new migration"
            )


def _apply(connection: Connection, migration: Migration) -> None:
    connection.run("START TRANSACTION")
    try:
        # Without parameters the driver sends the text as it is: a file may hold many statements.
        connection.run(migration.sql)
        connection.run(
            "INSERT INTO schema_migrations (number, name, digest) VALUES (:number, :name, :digest)",
            number=migration.number,
            name=migration.name,
            digest=migration.digest,
        )
        connection.run("COMMIT")
    except DatabaseError as error:
        connection.run("ROLLBACK")
        fields = error.args[0] if error.args else {}
        reason = fields.get("M", error) if isinstance(fields, dict) else error
        raise MigrationFailed(f"{migration.name}: {reason}") from error
