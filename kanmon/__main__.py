"""Run Kanmon: `kanmon`, or `python -m kanmon`."""

from __future__ import annotations

import os
import signal
import sys


def run() -> int:
    """Run the command line and return the exit status."""
    # Ctrl-C in an import would show Python's traceback. Until the command begins, there is nothing to undo.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from kanmon.cli.main import main  # noqa: PLC0415 - it takes longest

    return main()


if __name__ == "__main__":
    sys.exit(run())
