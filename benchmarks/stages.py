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
moments = [("the interpreter", time.monotonic())]
import gc, json, sys
def done(stage):
    moments.append((stage, time.monotonic()))
sys.path += sys.argv[1:3]
from kanmon.cli.arguments import action_arguments, make_parser
import kanmon.cli
parser = make_parser()
parsed = parser.parse_args(action_arguments("deploy", {}))
done("the command line")
gc.disable()
from kanmon.aws import Aws
done("importing botocore")
aws = Aws("ap-northeast-1")
aws.ask_account()
done("the first client")
from kanmon.cli.commands import load_config
from kanmon.report.workflow import make_log
done("importing the rest")
load_config(parsed.config)
make_log()
done("reading the config")
aws.account
aws.s3
done("the client of S3")
json.dump(moments, sys.stdout)
"""
"""What a deploy does until its second request, with a look at the clock after each part."""
_ASKED = "the first client"
_IMPORTS = """\
import gc, sys
gc.disable()
sys.path += sys.argv[1:3]
import kanmon.cli, kanmon.aws, kanmon.cli.commands, kanmon.report.workflow
"""
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def stages(rounds: int, environment: dict[str, str], aws: Endpoint) -> dict[str, float]:
    """The median seconds that each stage of a deploy's start takes, and the first request beside them."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        aws.arrivals.clear()
        ended = time.monotonic()
        moments: list[tuple[str, float]] = json.loads(_python(_STAGES, environment).stdout)
        for stage, moment in moments:
            taken.setdefault(stage, []).append(moment - ended)
            ended = moment
            if stage == _ASKED:
                taken.setdefault("the first request, meanwhile", []).append(aws.arrivals[0] - moment)
    return {stage: round(statistics.median(times), 4) for stage, times in taken.items()}


def imports(rounds: int, environment: dict[str, str]) -> dict[str, float]:
    """The median seconds that the modules of each package took, our own by room, the longest first.

    Measuring itself makes them longer by about a third.
    """
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        spent: Counter[str] = Counter()
        for microseconds, module in _LINE.findall(_python(_IMPORTS, environment, "-X", "importtime").stderr):
            spent[_package(module)] += int(microseconds)
        for package, microseconds in spent.items():
            taken.setdefault(package, []).append(microseconds / 1e6)
    medians = {package: round(statistics.median(times), 4) for package, times in taken.items()}
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
