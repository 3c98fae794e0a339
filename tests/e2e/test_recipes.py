"""The recipes of docs/migrations.md on a real PostgreSQL, behind TLS, with the variables that Kanmon gives.

`scripts/recipes` runs them all, after their own build commands. The suite runs one, without a build.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from pg8000.native import Connection

from embedded.process import REPOSITORY
from kanmon.bundle.build import build_bundle
from kanmon.codes import Code
from kanmon.config.source import load_config
from kanmon.errors import KanmonError
from kanmon.model import Result
from kanmon.release.rollback import rollback_target
from tests.fakes.cloud import Cloud
from tests.fakes.runs import failure_of, release
from tests.recipes.app import RECIPES, Recipe, answer, lay

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.aws import EmbeddedAws
    from kanmon.release.walk import Outcome

pytestmark = pytest.mark.emulator

BUILT = bool(os.environ.get("KANMON_RECIPES"))
CLUSTER = """
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties:
      Engine: aurora-postgresql
      DatabaseName: recipes
      MasterUsername: shop
      ManageMasterUserPassword: true
Outputs:
  Host: {Value: !GetAtt Cluster.Endpoint.Address}
  Port: {Value: !GetAtt Cluster.Endpoint.Port}
  Secret: {Value: !GetAtt Cluster.MasterUserSecret.SecretArn}
"""
SECOND = "ALTER TABLE goals ADD COLUMN done boolean"
BROKEN = "ALTER TABLE goals ADD COLUMN done boolean; SELECT nonsense"
QUICK = "sql"
"""Its one package is the tests', too."""
NAMES = (QUICK, "flyway", "alembic", "knex", "drizzle", "prisma")
_numbers = count(1)


@pytest.fixture(scope="module")
def cluster(aws: EmbeddedAws) -> dict[str, str]:
    """The variables of a function with `database: true`."""
    stacks = aws.client("cloudformation")
    stacks.create_stack(StackName="recipes", TemplateBody=CLUSTER)
    stacks.get_waiter("stack_create_complete").wait(StackName="recipes", WaiterConfig={"Delay": 1})
    (stack,) = stacks.describe_stacks(StackName="recipes")["Stacks"]
    made = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return {
        "DATABASE_HOST": made["Host"],
        "DATABASE_PORT": made["Port"],
        "DATABASE_SECRET_ARN": made["Secret"],
    }


@pytest.fixture(scope="module")
def apps() -> dict[str, Path]:
    """The function's package of each recipe. It is built at its first use."""
    return {}


def _package(name: str, folder: Path) -> Path:
    lay(name, folder)
    if not BUILT:
        return folder / "migrate"
    warnings: list[KanmonError] = []
    config = load_config(folder / "kanmon.yml")
    build_bundle(
        config,
        folder,
        folder / "build/bundle",
        commit="0" * 40,
        on_command=print,
        on_line=print,
        on_warning=warnings.append,
    )
    assert warnings == []
    return folder / config.functions["migrate"].artifact


