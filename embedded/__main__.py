"""`python -m embedded [DIRECTORY]`: run an embedded AWS until Ctrl-C.

Prints the environment as `export` lines, for `eval` or to paste into another terminal. Your own directory
keeps logs and data.
"""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
import threading
from pathlib import Path

from .aws import EmbeddedAws

CHECK_SECONDS = 1.0


def main(arguments: list[str]) -> int:
    """Run until interrupted, or until a process dies. Without a directory, nothing is kept."""
    if len(arguments) > 1 or any(one.startswith("-") for one in arguments):
        sys.stderr.write(f"{__doc__}")
        return 2
    if arguments:
        return run(Path(arguments[0]), "Ctrl-C ends it")
    with tempfile.TemporaryDirectory(prefix="kanmon-aws-") as directory:
        return run(Path(directory), "Ctrl-C ends it and removes them")


def run(directory: Path, end: str) -> int:
    """Run in this directory. `end` names the effect of Ctrl-C."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with EmbeddedAws.start(directory) as aws:
        for name, value in aws.environment.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.write(f"# logs and data: {directory}; {end}\n")
        sys.stdout.flush()
        while not ended.wait(CHECK_SECONDS):
            aws.check()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
