"""Make the functions' artifact, `build/api/`: the package and its pinned dependencies.

The same input gives the same files. Dependencies are installed once for each content of
requirements.txt (and of this file) and copied from `.cache/` afterwards. Only the standard
library and pip are needed: `python api/build.py`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

API = Path(__file__).resolve().parent
APP = API.parent
OUTPUT = APP / "build" / "api"
CACHE = APP / ".cache" / "requirements"

# What pip writes about the installation itself: it differs from machine to machine.
_INSTALLATION_RECORDS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


def main() -> None:
    """Build the artifact anew and put it in place as a whole."""
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".api-", dir=OUTPUT.parent) as folder:
        fresh = Path(folder) / "api"
        shutil.copytree(dependencies(), fresh)
        shutil.copytree(API / "mandala", fresh / "mandala", ignore=_IGNORED)
        if (API / "ca.pem").is_file():
            shutil.copyfile(API / "ca.pem", fresh / "ca.pem")
        _set_modes(fresh)
        if OUTPUT.exists():
            OUTPUT.rename(Path(folder) / "old")
        fresh.rename(OUTPUT)
    files = [f for f in OUTPUT.rglob("*") if f.is_file()]
    print(f"build/api: {len(files)} files, {sum(f.stat().st_size for f in files) // 1024} KiB")


def dependencies() -> Path:
    """The installed dependencies, from the cache when they are there."""
    digest = hashlib.sha256((API / "requirements.txt").read_bytes() + Path(__file__).read_bytes())
    known = CACHE / digest.hexdigest()
    if known.is_dir():
        return known
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".install-", dir=CACHE) as folder:
        fresh = Path(folder) / "site"
        _install(fresh)
        _clean(fresh)
        try:
            fresh.rename(known)
        except OSError:
            # Another build has just made the same one.
            if not known.is_dir():
                raise
    return known


def _install(target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--target", str(target), "--requirement", str(API / "requirements.txt")]
    command += ["--require-hashes", "--no-deps", "--no-compile"]
    # Wheels for any platform only: nothing is compiled, and nothing depends on this machine.
    command += ["--only-binary", ":all:", "--platform", "any", "--implementation", "py"]
    command += ["--abi", "none", "--python-version", "3.12"]
    result = subprocess.run(command, check=False)  # noqa: S603
    if result.returncode:
        sys.exit(f"pip could not install api/requirements.txt (exit status {result.returncode})")


def _clean(site: Path) -> None:
    shutil.rmtree(site / "bin", ignore_errors=True)
    for cache in list(site.rglob("__pycache__")):
        shutil.rmtree(cache)
    for record in list(site.glob("*.dist-info/*")):
        if record.name in _INSTALLATION_RECORDS:
            record.unlink()


def _set_modes(folder: Path) -> None:
    for directory, _, names in os.walk(folder):
        Path(directory).chmod(0o755)
        for name in names:
            (Path(directory) / name).chmod(0o644)


if __name__ == "__main__":
    main()
