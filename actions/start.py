"""Runs `kanmon action NAME` from this copy of the suite; its requirements are installed once a job.

The paths go into this process alone, not into its environment. It may start the app's own commands, and these
must find their own modules, as without it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = Path(__file__).resolve().parents[1]
REQUIREMENTS = SUITE / "requirements.txt"
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def main() -> None:
    """Become the action."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the runner may have any Python
        start_newer()
    sys.path += [str(SUITE), str(requirements())]
    from kanmon.cli.main import main as kanmon  # noqa: PLC0415 - it is found only now

    sys.exit(kanmon(["action", *sys.argv[1:]]))


def requirements() -> Path:
    """The folder of the installed requirements; the first call in a job installs them.

    Nothing verifies them later, so no other job may have written there. A runner empties RUNNER_TEMP for each
    job; its tool cache stays. The owner of a runner can install them beforehand, in a folder that no job may
    write, and name that in the runner's own environment: KANMON_REQUIREMENTS.
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    prepared = os.environ.get("KANMON_REQUIREMENTS")
    place = (
        Path(prepared) if prepared else Path(os.environ.get("RUNNER_TEMP") or tempfile.mkdtemp(), "kanmon")
    )
    folder = place / key()
    if not folder.is_dir():
        install(folder)
    return folder


def key() -> str:
    """The installed files depend on this: the Python, and the hash of each requirement."""
    return hashlib.sha256(sys.version.encode() + REQUIREMENTS.read_bytes()).hexdigest()[:16]


def install(runtime: Path) -> None:
    """Install the requirements, every file checked against its hash. A failure ends the step."""
    sys.stdout.write("::group::Install Kanmon's requirements\n")
    runtime.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=runtime.parent) as folder:
        draft = Path(folder, "draft")
        # -P: the working folder is the app's, and no module may come from there.
        python = [sys.executable, "-P", "-m"]
        pip = ["pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(draft)]
        pip += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", str(REQUIREMENTS)]
        done = subprocess.run([*python, *pip], check=False)
        if done.returncode:
            sys.exit(done.returncode)
        # A file for another Python may not compile.
        subprocess.run([*python, "compileall", "-q", "-j", "0", str(draft)], check=False)
        try:
            draft.rename(runtime)
        except OSError:
            # Two steps on one machine may come here at once. The first wins; both have the same files.
            if not runtime.is_dir():
                raise
    sys.stdout.write("::endgroup::\n")


def start_newer() -> None:
    """Start again with a newer Python. Without one the step ends."""
    for python in filter(None, map(shutil.which, NEWER)):
        os.execv(python, [python, "-I", "-S", "-u", *sys.argv])
    sys.stdout.write(
        "::error title=Kanmon::This runner has no Python 3.11 or newer; run actions/setup-python first.\n"
    )
    sys.exit(2)


if __name__ == "__main__":
    main()
