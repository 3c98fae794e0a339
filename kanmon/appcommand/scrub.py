"""Takes secrets and the runner's files out of the reach of the app's commands (TRU-3).

This is no wall. GitHub's hosted runners have `sudo` without a password, and a command may use it. So the
workflow files run the app's commands in jobs without an identity token and without a secret. The scrubbing
holds off a careless or curious tool, there and on a terminal.
"""

from __future__ import annotations

import ctypes
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RUNNER_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
"""The variables with the step's own files. The runner reads these files after the step.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#environment-files
"""
_SECRETS = {"GH_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN"}
_SECRET_PREFIXES = ("ACTIONS_", "AWS_", "INPUT_")
_HARMLESS = {
    "ACTIONS_RUNNER_DEBUG", "ACTIONS_STEP_DEBUG", "AWS_CA_BUNDLE", "AWS_DEFAULT_OUTPUT", "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED", "AWS_MAX_ATTEMPTS", "AWS_PAGER", "AWS_REGION", "AWS_RETRY_MODE",
}  # fmt: skip
_PR_SET_DUMPABLE = 4


def app_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for the app's commands.

    Left out: GitHub's tokens, the runner's tokens and addresses (`ACTIONS_*`: they give a job its identity in
    AWS), the step's inputs and files, and AWS credentials in all forms known to the SDKs. Of `ACTIONS_*` and
    `AWS_*` only harmless names stay: new ones are secret until somebody knows better.

    It is a list of names to leave out, not a list of names to keep. A build needs variables unknown to
    Kanmon: those of the team, and those of the actions that set up the tools.
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
    """
    return {name: value for name, value in environment.items() if not _secret(name)}


def _secret(name: str) -> bool:
    if name in _SECRETS or name in RUNNER_FILES:
        return True
    return (
        name.startswith(_SECRET_PREFIXES)
        and name not in _HARMLESS
        and not name.startswith("AWS_ENDPOINT_URL")
    )


def hide_process() -> None:
    """Make this process unreadable for other processes of its user.

    Its environment in `/proc` still has everything that it was started with. After this call, Linux lets only
    root read it, its memory too. Without `/proc` (macOS), and against `sudo`, nothing is held off.
    https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


@contextmanager
def kept_runner_files(environment: Mapping[str, str]) -> Iterator[None]:
    """Restore the step's files at the end of the `with` block.

    A command finds them without the variables: they lie in a folder of `RUNNER_TEMP`. It may not write
    outputs, variables or a summary in the step's name (SEC-5). So each file is made anew: never through a
    link to another file, and not the one that a leftover process still has open.

    Raises FILE_REFUSED for files that can't be restored, after it has restored all others.
    """
    paths = [Path(environment[name]) for name in RUNNER_FILES if environment.get(name)]
    before = {path: path.read_bytes() if path.is_file() else None for path in paths}
    try:
        yield
    finally:
        lost = [str(path) for path, content in before.items() if not _restored(path, content)]
    if lost:
        problem = phrase("The command replaced the runner's files, and they can't be restored.")
        fix = phrase("Find the part of the command that changes files in `RUNNER_TEMP`, and remove it.")
        raise KanmonError(Code.FILE_REFUSED, problem, where=", ".join(lost), fix=fix)


def _restored(path: Path, content: bytes | None) -> bool:
    """Make a file anew; None for no file. False if the system refuses it."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError:
        return False
    return True
