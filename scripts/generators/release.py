"""Makes a release of the suite in three commits: no file can name its own commit.

The first has the version and the image. The second pins the reusable workflows to the actions of the first.
The third pins the copied workflows to the second.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).resolve().parents[2]
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_IMAGE = re.compile(r"docker://[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}")
_PIN = re.compile(r"(?<=uses: )(kanmon-dev/kanmon\S*?)@[0-9a-f]{40} # v\S+")
REUSABLE = (".github/workflows/release.yml", ".github/workflows/rollback.yml")
COPIED = (
    "workflows/deploy-production.yml",
    "workflows/pull-request.yml",
    "workflows/rollback-production.yml",
)


TRUSTED = "kanmon/config/workflows.py"
"""The roles trust the same commit of the reusable workflows."""


def trust(text: str, commit: str) -> str:
    """The text of `TRUSTED`, with another commit."""
    return re.sub(r'(?<=^COMMIT = ")[0-9a-f]{40}', commit, text, flags=re.MULTILINE)


def pin(text: str, commit: str, version: str) -> str:
    """The text of a workflow. All its uses of the suite are pinned to a commit."""
    return _PIN.sub(rf"\g<1>@{commit} # v{version}", text)


def main(arguments: list[str]) -> int:
    """Make the release; 2 if it is refused, before anything is written."""
    problem = _problem(arguments)
    if problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    version, image = arguments
    _edit("kanmon/__init__.py", lambda text: re.sub(r'"\d+\.\d+\.\d+"', f'"{version}"', text))
    _edit("actions/image", lambda _: f"{image}\n")
    _run(sys.executable, "-m", "scripts.generators.reference")
    _run("git", "commit", "--all", "--message", f"release: make version {version}")
    pin_files(REUSABLE, version)
    _run("git", "commit", "--all", "--message", f"release: pin the reusable workflows to {version}")
    pin_files(COPIED, version)
    _edit(TRUSTED, lambda text: trust(text, _run("git", "rev-parse", "HEAD")))
    _run("git", "commit", "--all", "--message", f"release: pin the copied workflows to {version}")
    _run("git", "tag", "--annotate", "--message", f"Kanmon {version}", f"v{version}")
    return 0


def pin_files(names: tuple[str, ...], version: str) -> None:
    """Pin workflow files to the present commit."""
    commit = _run("git", "rev-parse", "HEAD")
    for name in names:
        _edit(name, lambda text: pin(text, commit, version))


def _problem(arguments: list[str]) -> str:
    if (
        len(arguments) != len(("version", "image"))
        or not _VERSION.fullmatch(arguments[0])
        or not _IMAGE.fullmatch(arguments[1])
    ):
        return "usage: scripts/release 1.2.3 docker://<name>@sha256:<digest>"
    return "Commit or put away your changes first." if _run("git", "status", "--porcelain") else ""


def _edit(name: str, change: Callable[[str], str]) -> None:
    path = _ROOT / name
    path.write_text(change(path.read_text("utf-8")), "utf-8")


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
