"""Run `benchmarks/run BENCHMARK`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console

from benchmarks import packing, reports, rollback, startup, upload


def main() -> None:
    """Run the named benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    benchmarks = parser.add_subparsers(required=True, metavar="BENCHMARK")
    one = benchmarks.add_parser("startup", help="from the step's start to the first AWS request")
    one.add_argument("--rounds", type=int, default=25, help="how often each peer is started (25)")
    one.add_argument(
        "--aws-action",
        type=Path,
        default=os.environ.get("AWS_ACTION_BUNDLE"),
        metavar="FILE",
        help="dist/index.js of aws-actions/aws-cloudformation-github-deploy, left out otherwise "
        "(default: $AWS_ACTION_BUNDLE)",
    )
    one.set_defaults(run=lambda given: startup.run(given.rounds, given.aws_action, Console()))
    another = benchmarks.add_parser("rollback", help="from the decision to the old release")
    another.add_argument("--rounds", type=int, default=5, help="how often each rollback runs (5)")
    another.set_defaults(run=lambda given: rollback.run(given.rounds, Console()))
    files = benchmarks.add_parser("upload", help="a web app's files, beside tools that copy folders")
    files.add_argument("--files", type=int, nargs="+", default=[2000, 20000], help="sizes of the app")
    files.add_argument("--rounds", type=int, default=3, help="how often each tool runs (3)")
    files.set_defaults(run=lambda given: upload.run(given.files, given.rounds, Console()))
    third = benchmarks.add_parser("reports", help="reading JUnit XML of many tests")
    third.add_argument("--rounds", type=int, default=3, help="how often each report is read (3)")
    third.set_defaults(run=lambda given: reports.run(given.rounds, Console()))
    fourth = benchmarks.add_parser("packing", help="a function's files into a zip")
    fourth.add_argument("--rounds", type=int, default=5, help="how often each program packs (5)")
    fourth.set_defaults(run=lambda given: packing.run(given.rounds, Console()))
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
