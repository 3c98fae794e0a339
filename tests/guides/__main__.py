"""`python -m tests.guides [NAME…]`: play the guides that are there, and count their commands."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .page import GuideError
from .playing import NAMES, FailedError, play_guide


def main() -> int:
    """0 if every command did what its guide states."""
    parser = argparse.ArgumentParser(prog="scripts/guides", description=__doc__)
    parser.add_argument("names", nargs="*", help="such as ja/deployment-guide.md; default: all")
    parser.add_argument("--sample", action="store_true", help="only up to the end of the guide's sample")
    given = parser.parse_args()
    failed = executed = commands = 0
    left_out: list[str] = []
    for name in given.names or NAMES:
        with tempfile.TemporaryDirectory(prefix="kanmon-guide-") as folder:
            try:
                count = play_guide(name, Path(folder), sample=given.sample, on_step=_print)
            except (FailedError, GuideError) as error:
                _print(f"FAILED {error}")
                failed += 1
                continue
        _print(f"{name}: {count.executed} of {count.commands} commands executed in {count.seconds:.0f} s")
        executed, commands = executed + count.executed, commands + count.commands
        left_out += count.left_out
    for line in left_out:
        _print(f"not here: {line}")
    _print(f"{executed} of {commands} commands executed, {failed} guides failed")
    return 1 if failed else 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
