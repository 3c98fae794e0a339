"""A copy of the app, released with the real `kanmon` command, as by a person."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import urllib3

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping
    from pathlib import Path

_PATIENCE = 90.0
GITHUB = "github: {repository: acme/mandala, repository_id: 456, owner_id: 123, existing_provider: true}\n"
"""With it there are roles for GitHub's jobs."""
_ADMINISTRATION = {"bootstrap", "destroy"}


@dataclass(frozen=True)
class Ended:
    """An ended command."""

    status: int
    output: str
    error: str

    def check(self, status: int = 0) -> Ended:
        """Make sure of the exit status."""
        assert self.status == status, f"status {self.status} instead of {status}\n{self.output}\n{self.error}"
        return self


@dataclass
class Running:
    """A command under way; its output is read as it comes."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    over: bool = False
    news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.over = True
            self.news.notify_all()

    def await_line(self, text: str) -> str:
        """Wait until a line with this text has been printed."""

        def found() -> str | None:
            return next((line for line in self.lines if text in line), None)

        with self.news:
            self.news.wait_for(lambda: found() or self.over, _PATIENCE)
            line = found()
            assert line is not None, f"never printed {text!r}:\n{''.join(self.lines)}"
            return line

    def end(self, number: signal.Signals | None = None) -> Ended:
        """Send a signal, if one is given, and wait for the end."""
        if number:
            self.process.send_signal(number)
        status = self.process.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        return Ended(status, "".join(self.lines), "")


@dataclass
class Project:
    """The app's folder, and the environment of its commands."""

    folder: Path
    environment: dict[str, str]
    """With an administrator's keys."""
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    """The keys of the plan and of the deploy role. Without them the administrator releases."""
    running: list[Running] = field(default_factory=list)

    @classmethod
    def copy(cls, built_app: Path, folder: Path, name: str, aws: Mapping[str, str]) -> Project:
        """The built app as a project without a build, in an environment of this name."""
        for part in ("build/api", "web/dist"):
            shutil.copytree(built_app / part, folder / part)
        shutil.copy(built_app / "kanmon.yml", folder / "kanmon.yml")
        home = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GITHUB_ACTOR": "hanako"}
        made = cls(folder, {**home, **aws})
        made.edit_config(lambda text: text.replace("environment: production", f"environment: {name}"))
        made.edit_config(_without_waiting)
        return made

    def edit_config(self, change: Callable[[str], str]) -> None:
        """Change the config file's text."""
        path = self.folder / "kanmon.yml"
        path.write_text(change(path.read_text("utf-8")), "utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file of the app's build output; the old text must be there."""
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new), "utf-8")

    def kanmon(self, *arguments: str, **more: str) -> Ended:
        """Run a command to its end, in the app's folder; further keywords are environment variables."""
        done = subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env={**self.environment, **self._role_keys(arguments[0]), **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> Running:
        """Start a command, in the app's folder."""
        process = subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env={**self.environment, **self._role_keys(arguments[0]), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running = Running(process)
        self.running.append(running)
        return running

    def stop(self) -> None:
        """End the commands still under way."""
        for running in self.running:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()

    def release(self, *arguments: str) -> Ended:
        """Build and deploy, approved."""
        self.kanmon("build").check()
        return self.kanmon("deploy", "--yes", *arguments)

    def head(self) -> Any:
        """The ledger's head."""
        return json.loads(self.kanmon("status", "--json").check().output)

    def operations(self) -> list[Any]:
        """The ledger's operations, oldest first."""
        operations: list[Any] = json.loads(self.kanmon("history", "--json").check().output)
        return operations

    def expire_lease(self) -> None:
        """Let a dead run's lease expire."""
        s3 = self.client("s3")
        bucket = next(
            item["Name"]
            for item in s3.list_buckets()["Buckets"]
            if item["Name"].startswith("mandala-kanmon-")
        )
        key = f"{self.name}/ledger/head.json"
        found = s3.get_object(Bucket=bucket, Key=key)
        past = datetime(2020, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        body = re.sub(r'("expires": )"[^"]+"', rf'\1"{past}"', found["Body"].read().decode())
        s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), IfMatch=found["ETag"])

    def client(self, service: str) -> Any:
        """An SDK client on the embedded AWS."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    @property
    def name(self) -> str:
        """The environment's name."""
        text = (self.folder / "kanmon.yml").read_text("utf-8")
        return text.split("environment: ")[1].split("\n")[0]

    def domain(self) -> str:
        """The distribution's own domain."""
        stack = self.client("cloudformation").describe_stacks(StackName=f"mandala-{self.name}-edge")[
            "Stacks"
        ][0]
        return str(next(item["OutputValue"] for item in stack["Outputs"] if item["OutputKey"] == "Domain"))

    def get(
        self, path: str, *, cookie: str = "", method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Ask the edge as a user would."""
        sent = {"host": self.domain(), **({"cookie": cookie} if cookie else {}), **(headers or {})}
        url = self.environment["KANMON_EDGE_ENDPOINT_URL"] + path
        return urllib3.request(method, url, headers=sent, redirect=False, retries=False, timeout=20)

    def live(self) -> tuple[str, str]:
        """The releases of users, by the page and by the API."""
        page, api = self.get("/"), self.get("/api/version")
        return page.headers.get("x-amz-meta-kanmon-release", ""), api.headers.get("x-kanmon-release", "")

    def _role_keys(self, command: str) -> dict[str, str]:
        """The keys of the job for a command; an administrator's commands have none."""
        role = "plan" if command == "plan" else "deploy"
        return {} if command in _ADMINISTRATION else self.keys.get(role, {})

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        command, *rest = arguments
        return [sys.executable, "-m", "kanmon", command, "--config", str(self.folder / "kanmon.yml"), *rest]


def _without_waiting(text: str) -> str:
    head, rest = text.split("test:\n", 1)
    return head + rest[rest.index("functions:") :].replace("bake: 5m", "bake: 1s").replace(
        "bake: 1m", "bake: 0s"
    )
