# migrate/handler.py
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from database import COMPATIBLE_WITH, PREPARE, settings
from pg8000.dbapi import connect
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

FOLDER = Path(__file__).with_name("migrations")


def handle(event: dict, context: object) -> dict:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    scripts = ScriptDirectory.from_config(config)
    engine = create_engine("postgresql+pg8000://", creator=lambda: connect(**settings()), poolclass=NullPool)
    with engine.connect() as connection:
        for statement in PREPARE:
            connection.exec_driver_sql(statement)
        before = MigrationContext.configure(connection).get_current_revision() or "base"
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    new = [one.revision for one in scripts.iterate_revisions("head", before)]
    schema = len(list(scripts.iterate_revisions("head", "base")))
    return {"schema": schema, "compatible_with": COMPATIBLE_WITH, "applied": new[::-1]}
