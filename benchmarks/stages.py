"""Where a start's time goes: stage by stage, and import by import."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks import peers

if TYPE_CHECKING:
    from benchmarks.endpoint import Endpoint

_STAGES = """\
import time
times = [("the interpreter", time.monotonic())]
import json, sys
def done(stage):
    times.append((stage, time.monotonic()))
sys.path += sys.argv[1:3]
from kanmon.cli.parser import action_arguments, parse
_, _, shared = parse(action_arguments(["deploy"], {}))
done("the command line")
from kanmon.cli.context import Context
done("importing boto3")
context = Context(shared.config)
context.check_credentials()
done("the first client")
import kanmon.config.source
done("importing the config's schema")
context.config
done("validating the config")
context.aws.s3
done("the client of S3")
json.dump(times, sys.stdout)
"""
"""The work of a deploy until its second request, with the time after each stage."""
_ASKS = "the first client"
"""The stage with the first request."""
_IMPORTS = """\
import sys
sys.path += sys.argv[1:3]
import kanmon.cli.main, kanmon.cli.commands.deploy, kanmon.cli.context, kanmon.cli.account
import kanmon.config.source
"""
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def stages(rounds: int, environment: dict[str, str], aws: Endpoint) -> dict[str, float]:
    """The median seconds of each stage of a deploy's start, and of the first request within its stage."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        aws.arrivals.clear()
        before = time.monotonic()
        times: list[tuple[str, float]] = json.loads(_python(_STAGES, environment).stdout)
        for stage, end in times:
            taken.setdefault(stage, []).append(end - before)
            if stage == _ASKS:
                taken.setdefault("the first request, meanwhile", []).append(aws.arrivals[0] - before)
            before = end
    return {stage: round(statistics.median(seconds), 4) for stage, seconds in taken.items()}


def imports(rounds: int, environment: dict[str, str]) -> dict[str, float]:
    """The median import time of each package in seconds, our own by room, the longest first.

    Measuring makes them longer by about a third.
    """
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        spent: Counter[str] = Counter()
        for microseconds, module in _LINE.findall(_python(_IMPORTS, environment, "-X", "importtime").stderr):
            spent[_package(module)] += int(microseconds)
        for package, microseconds in spent.items():
            taken.setdefault(package, []).append(microseconds / 1e6)
    medians = {package: round(statistics.median(seconds), 4) for package, seconds in taken.items()}
    return dict(sorted(medians.items(), key=lambda item: -item[1]))


def _python(code: str, environment: dict[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    command = [peers.PYTHON, *peers.FLAGS, *flags, "-c", code, str(peers.ROOT), str(peers.runtime())]
    return subprocess.run(
        command, cwd=peers.project(), env=environment, capture_output=True, text=True, check=True
    )


def _package(module: str) -> str:
    package, _, rest = module.partition(".")
    if package == "kanmon":
        return f"kanmon.{rest.partition('.')[0]}" if rest else "kanmon"
    installed = (peers.runtime() / package).exists() or (peers.runtime() / f"{package}.py").exists()
    return package if installed else "standard library"
