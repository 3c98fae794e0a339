"""`EmbeddedAws`: the database, the emulator and the edge as three processes on loopback.

    with EmbeddedAws.start(state_dir) as aws:
        subprocess.run([...], env={**os.environ, **aws.environment})

Only the AWS endpoint and the edge's address leave this module: a client is configured as it is
for AWS.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

from .process import REPOSITORY, Process

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

REGION = "ap-northeast-1"
ACCOUNT = "111122223333"
UNKNOWN_REQUESTS = 9
"""In AWS, a new stage is unknown to some hosts of API Gateway for seconds, up to a minute.

More requests than the reference app's two checks of its API can lose together, so that a release without the
wait for its stage fails: each check fails after five bad answers.
"""
EMULATOR_PYTHON = REPOSITORY / ".venv-aws" / "bin" / "python"


@dataclass
class EmbeddedAws:
    """A running embedded AWS. Several can run at once."""

    state_dir: Path
    endpoint_url: str
    edge_url: str
    database_ca: Path
    processes: tuple[Process, ...]

    @classmethod
    def start(
        cls, state_dir: Path, *, edge_seed: int | None = None, unknown_requests: int = UNKNOWN_REQUESTS
    ) -> EmbeddedAws:
        """Start everything and return once all of it serves.

        `edge_seed` makes the edge's canary draws repeatable. A new stage of an API is unknown to its first
        `unknown_requests`.
        """
        state_dir = state_dir.resolve()
        state_dir.mkdir(parents=True, exist_ok=True)
        with _starting(state_dir) as started:
            # All three import, and the database initialises, at the same time.
            database = started.add("database", sys.executable, "embedded.database")
            emulator = started.add("emulator", str(EMULATOR_PYTHON), "embedded.server")
            edge = started.add("edge", sys.executable, "embedded.edge")
            database.send({"state_dir": str(state_dir)})
            emulator.send({"database": (database_facts := database.wait_ready())})
            endpoint = str(emulator.wait_ready()["endpoint_url"])
            edge.send(
                {**_client_environment(endpoint), "seed": edge_seed, "unknown_requests": unknown_requests}
            )
            edge_url = str(edge.wait_ready()["edge_url"])
            return cls(
                state_dir,
                endpoint,
                edge_url,
                Path(database_facts["ca"]),
                (edge, emulator, database),
            )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a client process: it reaches this AWS and no other."""
        return {**_client_environment(self.endpoint_url), "KANMON_EDGE_ENDPOINT_URL": self.edge_url}

    def client(self, service: str) -> Any:
        """An SDK client of the administrator, with the public environment alone."""
        environment = self.environment
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    def throttle(self, operations: Mapping[str, Mapping[str, int]]) -> None:
        """Throttle requests of these operations, such as `{"apigateway:UpdateStage": {"first": 10}}`.

        `{"*": {"every": 4}}` is each fourth request of every operation; `{}` ends it.
        """
        self._ask("throttles", operations)

    def throttled(self) -> dict[str, int]:
        """How many requests of each operation were throttled since the last :meth:`throttle`."""
        return {name: count for name, count in self._ask("throttles")["refused"].items() if count}

    def decisions(self) -> dict[str, list[tuple[str, ...]]]:
        """What IAM decided: `allowed` has roles and actions, `denied` caller, action and resource."""
        return {kind: [tuple(one) for one in found] for kind, found in self._ask("decisions").items()}

    def _ask(self, address: str, content: Any = None) -> Any:
        url = f"{self.endpoint_url}/_embedded/{address}"
        if content is None:
            return urllib3.request("GET", url).json()
        return urllib3.request("PUT", url, json=content).json()

    def check(self) -> None:
        """Raise `EmbeddedProcessError`, with the end of its log, if any process is gone."""
        for process in self.processes:
            process.check()

    def stop(self) -> None:
        """End every process, by its id. The state directory stays."""
        for process in self.processes:
            process.stop()

    def __enter__(self) -> EmbeddedAws:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


@dataclass
class _Starting:
    """The processes so far. They are stopped if the rest fails."""

    state_dir: Path
    processes: list[Process]

    def add(self, name: str, python: str, module: str) -> Process:
        """Start one of the three with a scrubbed environment and a log of its own."""
        command = [python, "-m", module]
        log = self.state_dir / f"{name}.log"
        process = Process.start(name, command, _server_environment(self.state_dir), log)
        self.processes.append(process)
        return process


@contextlib.contextmanager
def _starting(state_dir: Path) -> Iterator[_Starting]:
    if not EMULATOR_PYTHON.exists():
        raise FileNotFoundError(f"{EMULATOR_PYTHON} is missing: run scripts/setup first")
    starting = _Starting(state_dir, [])
    try:
        yield starting
    except BaseException:
        for process in reversed(starting.processes):
            process.stop()
        raise


def _server_environment(state_dir: Path) -> dict[str, str]:
    """A process's environment: of the caller's own it has only where programs are.

    The emulator's function workers inherit it, so it holds none of your credentials and
    settings. Temporary files stay in the state directory.
    """
    home, temporary = state_dir / "home", state_dir / "tmp"
    for directory in (home, temporary):
        directory.mkdir(exist_ok=True)
    programs = [str(Path(found).parent) for found in (shutil.which("node"),) if found]
    return {
        "PATH": os.pathsep.join([*programs, "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"]),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **_resource_schemas(),
    }


def _resource_schemas() -> dict[str, str]:
    """Where AWS's resource schemas are: DescribeType answers with them."""
    found = find_spec("cfnlint.data.schemas")
    return {"KANMON_RESOURCE_SCHEMAS": str(Path(found.origin).parent)} if found and found.origin else {}


def _client_environment(endpoint_url: str) -> dict[str, str]:
    """SDK settings: this endpoint, dummy credentials, and no file or metadata service asked."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
