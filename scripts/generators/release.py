"""Makes a release of the suite in four commits: no file can name its own commit, nor the image built of it.

The first has the version, and `publish.yml` builds the image of it. The second pins the Docker actions to
this image. The third pins the reusable workflows to the actions of the second. The fourth pins the copied
workflows to the third.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).resolve().parents[2]
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_IMAGE = re.compile(r"docker://[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64}")
SOURCE = "../../Dockerfile"
"""The image of a commit without a published one. From a Docker action's folder, the runner builds it."""
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
    """Make the version's commit; with an image, the release. 2 for a refusal, with nothing written."""
    problem = problem_with(arguments, __version__) or _uncommitted()
    if problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    version, *images = arguments
    for image in images:
        _release(version, image)
    if not images:
        _edit("kanmon/__init__.py", lambda text: re.sub(r'"\d+\.\d+\.\d+"', f'"{version}"', text))
        _edit("actions/image", lambda _: f"{SOURCE}\n")
        _run(sys.executable, "-m", "scripts.generators.reference")
        _run("git", "commit", "--all", "--message", f"release: make version {version}")
    return 0


def _release(version: str, image: str) -> None:
    _edit("actions/image", lambda _: f"{image}\n")
    _run(sys.executable, "-m", "scripts.generators.reference")
    _run("git", "commit", "--all", "--message", f"release: pin the image of {version}")
    pin_files(REUSABLE, version)
    _run("git", "commit", "--all", "--message", f"release: pin the reusable workflows to {version}")
    pin_files(COPIED, version)
    _edit(TRUSTED, lambda text: trust(text, _run("git", "rev-parse", "HEAD")))
    _run("git", "commit", "--all", "--message", f"release: pin the copied workflows to {version}")
    _run("git", "tag", "--annotate", "--message", f"Kanmon {version}", f"v{version}")


def pin_files(names: tuple[str, ...], version: str) -> None:
    """Pin workflow files to the present commit."""
    commit = _run("git", "rev-parse", "HEAD")
    for name in names:
        _edit(name, lambda text: pin(text, commit, version))


def problem_with(arguments: list[str], present: str) -> str:
    """The reason against these arguments; `present` is the clone's version. Empty if there is none.

    An image of the commit before the version's would have the former version in it.
    """
    forms = (_VERSION, _IMAGE)[: len(arguments)]
    fits = [form.fullmatch(given) for form, given in zip(forms, arguments, strict=False)]
    if not arguments or len(arguments) > len(fits) or not all(fits):
        return "usage: scripts/release 1.2.3 [docker://<name>@sha256:<digest>]"
    version, with_image = arguments[0], len(arguments) > 1
    if with_image and version != present:
        return f"This is version {present}: run `scripts/release {version}`, and publish its image."
    if not with_image and version == present:
        return f"This is version {present} already: publish its image."
    return ""


def _uncommitted() -> str:
    return "Commit or put away your changes first." if _run("git", "status", "--porcelain") else ""


def _edit(name: str, change: Callable[[str], str]) -> None:
    path = _ROOT / name
    path.write_text(change(path.read_text("utf-8")), "utf-8")


def _run(*command: str) -> str:
    return subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