@pytest.fixture
def recipe(
    request: pytest.FixtureRequest,
    aws: EmbeddedAws,
    cluster: dict[str, str],
    apps: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Recipe:
    """The named recipe, built, with a database of the test's own."""
    name = request.param
    if name not in apps:
        apps[name] = _package(name, tmp_path_factory.mktemp("built") / name)
    artifact = tmp_path_factory.mktemp("recipe") / "package"
    shutil.copytree(apps[name], artifact, symlinks=True)
    shutil.copyfile(aws.database_ca, artifact / "ca.pem")
    database = f"recipe_{next(_numbers)}"
    environment = {**os.environ, **aws.environment, **cluster, "DATABASE_NAME": database}
    _connect(aws, environment, "recipes").run(f"CREATE DATABASE {database}")
    return Recipe(name, artifact, environment, _connect(aws, environment, database))


def _connect(aws: EmbeddedAws, variables: dict[str, str], database: str) -> Connection:
    user, password = _login(aws, variables)
    return Connection(
        user,
        password=password,
        host=variables["DATABASE_HOST"],
        port=int(variables["DATABASE_PORT"]),
        database=database,
        ssl_context=ssl.create_default_context(cafile=str(aws.database_ca)),
    )


def _login(aws: EmbeddedAws, variables: dict[str, str]) -> tuple[str, str]:
    secret = aws.client("secretsmanager").get_secret_value(SecretId=variables["DATABASE_SECRET_ARN"])
    content = json.loads(secret["SecretString"])
    return content["username"], content["password"]


def each(*names: str) -> pytest.MarkDecorator:
    """For these recipes, or for all."""
    return pytest.mark.parametrize("recipe", names or NAMES, indirect=True)


whole = pytest.mark.skipif(not BUILT, reason="scripts/recipes runs them")


@pytest.mark.parametrize("recipe", NAMES if BUILT else [QUICK], indirect=True)
def test_a_recipe_applies_each_migration_once(recipe: Recipe) -> None:
    first = recipe.migrate()
    assert len(first["applied"]) == first["schema"] > 0
    assert "title" in recipe.columns()
    recipe.add(SECOND)
    again = recipe.migrate()
    assert len(again["applied"]) == 1
    assert again["schema"] == first["schema"] + 1
    assert recipe.migrate() == {"schema": again["schema"], "compatible_with": 0, "applied": []}


@pytest.mark.parametrize("recipe", NAMES if BUILT else [QUICK], indirect=True)
def test_no_rollback_returns_to_code_that_a_migration_broke(recipe: Recipe) -> None:
    """CD-9: the recipe answers from a real database, and the engine keeps to its answers."""
    cloud = Cloud()

    def deploy(version: str) -> Outcome:
        cloud.functions.answer = json.dumps(recipe.migrate())
        return release(cloud, version)

    assert deploy("a1").result is deploy("b2").result is Result.STABLE
    expanded = json.loads(cloud.functions.answer)["schema"]
    recipe.contract("ALTER TABLE goals DROP COLUMN title", expanded + 1)
    outcome = deploy("c3")
    assert "title" not in recipe.columns()
    assert failure_of(outcome).code is Code.SCHEMA_TOO_NEW
    assert cloud.users == ("r2", "r2")
    with pytest.raises(KanmonError) as caught:
        rollback_target(cloud.ledger, "r1")
    assert caught.value.code is Code.SCHEMA_TOO_NEW


@whole
@each()
def test_a_failing_migration_leaves_nothing(recipe: Recipe) -> None:
    before = recipe.migrate()["schema"]
    recipe.add(BROKEN)
    assert "nonsense" in recipe.refused()
    assert "done" not in recipe.columns()
    recipe.add(SECOND)
    assert recipe.migrate()["schema"] == before + 1


@whole
@each()
def test_two_at_once_migrate_one_after_the_other(recipe: Recipe) -> None:
    answers = [answer(one) for one in [recipe.start(), recipe.start()]]
    applied = sorted(len(one["applied"]) for one in answers)
    assert applied[0] == 0 < applied[1]


@whole
@each()
def test_a_migration_rather_fails_than_lets_users_wait(recipe: Recipe) -> None:
    recipe.migrate()
    recipe.add(SECOND)
    recipe.database.run("START TRANSACTION")
    recipe.database.run("LOCK TABLE goals IN ACCESS SHARE MODE")
    assert "lock timeout" in recipe.refused()
    recipe.database.run("ROLLBACK")
    assert len(recipe.migrate()["applied"]) == 1


@whole
@each("sql", "flyway", "drizzle", "prisma")
def test_an_older_release_accepts_a_newer_database(recipe: Recipe) -> None:
    recipe.add(SECOND)
    recipe.migrate()
    recipe.revert()
    assert recipe.migrate()["applied"] == []


@whole
@each("knex", "alembic")
def test_these_refuse_a_database_with_an_unknown_migration(recipe: Recipe) -> None:
    """So a revert keeps the files of migrations, as the page asks."""
    recipe.add(SECOND)
    recipe.migrate()
    recipe.revert()
    message = recipe.refused()
    assert "0002" in message
    assert "missing" in message or "Can't locate revision" in message


@whole
@each("sql", "flyway", "prisma")
def test_a_changed_migration_is_refused(recipe: Recipe) -> None:
    recipe.add(SECOND)
    recipe.migrate()
    recipe.add(f"{SECOND} NOT NULL")
    assert "was changed after it had been applied" in recipe.refused()


@whole
@each("alembic", "knex", "prisma")
def test_an_index_is_built_while_others_write(recipe: Recipe) -> None:
    recipe.migrate()
    recipe.add_index()
    assert len(recipe.migrate()["applied"]) == 1


@whole
@each("sql", "flyway", "drizzle")
def test_such_an_index_is_refused_where_the_page_denies_it(recipe: Recipe) -> None:
    recipe.migrate()
    recipe.add_index()
    assert "transaction block" in recipe.refused()


@whole
@each("flyway")
def test_flyways_own_history_is_adopted(recipe: Recipe) -> None:
    recipe.database.run("CREATE TABLE goals (title text NOT NULL)")
    recipe.database.run("CREATE TABLE flyway_schema_history (script text, success boolean, type text)")
    recipe.database.run("INSERT INTO flyway_schema_history VALUES ('V1__goals.sql', true, 'SQL')")
    assert recipe.migrate() == {"schema": 2, "compatible_with": 0, "applied": ["V0__adopt"]}


@whole
@each("flyway")
def test_files_run_in_the_order_of_their_numbers(recipe: Recipe) -> None:
    for name, sql in {
        "V10__drop": "ALTER TABLE goals DROP COLUMN done",
        "V2.1__3rd_column": "ALTER TABLE goals ALTER COLUMN done SET DEFAULT true",
        "V2__2nd_column": SECOND,
    }.items():
        (recipe.migrations / f"{name}.sql").write_text(sql)
    applied = ["V0__adopt", "V1__goals", "V2__2nd_column", "V2.1__3rd_column", "V10__drop"]
    assert recipe.migrate() == {"schema": 5, "compatible_with": 0, "applied": applied}
    (recipe.migrations / "R__view.sql").write_text("SELECT 1")
    assert "R__view.sql has no number" in recipe.refused()


@whole
@each("knex")
def test_the_lock_of_a_function_that_died_is_taken(recipe: Recipe) -> None:
    recipe.migrate()
    recipe.database.run("UPDATE knex_migrations_lock SET is_locked = 1")
    recipe.add(SECOND)
    assert recipe.migrate()["schema"] == 2


@whole
@each("drizzle")
def test_a_migration_that_drizzle_skips_is_an_error(recipe: Recipe) -> None:
    """It compares the times of migrations alone: one from a branch that was merged late is older."""
    recipe.migrate()
    recipe.add(SECOND, when=1_780_000_000_000)
    assert "Drizzle skipped a migration" in recipe.refused()


@whole
@each("prisma")
def test_an_interrupted_migration_needs_a_person(recipe: Recipe) -> None:
    recipe.migrate()
    recipe.database.run("UPDATE _prisma_migrations SET finished_at = NULL")
    assert "prisma migrate resolve" in recipe.refused()


@whole
@each("prisma")
def test_prisma_itself_finds_the_database_up_to_date(
    recipe: Recipe, aws: EmbeddedAws, tmp_path: Path
) -> None:
    """The recipe writes Prisma's own table."""
    recipe.migrate()
    shutil.copytree(RECIPES / "prisma/prisma", tmp_path / "prisma")
    schema = tmp_path / "prisma/schema.prisma"
    # Version 6 wants a line that 7 refuses.
    schema.write_text(schema.read_text().replace('"postgresql"', '"postgresql"\n  url = env("DATABASE_URL")'))
    shutil.copyfile(RECIPES / "witness/prisma.config.mjs", tmp_path / "prisma.config.mjs")
    modules = REPOSITORY / "build/recipes/witness/node_modules"
    (tmp_path / "node_modules").symlink_to(modules)
    user, password = _login(aws, dict(recipe.environment))
    host, port, name = (recipe.environment[f"DATABASE_{one}"] for one in ("HOST", "PORT", "NAME"))
    variables = {
        "DATABASE_URL": f"postgresql://{user}:{quote(password, safe='')}@{host}:{port}/{name}",
        "DATABASE_CA": str(aws.database_ca),
        # It needs neither, but would download them.
        "PRISMA_QUERY_ENGINE_LIBRARY": "/dev/null",
        "PRISMA_SCHEMA_ENGINE_BINARY": "/dev/null",
        "CHECKPOINT_DISABLE": "1",
    }

    def prisma(command: str) -> str:
        words = ["node", str(modules / "prisma/build/index.js"), "migrate", command]
        done = subprocess.run(
            words, cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    assert "Database schema is up to date" in prisma("status")
    recipe.add(SECOND)
    shutil.copytree(
        recipe.migrations / "20261102090000_two", tmp_path / "prisma/migrations/20261102090000_two"
    )
    assert "have not yet been applied" in prisma("status")
    assert recipe.migrate()["schema"] == 2
    assert "Database schema is up to date" in prisma("status")
