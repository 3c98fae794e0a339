import ssl
from pathlib import Path
from typing import Any

import pytest
from mandala.credentials import Credentials, CredentialsSource
from mandala.database import Database, tls_context
from mandala.errors import DatabaseUnavailable
from pg8000.exceptions import DatabaseError, InterfaceError

WRONG_PASSWORD = DatabaseError({"C": "28P01", "M": "password authentication failed"})


class FakeConnection:
    """A connection that fails statement by statement, as a test wants it."""

    def __init__(self, failures: list[Exception | None] | None = None) -> None:
        self.failures = failures or []
        self.statements: list[str] = []
        self.closed = False

    def run(self, sql: str, **_: Any) -> list[list[Any]]:
        self.statements.append(sql)
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        return [[1]]

    def close(self) -> None:
        self.closed = True


class FakeServer:
    """Gives the sessions, or the failures to connect, one after the other."""

    def __init__(self, *answers: FakeConnection | Exception) -> None:
        self.answers = list(answers)
        self.credentials: list[Credentials] = []

    def __call__(self, credentials: Credentials) -> FakeConnection:
        self.credentials.append(credentials)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_session_is_kept_and_limited(source: CredentialsSource) -> None:
    connection = FakeConnection()
    database = Database(source, FakeServer(connection))
    database.run("SELECT 2")
    database.run("SELECT 3")
    assert connection.statements == [
        "SET statement_timeout = 2000",
        "SELECT 2",
        "SELECT 1",
        "SELECT 3",
    ]


def test_a_session_that_broke_while_resting_is_replaced(source: CredentialsSource) -> None:
    old = FakeConnection([None, None, InterfaceError("network error")])
    new = FakeConnection()
    database = Database(source, FakeServer(old, new))
    database.run("SELECT 2")
    assert database.run("SELECT 3") == [[1]]
    assert old.closed
    assert new.statements[-1] == "SELECT 3"


@pytest.mark.parametrize(
    "failure",
    [
        InterfaceError("network error"),
        TimeoutError("timed out"),
        DatabaseError({"C": "57014", "M": "canceling statement due to statement timeout"}),
        DatabaseError({"C": "25006", "M": "cannot execute INSERT in a read-only transaction"}),
    ],
)
def test_a_statement_that_breaks_is_not_repeated(
    source: CredentialsSource, failure: Exception
) -> None:
    old, new = FakeConnection([None, failure]), FakeConnection()
    database = Database(source, FakeServer(old, new))
    with pytest.raises(DatabaseUnavailable):
        database.run("INSERT")
    assert old.closed
    assert old.statements.count("INSERT") == 1
    database.run("SELECT 2")
    assert new.statements[-1] == "SELECT 2"


def test_wrong_sql_is_a_bug_and_the_session_stays(source: CredentialsSource) -> None:
    connection = FakeConnection([None, DatabaseError({"C": "42P01", "M": "no such table"})])
    database = Database(source, FakeServer(connection))
    with pytest.raises(DatabaseError):
        database.run("SELECT")
    assert not connection.closed


def test_the_secret_is_read_again_after_a_rotation(secret: str, variables: dict[str, str]) -> None:
    secrets = [secret, secret.replace("canary-secret", "rotated")]
    source = CredentialsSource(lambda _: secrets.pop(0), variables)
    server = FakeServer(WRONG_PASSWORD, FakeConnection())
    assert Database(source, server).run("SELECT 2") == [[1]]
    assert [c.password for c in server.credentials] == ["canary-secret", "rotated"]


def test_wrong_credentials_make_it_unavailable(source: CredentialsSource) -> None:
    database = Database(source, FakeServer(WRONG_PASSWORD, WRONG_PASSWORD))
    with pytest.raises(DatabaseUnavailable, match=r"password authentication failed \(28P01\)"):
        database.run("SELECT 2")


def test_the_secret_is_read_once(secret: str, variables: dict[str, str]) -> None:
    reads: list[str] = []

    def read(arn: str) -> str:
        reads.append(arn)
        return secret

    source = CredentialsSource(read, variables)
    assert source.current() is source.current()
    assert reads == ["arn:secret"]


@pytest.mark.parametrize("text", ["", "{}", '{"password": "canary-secret"}', '"canary-secret"'])
def test_no_part_of_a_bad_secret_is_shown(text: str, variables: dict[str, str]) -> None:
    source = CredentialsSource(lambda _: text, variables)
    with pytest.raises(DatabaseUnavailable) as failed:
        source.current()
    assert "canary" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_the_password_is_not_printed(source: CredentialsSource) -> None:
    assert source.current().password == "canary-secret"
    assert "canary-secret" not in repr(source.current())


def test_tls_verifies_only_what_it_can(tmp_path: Path) -> None:
    assert tls_context(tmp_path / "ca.pem").verify_mode == ssl.CERT_NONE
    # Any authority will do: this machine's own.
    roots = ssl.create_default_context().get_ca_certs(binary_form=True)
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(roots[0]))
    verifying = tls_context(tmp_path / "ca.pem")
    assert verifying.verify_mode == ssl.CERT_REQUIRED
    assert verifying.check_hostname
