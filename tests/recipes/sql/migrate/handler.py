# migrate/handler.py
import hashlib
import re
from pathlib import Path

from database import COMPATIBLE_WITH, PREPARE, settings
from pg8000.native import Connection

FOLDER = Path(__file__).with_name("migrations")


def handle(event: dict, context: object) -> dict:
    connection = Connection(**settings())
    try:
        for statement in PREPARE:
            connection.run(statement)
        connection.run("CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, digest text)")
        applied = [file.stem for file in sorted(FOLDER.glob("*.sql"), key=number) if apply(connection, file)]
        schema = connection.run("SELECT count(*) FROM schema_migrations")[0][0]
        return {"schema": schema, "compatible_with": COMPATIBLE_WITH, "applied": applied}
    finally:
        connection.close()


def number(file: Path) -> tuple:
    """0002_titles.sql and V2__titles.sql come before 0010_x.sql and V10__x.sql."""
    version = re.match(r"V?\d+([._]\d+)*", file.name)
    if not version:
        raise RuntimeError(f"{file.name} has no number: call it 0002_name.sql or V2__name.sql")
    return [int(part) for part in re.findall(r"\d+", version[0])], file.name


def apply(connection: Connection, file: Path) -> bool:
    sql = file.read_text("utf-8")
    digest = hashlib.sha256(sql.encode()).hexdigest()
    known = connection.run("SELECT digest FROM schema_migrations WHERE name = :name", name=file.stem)
    if known and known[0][0] in (None, digest):
        return False
    if known:
        raise RuntimeError(f"{file.name} was changed after it had been applied: add a new migration")
    connection.run("START TRANSACTION")
    connection.run(sql)
    connection.run(
        "INSERT INTO schema_migrations (name, digest) VALUES (:name, :digest)", name=file.stem, digest=digest
    )
    connection.run("COMMIT")
    return True
