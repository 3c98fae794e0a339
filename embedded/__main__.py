"""`python -m embedded [DIRECTORY]`: run an embedded AWS until Ctrl-C.

Prints the environment as `export` lines, for `eval` or to paste into another terminal.
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
    """Run until interrupted, or until a process dies."""
    directory = Path(arguments[0] if arguments else tempfile.mkdtemp(prefix="kanmon-aws-"))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with EmbeddedAws.start(directory) as aws:
        for name, value in aws.environment.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.write(f"# logs and data: {directory}; Ctrl-C ends it\n")
        sys.stdout.flush()
        while not ended.wait(CHECK_SECONDS):
            aws.check()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
