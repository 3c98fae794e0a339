"""The clusters: one PostgreSQL server with its TLS front for each DB cluster."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded.postgres import PostgresServer, copy, initialise

from . import front

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

# Aurora's master user is no superuser, but may create roles and databases
# ("Master user account privileges" in the Aurora user guide).
MASTER = "LOGIN CREATEDB CREATEROLE"
MASTER_GROUPS = ("pg_monitor", "pg_signal_backend", "pg_checkpoint")


@dataclass
class Cluster:
    """A DB cluster's server, where it listens, and its first database."""

    server: PostgresServer
    listener: asyncio.Server
    user: str
    database: str

    @property
    def port(self) -> int:
        """The TLS front's port."""
        return int(self.listener.sockets[0].getsockname()[1])


class Clusters:
    """All clusters of one embedded AWS, by DB cluster identifier."""

    def __init__(self, state_dir: Path, tls: ssl.SSLContext) -> None:
        self._directory = state_dir / "postgres"
        self._snapshots = state_dir / "snapshots"
        self._tls = tls
        self._password = secrets.token_urlsafe(16)
        self._running: dict[str, Cluster] = {}

    async def prepare(self) -> None:
        """Initialise the template of every cluster's data directory, once."""
        shutil.rmtree(self._directory, ignore_errors=True)
        self._snapshots.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(initialise, self._directory / "template", self._password)

    async def create(self, cluster: str, user: str, password: str, database: str, snapshot: str = "") -> int:
        """A new cluster with its master user and first database; returns its port."""
        database = database or "postgres"
        server = PostgresServer(self._directory / f"cluster-{cluster}", self._password)
        await asyncio.to_thread(self._fill, server, user, password, database)
        if snapshot:
            await asyncio.to_thread(server.restore, database, self._dump(snapshot))
        listener = await front.listen(server.socket_address, self._tls)
        running = self._running[cluster] = Cluster(server, listener, user, database)
        return running.port

    async def set_password(self, cluster: str, password: str) -> None:
        """Change the master user's password; open connections stay, as on RDS."""
        running = self._running[cluster]
        statement = f"ALTER ROLE {_name(running.user)} PASSWORD {_text(password)}"
        await asyncio.to_thread(running.server.sql, statement)

    async def snapshot(self, cluster: str, snapshot: str) -> None:
        """Dump the cluster's first database under the snapshot's name."""
        running = self._running[cluster]
        await asyncio.to_thread(running.server.dump, running.database, self._dump(snapshot))

    async def drop(self, cluster: str) -> None:
        """End a cluster and forget its data."""
        running = self._running.pop(cluster, None)
        if running is not None:
            running.listener.close()
            await asyncio.to_thread(running.server.stop)
            await asyncio.to_thread(shutil.rmtree, running.server.data, ignore_errors=True)

    async def stop(self) -> None:
        """End all servers; their data stays."""
        for running in self._running.values():
            running.listener.close()
            await asyncio.to_thread(running.server.stop)

    def _dump(self, snapshot: str) -> Path:
        return self._snapshots / f"{snapshot.replace('/', '_').replace(':', '_')}.dump"

    def _fill(self, server: PostgresServer, user: str, password: str, database: str) -> None:
        shutil.rmtree(server.data, ignore_errors=True)
        copy(self._directory / "template", server.data)
        server.start()
        groups = ", ".join(MASTER_GROUPS)
        server.sql(f"CREATE ROLE {_name(user)} {MASTER} PASSWORD {_text(password)}")
        server.sql(f"GRANT {groups} TO {_name(user)}; CREATE ROLE rds_iam")
        if database != "postgres":
            server.sql(f"CREATE DATABASE {_name(database)} OWNER {_name(user)}")


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
