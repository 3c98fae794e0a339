"""What only a real server can prove: migrations, their lock, time limits, broken sessions, TLS."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from mandala import handler, schema
from mandala.app import App
from mandala.credentials import Credentials, CredentialsSource
from mandala.database import Connect, Database
from mandala.database import connect as connect_encrypted
from mandala.errors import DatabaseUnavailable, MigrationFailed
from mandala.goals import Chart
from mandala.migrate import migrate
from mandala.release import Release
from mandala.store import PostgresGoals
from pg8000.native import Connection as PgConnection

pytestmark = pytest.mark.postgres
ANYONE = Credentials("127.0.0.1", 5432, "test", "postgres", "")


def test_migrating_twice_changes_nothing(source: CredentialsSource, connect: Connect) -> None:
    names = [m.name for m in schema.load()]
    assert migrate(source, connect) == {"schema": len(names), "applied": names}
    assert migrate(source, connect) == {"schema": len(names), "applied": []}


def test_two_migrations_at_once_apply_everything_once(
    source: CredentialsSource, connect: Connect
) -> None:
    source.current()
    results: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: results.append(migrate(source, connect))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert sum(len(result["applied"]) for result in results) == len(schema.load())


def test_a_failing_migration_leaves_the_ones_before_it(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (n integer);")
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (n integer); SELECT nonsense;")
    connection = connect(ANYONE)
    with pytest.raises(MigrationFailed, match=r"0002_two: column .nonsense. does not exist"):
        schema.migrate(connection, schema.load(tmp_path))
    assert schema.current(connection.run) == 1
    assert connection.run("SELECT to_regclass('two') IS NULL") == [[True]]
    (tmp_path / "0002_two.sql").write_text("CREATE TABLE two (n integer);")
    assert schema.migrate(connection, schema.load(tmp_path)) == ["0002_two"]
    connection.close()


def test_a_changed_migration_is_refused(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "0001_one.sql").write_text("SELECT 1;")
    connection = connect(ANYONE)
    schema.migrate(connection, schema.load(tmp_path))
    (tmp_path / "0001_one.sql").write_text("SELECT 2;")
    with pytest.raises(MigrationFailed, match="0001_one was changed"):
        schema.migrate(connection, schema.load(tmp_path))
    connection.close()


def test_the_release_before_lives_with_a_later_schema(connect: Connect, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"000{number}_x.sql").write_text("SELECT 1;")
    connection = connect(ANYONE)
    schema.migrate(connection, schema.load(tmp_path))
    (tmp_path / "0002_x.sql").unlink()
    assert schema.migrate(connection, schema.load(tmp_path)) == []
    assert schema.current(connection.run) == 2
    connection.close()


def test_migrations_are_numbered_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "0002_x.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationFailed, match="numbered"):
        schema.load(tmp_path)


def test_a_long_statement_is_cut_off(source: CredentialsSource, connect: Connect) -> None:
    database = Database(source, connect)
    database.run("SET statement_timeout = 50")
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        database.run("SELECT pg_sleep(5)")
    assert database.run("SHOW statement_timeout") == [["2s"]]
    database.close()


def test_a_session_that_the_server_ended_is_replaced(
    source: CredentialsSource, connect: Connect
) -> None:
    database = Database(source, connect)
    (old,) = database.run("SELECT pg_backend_pid()")
    other = connect(ANYONE)
    other.run("SELECT pg_terminate_backend(:pid)", pid=old[0])
    other.close()
    assert database.run("SELECT pg_backend_pid()") != [old]
    database.close()


def test_of_many_changes_at_once_one_wins(source: CredentialsSource, connect: Connect) -> None:
    migrate(source, connect)
    goals = PostgresGoals(Database(source, connect))
    goal = goals.create(Chart("Goal"))
    app = App(goals, Release.from_environment({}), 2)
    results: list[int] = []

    def change(number: int) -> None:
        database = Database(source, connect)
        own = App(PostgresGoals(database), app.release, 2)
        body = json.dumps({"title": f"Change {number}", "version": 1})
        event = {"httpMethod": "PUT", "path": f"/api/goals/{goal.id}", "body": body}
        results.append(handler.respond(own, event)["statusCode"])
        database.close()

    threads = [threading.Thread(target=change, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [200, 409, 409, 409]


def test_health_before_the_first_migration(source: CredentialsSource, connect: Connect) -> None:
    database = Database(source, connect)
    app = App(PostgresGoals(database), Release.from_environment({}), 2)
    answer = handler.respond(app, {"httpMethod": "GET", "path": "/api/health"})
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["schema"] == 0
    database.close()


def test_a_server_without_tls_is_refused(
    source: CredentialsSource, socket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's server has no TLS: reaching it by the real way must fail, not go on in clear."""

    def over_the_socket(*arguments: Any, **options: Any) -> PgConnection:
        del options["host"], options["port"]
        return PgConnection(*arguments, unix_sock=socket, **options)

    monkeypatch.setattr("mandala.database.PgConnection", over_the_socket)
    with pytest.raises(DatabaseUnavailable, match="SSL"):
        Database(source, connect_encrypted).run("SELECT 1")
