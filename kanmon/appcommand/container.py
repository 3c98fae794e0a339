"""Runs commands of the app in a container that reaches nothing of this job (TRU-3).

The job that deploys has credentials and tokens, and on a hosted runner every process can become root. So a
clean environment holds nobody off there. A container has files and variables of its own: it gets no folder of
this machine, no Docker socket, no capability, and only the variables that it is given. Its network reaches
the internet, and no metadata service: that would give it the machine's own identity.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from kanmon.appcommand.process import run_command
from kanmon.appcommand.scrub import app_environment
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

APP, RESULTS, PREVIEW = "/app", "/results", "/kanmon/preview.json"
"""In the container: the repository, the folder for results, and the preview's cookie for a browser."""
_LABEL = "kanmon.verify"
_INTERNET = "kanmon-verify"
_DEAD_ENDS = {
    # The metadata services of AWS, Azure and Google, and those of ECS and EKS: https://www.rfc-editor.org/rfc/rfc3927
    "kanmon-verify-no-metadata": "169.254.0.0/16",
    # Azure's own address for its machines, GitHub's hosted runners among them:
    # https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16
    "kanmon-verify-no-host": "168.63.129.0/24",
}
"""Networks without anybody in them. A container in one has the route to these addresses there, to nobody.

The bridge itself gets no address: the machine's own routes stay as they are.
https://docs.docker.com/engine/network/drivers/bridge/#options
"""
_LIMITS = (
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "4096"),
    # Chromium needs more than Docker's 64 MB: https://playwright.dev/docs/docker#run-the-image
    *("--shm-size", "1g", "--init"),
)
_PATIENCE, _PULL = 60.0, 900.0
_LOGIN = re.compile(
    r"denied|unauthorized|authentication required|no basic auth credentials|toomanyrequests", re.IGNORECASE
)
"""Of registries that want a login: GHCR, ECR, Docker Hub and its limit without one, and others.

https://distribution.github.io/distribution/spec/api/#errors-2
"""
_OTHER_PROCESSOR = re.compile(
    r"no matching manifest for linux|does not match the specified platform", re.IGNORECASE
)
_SHOWN = 500
_MOST_BYTES, _MOST_FILES = 1024 * 1024 * 1024, 50_000
_CHUNK = 1024 * 1024


def refuse_without_image(image: str) -> None:
    """Make sure that Docker runs here and has the image, and pull it if not. Raises CONTAINER_FAILED."""
    _docker("version", "--format", "{{.Server.Version}}")
    with suppress(KanmonError):
        _docker("image", "inspect", "--format", "{{.Id}}", image)
        return
    try:
        _docker("pull", "--quiet", image, patience=_PULL)
    except KanmonError as error:
        raise KanmonError(
            error.code, error.message, where=image, fix=_pull_fix(image, error.message)
        ) from None


def _pull_fix(image: str, problem: str) -> str | None:
    """What helps with an image that can't be pulled. None if only the registry's message knows."""
    if _LOGIN.search(problem):
        first = image.partition("/")[0]
        registry = first if re.search(r"[.:]|^localhost$", first) else "docker.io"
        return phrase(
            "Log in to {registry} before Kanmon runs: `docker login {registry}`, in a workflow a step with "
            "`docker/login-action` in the same job. docs/checks.md has the workflow.",
            registry=registry,
        )
    if _OTHER_PROCESSOR.search(problem):
        return phrase("Name the digest of the image's index, or of the image for this machine's processor.")
    return None


def refuse_without_commit(project: Path, commit: str) -> None:
    """Make sure that the repository has the commit's files. Raises COMMIT_MISSING."""
    try:
        _output(["git", "cat-file", "-e", f"{commit}^{{commit}}"], project)
    except (OSError, subprocess.SubprocessError):
        problem = phrase("The bundle's commit is {commit}.", commit=commit or phrase("unknown"))
        raise KanmonError(Code.COMMIT_MISSING, problem, where=str(project)) from None


