"""The app of one recipe of docs/migrations.md: its folders, its function's process, its second migration."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pg8000.native import Connection

RECIPES = Path(__file__).parent
HEAD = """\
app: shop
environment: production
region: ap-northeast-1
web: {directory: page}
checks: [{name: page, path: /}]
"""
"""What a config has besides the sections of a recipe."""
LAYERS = {
    "sql": ("python", "sql"),
    "flyway": ("python", "sql", "flyway"),
    "alembic": ("python", "alembic"),
    "knex": ("node", "knex"),
    "drizzle": ("node", "drizzle"),
    "prisma": ("node", "prisma"),
}
"""The folders that make up each recipe's app, one over the other."""
_NODE = "import('./index.mjs').then(m => m.handler({})).then(a => console.log(JSON.stringify(a)))"
_PYTHON = "import handler, json; print(json.dumps(handler.handle({}, None)))"
_JOURNAL = "drizzle/migrate/migrations/meta/_journal.json"
_INDEX = "CREATE INDEX CONCURRENTLY goals_title ON goals (title)"
_OLDEST = "COMPATIBLE_WITH = {}"
_LATER = 1_790_000_001_000


def lay(name: str, folder: Path) -> None:
    """Write a recipe's app with its config, as a team has it in its repository."""
    for layer in LAYERS[name]:
        if layer == "flyway":
            shutil.rmtree(folder / "migrate/migrations")
        shutil.copytree(RECIPES / layer, folder, dirs_exist_ok=True)
    config = folder / "kanmon.yml"
    config.write_text(HEAD + config.read_text())
    (folder / "page").mkdir()
    (folder / "page/index.html").write_text("<!doctype html><head><title>Shop</title></head>")


@dataclass(frozen=True)
class Recipe:
    """A recipe's function, and an empty database."""

    name: str
    artifact: Path
    environment: Mapping[str, str]
    database: Connection

    def start(self) -> subprocess.Popen[str]:
        """Invoke the function in a process of its own."""
        python = (self.artifact / "handler.py").is_file()
        words = [sys.executable, "-c", _PYTHON] if python else ["node", "-e", _NODE]
        return subprocess.Popen(
            words,
            cwd=self.artifact,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def migrate(self) -> Any:
        """The function's answer."""
        return answer(self.start())

    def refused(self) -> str:
        """The message of the function that fails."""
        process = self.start()
        output, errors = process.communicate(timeout=60)
        assert process.returncode, output
        return errors

    def add(self, sql: str, when: int = _LATER) -> None:
        """Write the second migration. `when` is Drizzle's time of it, in milliseconds since 1970."""
        if self.name == "drizzle":
            _write_drizzle(self.migrations, sql, when)
        else:
            _WRITERS[self.name](self.migrations, sql)

    def add_index(self) -> None:
        """Write the second migration as the page has it for an index that stops no writes."""
        self.add(_INDEX)
        if self.name == "knex":
            with (self.migrations / "0002_two.mjs").open("a") as file:
                file.write("export const config = { transaction: false };\n")
        if self.name == "alembic":
            begin = "with op.get_context().autocommit_block():\n        op.execute('COMMIT')"
            block = f"{begin}\n        op.execute({_INDEX!r})"
            script = self.migrations / "versions/0002_two.py"
            script.write_text(script.read_text().replace(f"op.execute({_INDEX!r})", block))

    def contract(self, sql: str, oldest: int) -> None:
        """Write a second migration that removes something: only code for schema `oldest` or later works."""
        self.add(sql)
        [shared] = self.artifact.glob("database.*")
        shared.write_text(shared.read_text().replace(_OLDEST.format(0), _OLDEST.format(oldest)))

    def revert(self) -> None:
        """Remove the second migration, as a revert of its commit does."""
        for found in list(self.migrations.rglob("*two*")):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
        if self.name == "drizzle":
            shutil.copy(RECIPES / _JOURNAL, self.migrations / "meta")

    @property
    def migrations(self) -> Path:
        """The folder of migrations in the function's package."""
        return self.artifact / "migrations"

    def columns(self) -> list[str]:
        """The columns of the app's table."""
        found = "SELECT column_name FROM information_schema.columns WHERE table_name = 'goals' ORDER BY 1"
        return [str(row[0]) for row in self.database.run(found)]


def answer(process: subprocess.Popen[str]) -> Any:
    """What the function of a process answers."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return json.loads(output)


def _write_sql(folder: Path, sql: str) -> None:
    (folder / "0002_two.sql").write_text(sql)


def _write_flyway(folder: Path, sql: str) -> None:
    (folder / "V2__two.sql").write_text(sql)


def _write_alembic(folder: Path, sql: str) -> None:
    head = 'from alembic import op\nrevision = "0002"\ndown_revision = "0001"\n'
    (folder / "versions/0002_two.py").write_text(f"{head}def upgrade():\n    op.execute({sql!r})\n")


def _write_knex(folder: Path, sql: str) -> None:
    text = f"export const up = (db) => db.raw({json.dumps(sql)});\nexport const down = () => {{}};\n"
    (folder / "0002_two.mjs").write_text(text)


def _write_drizzle(folder: Path, sql: str, when: int) -> None:
    (folder / "0001_two.sql").write_text(sql)
    journal = json.loads((RECIPES / _JOURNAL).read_text())
    entry = {"idx": 1, "version": "7", "when": when, "tag": "0001_two", "breakpoints": True}
    journal["entries"].append(entry)
    (folder / "meta/_journal.json").write_text(json.dumps(journal))


def _write_prisma(folder: Path, sql: str) -> None:
    (folder / "20261102090000_two").mkdir(exist_ok=True)
    (folder / "20261102090000_two/migration.sql").write_text(sql)


_WRITERS: dict[str, Callable[[Path, str], None]] = {
    "sql": _write_sql,
    "flyway": _write_flyway,
    "alembic": _write_alembic,
    "knex": _write_knex,
    "prisma": _write_prisma,
}
