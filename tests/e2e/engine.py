"""A Docker engine of the tests' own: it changes nothing of the machine's network, and ends with the tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded.process import REPOSITORY
from tests.e2e.project import Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROGRAMS = ("dockerd", "docker", "mmdebstrap")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_TRUSTED_HOST")


class NoEngineError(RuntimeError):
    """This machine can't have an engine; the reason."""


@dataclass(frozen=True)
class Engine:
    """A running engine. Containers and builds share the machine's network, for it makes none.

    With `apart`, it has a network of its own, with the address of a metadata service, and makes others in it.
    """

    folder: Path
    apart: bool = False

    @classmethod
    @contextmanager
    def started(cls, folder: Path, *, apart: bool = False) -> Iterator[Engine]:
        """An engine whose socket is in `folder`. Raises NoEngineError."""
        if os.geteuid() != 0:
            raise NoEngineError("a Docker engine needs root")
        if absent := [name for name in _PROGRAMS if shutil.which(name) is None]:
            raise NoEngineError(f"{', '.join(absent)} not installed; see scripts/docker-engine")
        engine = cls(folder, apart)
        daemon = engine.daemon()
        try:
            try:
                daemon.await_line("API listen on")
            except AssertionError as error:
                raise NoEngineError(f"dockerd does not start here: {daemon.lines[-3:]}") from error
            yield engine
        finally:
            daemon.end(signal.SIGTERM)

    def daemon(self) -> Running:
        """Start the engine itself."""
        data = self.folder / "data"
        data.mkdir()
        # It ends with the tests, in any case. All its data is in memory, and goes with its mounts.
        network = "ip link set lo up && ip addr add 169.254.169.254/32 dev lo && " if self.apart else ""
        command = [
            *("setpriv", "--pdeathsig", "TERM", "unshare", "--mount", *(("--net",) if self.apart else ())),
            *("sh", "-c", network + 'mount -t tmpfs engine "$0" && exec "$@"', str(data)),
            *("dockerd", "--host", self._host),
            *(() if self.apart else ("--bridge=none", "--iptables=false", "--ip6tables=false")),
            *("--data-root", str(data), "--exec-root", str(self.folder / "exec")),
            *("--pidfile", str(self.folder / "pid")),
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return Running(process)

    @property
    def _host(self) -> str:
        return f"unix://{self.folder}/socket"

    @property
    def environment(self) -> dict[str, str]:
        """A client's environment for this engine. BuildKit would need a plugin missing in Debian."""
        return {
            "PATH": os.environ["PATH"],
            "DOCKER_HOST": self._host,
            "DOCKER_CONFIG": str(self.folder),
            "DOCKER_BUILDKIT": "0",
        }

    def docker(self, *arguments: str) -> str:
        """The output of a client's command."""
        done = subprocess.run(
            ["docker", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"docker {arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout.strip()

    def make_base(self, tag: str) -> None:
        """An image with Debian's Python and pip, in place of the public one. Raises NoEngineError.

        The public one has apt, and with it the C++ library that RE2 needs.
        It has this machine's settings for pip, so no Dockerfile needs them.
        """
        archive = self.folder / "base.tar"
        done = subprocess.run(
            [
                *("mmdebstrap", "--quiet", "--variant=extract"),
                "--include=python3,python3-pip,python-is-python3,dash,coreutils,findutils,libstdc++6",
                '--extract-hook=mkdir -p "$1/etc/ssl/certs"',
                f"--extract-hook=upload {_CERTIFICATES} {_CERTIFICATES}",
                *("bookworm", str(archive)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoEngineError(f"mmdebstrap makes no base image here: {done.stderr[-500:]}")
        settings = [f"ENV {name}={os.environ[name]}" for name in _PIP_SETTINGS if name in os.environ]
        self.docker("import", *(f"--change={setting}" for setting in settings), str(archive), tag)
        archive.unlink()

    def build(self, dockerfile: Path, tag: str, base: str) -> None:
        """Build an image as a runner does for an action, but for its base. Context: the file's folder."""
        options = (
            "--network",
            "host",
            "--build-arg",
            f"BASE={base}",
            "--tag",
            tag,
            "--file",
            str(dockerfile),
        )
        self.docker("build", *options, str(dockerfile.parent))

    def size(self, image: str) -> int:
        """The bytes of an image."""
        return int(self.docker("image", "inspect", "--format", "{{.Size}}", image))


def instructions(dockerfile: Path = REPOSITORY / "Dockerfile") -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with their arguments, lines joined."""
    lines = [line for line in dockerfile.read_text("utf-8").splitlines() if line and line[0] != "#"]
    whole = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in whole]