@dataclass(frozen=True)
class Container:
    """A running container. It ends by itself after its lifetime, also when this process is gone."""

    name: str

    @classmethod
    @contextmanager
    def started(
        cls, owner: str, image: str, variables: Mapping[str, str], lifetime: float, *, on_host: bool
    ) -> Iterator[Container]:
        """A container of an image for the `with` block. `owner`'s earlier ones are removed.

        `on_host` gives it the machine's own network: only for an app on this machine. Raises
        CONTAINER_FAILED.
        """
        for left in _docker("ps", "--all", "--quiet", "--filter", f"label={_LABEL}={owner}").split():
            _docker("rm", "--force", "--volumes", left)
        container = cls(f"kanmon-verify-{uuid.uuid4().hex[:12]}")
        try:
            network = "host" if on_host else _network(_INTERNET)
            _docker(
                *("create", "--name", container.name, "--label", f"{_LABEL}={owner}"),
                *("--network", network, *_LIMITS, "--entrypoint", "sleep"),
                # Values come by the client's environment: everybody may read a command's arguments.
                *(word for name in variables for word in ("--env", name)),
                *(image, str(int(lifetime))),
                variables=variables,
            )
            for dead_end, addresses in {} if on_host else _DEAD_ENDS.items():
                _docker("network", "connect", _network(dead_end, addresses), container.name)
            _docker("start", container.name)
            yield container
        finally:
            with suppress(KanmonError):
                _docker("rm", "--force", "--volumes", container.name)

    def copy_commit(self, project: Path, commit: str) -> str:
        """Copy the repository at a commit into it, and return the folder of `project` there.

        Raises CONTAINER_FAILED.
        """
        try:
            top, below = (
                _output(["git", "rev-parse", f"--show-{what}"], project) for what in ("toplevel", "prefix")
            )
            # Any user of the image may write: the files are a copy.
            archive = ["git", "-c", "tar.umask=0", "archive", "--format=tar", f"--prefix={APP[1:]}/", commit]
            with subprocess.Popen(  # noqa: S603 - git reads objects only
                archive, cwd=top, env=app_environment(os.environ), stdout=subprocess.PIPE
            ) as git:
                assert git.stdout is not None  # noqa: S101 - it was asked for
                self._copy_in(stdin=git.stdout)
            if git.returncode:
                problem = phrase("git archive ended with status {status}.", status=git.returncode)
                raise KanmonError(Code.CONTAINER_FAILED, problem)
        except (OSError, subprocess.SubprocessError) as error:
            problem = phrase("The commit can't be read: {reason}.", reason=error)
            raise KanmonError(Code.CONTAINER_FAILED, problem) from None
        return f"{APP}/{below}".rstrip("/")

    def copy_files(self, files: Mapping[str, bytes]) -> None:
        """Copy files into it, by their paths, and make the folder for results. Raises CONTAINER_FAILED."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            folder = tarfile.TarInfo(RESULTS[1:])
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            archive.addfile(folder)
            for path, content in files.items():
                entry = tarfile.TarInfo(path[1:])
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        self._copy_in(input=packed.getvalue())

    def run(self, command: str, folder: str, on_line: Callable[[str], None], tick: Callable[[], None]) -> int:
        """Run a command in it, and return its exit status. `tick` is called often, and may raise.

        Every printed line comes to `on_line`. After an exception the command may go on, until the container
        ends.
        """
        words = ("docker", "exec", "--workdir", folder, self.name, "sh", "-ec", command)
        return run_command(shlex.join(words), Path.cwd(), on_line, tick=tick)

    def take_results(self, target: Path) -> None:
        """Copy the folder of results to `target`, which is made anew: regular files and folders only.

        Its content comes from the app's commands: no link is followed or made. Raises CONTAINER_FAILED.
        """
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        target.mkdir(parents=True)
        command = ["docker", "cp", f"{self.name}:{RESULTS}", "-"]
        with subprocess.Popen(  # noqa: S603 - the container's name is Kanmon's own
            command, env=app_environment(os.environ), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as docker:
            try:
                assert docker.stdout is not None  # noqa: S101 - it was asked for
                unpack(docker.stdout, target)
            except (OSError, tarfile.TarError) as error:
                problem = phrase("The results can't be read: {reason}.", reason=error)
                raise KanmonError(Code.CONTAINER_FAILED, problem) from None
            finally:
                docker.kill()

    def _copy_in(self, **tar: Any) -> None:  # noqa: ANN401 - the two ways of a process to take a tar
        command = ["docker", "cp", "-", f"{self.name}:/"]
        with _client_errors("cp"):
            subprocess.run(  # noqa: S603 - the container's name is Kanmon's own
                command,
                env=app_environment(os.environ),
                capture_output=True,
                check=True,
                timeout=_PULL,
                **tar,
            )


def unpack(source: IO[bytes], target: Path) -> None:
    """Write the regular files and folders of a tar below its first folder. Raises CONTAINER_FAILED."""
    left, files = _MOST_BYTES, _MOST_FILES
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for entry in archive:
            inside = PurePosixPath(*PurePosixPath(entry.name).parts[1:])
            left, files = left - entry.size, files - 1
            if left < 0 or files < 0:
                problem = phrase("The results have more than {limit} files, or 1 GB.", limit=_MOST_FILES)
                raise KanmonError(Code.CONTAINER_FAILED, problem)
            if ".." in inside.parts or inside.is_absolute():
                continue
            if entry.isdir():
                (target / inside).mkdir(parents=True, exist_ok=True)
            elif entry.isreg() and (content := archive.extractfile(entry)):
                (target / inside).parent.mkdir(parents=True, exist_ok=True)
                with (target / inside).open("wb") as file:
                    shutil.copyfileobj(content, file, _CHUNK)


def _network(name: str, dead_end: str = "") -> str:
    """The name of a network that exists. It stays for the next run."""
    with suppress(KanmonError):
        _docker("network", "inspect", "--format", "{{.Id}}", name)
        return name
    options = ("--subnet", dead_end, "--internal", "--opt", "com.docker.network.bridge.inhibit_ipv4=true")
    _docker("network", "create", *(options if dead_end else ()), name)
    return name


def _docker(*arguments: str, patience: float = _PATIENCE, variables: Mapping[str, str] | None = None) -> str:
    """The output of Docker's client. Raises CONTAINER_FAILED."""
    with _client_errors(arguments[0]):
        done = subprocess.run(  # noqa: S603 - the arguments are Kanmon's own, and the config's image
            ["docker", *arguments],  # noqa: S607
            env={**app_environment(os.environ), **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
            check=True,
        )
    return done.stdout.strip()


@contextmanager
def _client_errors(verb: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        problem = phrase("There is no command `docker` here.")
        raise KanmonError(Code.CONTAINER_FAILED, problem) from None
    except subprocess.CalledProcessError as error:
        text = error.stderr if isinstance(error.stderr, str) else error.stderr.decode("utf-8", "replace")
        problem = phrase("`docker {verb}` failed: {reason}", verb=verb, reason=one_line(text, _SHOWN))
        raise KanmonError(Code.CONTAINER_FAILED, problem) from None
    except (OSError, subprocess.SubprocessError) as error:
        problem = phrase("`docker {verb}` failed: {reason}", verb=verb, reason=f"{type(error).__name__}.")
        raise KanmonError(Code.CONTAINER_FAILED, problem) from None


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - git, with a commit's id
        command, cwd=folder, env=app_environment(os.environ), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
