"""One connection to PostgreSQL, kept from one invocation of the function to the next."""

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection as PgConnection

from mandala.credentials import Credentials, CredentialsSource
from mandala.errors import DatabaseUnavailable

# Put here by build.py when the app has the database's certificate authority.
CA_FILE = Path(__file__).resolve().parent.parent / "ca.pem"
CONNECT_SECONDS = 5
STATEMENT_MILLISECONDS = 2000

# SQLSTATE classes and codes for "not now" or "not on this server", rather than "wrong SQL".
_UNAVAILABLE_CLASSES = ("08", "28", "3D", "53", "57")
# A read-only transaction: after a failover this connection leads to the reader.
_UNAVAILABLE_CODES = ("25006",)


class Connection(Protocol):
    """What is used of the driver's connection."""

    def run(self, sql: str, **parameters: Any) -> Any:
        """Run a statement and give its rows."""

    def close(self) -> None:
        """End the session."""


Connect = Callable[[Credentials], Connection]


def connect(credentials: Credentials) -> Connection:
    """Open an encrypted session; a server without TLS is refused by the driver."""
    connection: Connection = PgConnection(
        credentials.username,
        host=credentials.host,
        port=credentials.port,
        database=credentials.dbname,
        password=credentials.password,
        ssl_context=tls_context(),
        timeout=CONNECT_SECONDS,
        application_name="mandala",
    )
    return connection


def tls_context(ca_file: Path = CA_FILE) -> ssl.SSLContext:
    """Verify the server when its authority is known; without it, encrypt only."""
    if ca_file.is_file():
        return ssl.create_default_context(cafile=str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Database:
    """Runs statements, connecting when there is no good connection."""

    def __init__(self, credentials: CredentialsSource, connect: Connect = connect) -> None:
        self._credentials = credentials
        self._connect = connect
        self._connection: Connection | None = None

    def run(self, sql: str, **parameters: Any) -> list[list[Any]]:
        """Run one statement, which commits by itself.

        A statement whose connection breaks is not repeated: nobody knows whether it was done. So
        the connection is tried first, which costs one short round trip.
        """
        connection = self._working_connection()
        try:
            return connection.run(sql, **parameters) or []
        except DatabaseError as error:
            if _is_unavailable(error):
                self.close()
                raise DatabaseUnavailable(_sentence(error)) from error
            raise
        except (InterfaceError, OSError) as error:
            self.close()
            raise DatabaseUnavailable(f"the connection broke: {error}") from error

    def close(self) -> None:
        """End the session, if there is one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            _close(connection)

    def _working_connection(self) -> Connection:
        if self._connection is not None:
            try:
                self._connection.run("SELECT 1")
                return self._connection
            except (DatabaseError, InterfaceError, OSError):
                self.close()
        self._connection = open_session(self._credentials, self._connect)
        return self._connection


def open_session(
    credentials: CredentialsSource,
    connect: Connect = connect,
    milliseconds: int = STATEMENT_MILLISECONDS,
) -> Connection:
    """Connect, with a limit on every statement; after a failure once more with the secret anew.

    The secret is rotated while functions live on, so a failed login may mean that it is old; and a
    failover breaks connections that succeed a moment later.
    """
    try:
        return _session(credentials.current(), connect, milliseconds)
    except (DatabaseError, InterfaceError, OSError):
        credentials.forget()
    try:
        return _session(credentials.current(), connect, milliseconds)
    except DatabaseError as error:
        credentials.forget()
        raise DatabaseUnavailable(_sentence(error)) from error
    except (InterfaceError, OSError) as error:
        credentials.forget()
        raise DatabaseUnavailable(f"can't connect: {error}") from error


def _session(credentials: Credentials, connect: Connect, milliseconds: int) -> Connection:
    connection = connect(credentials)
    try:
        connection.run(f"SET statement_timeout = {milliseconds}")
    except Exception:
        _close(connection)
        raise
    return connection


def _close(connection: Connection) -> None:
    # A session that is closed for being broken fails to close too; nothing is lost.
    with contextlib.suppress(InterfaceError, OSError):
        connection.close()


def _code(error: DatabaseError) -> str:
    fields = error.args[0] if error.args else None
    return str(fields.get("C", "")) if isinstance(fields, dict) else ""


def _is_unavailable(error: DatabaseError) -> bool:
    code = _code(error)
    return code[:2] in _UNAVAILABLE_CLASSES or code in _UNAVAILABLE_CODES


def _sentence(error: DatabaseError) -> str:
    fields = error.args[0] if error.args else None
    if not isinstance(fields, dict):
        return str(error)
    return f"{fields.get('M', 'the database refused')} ({_code(error)})"
