"""Run all hostile inputs, each as a process: `scripts/fuzz`. Exit status 1 after a problem."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.fuzz.inputs import all_cases
from tests.fuzz.running import Ran, run

if TYPE_CHECKING:
    from collections.abc import Iterable

_COLUMNS = ("traceback", "KNM-999", "CPU", "memory", "held", "status", "no code", "Python's words")
_IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>\
<Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId><Account>123456789012</Account>\
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class _Identity(BaseHTTPRequestHandler):
    """AWS, as far as it answers who somebody is."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(_IDENTITY)))
        self.end_headers()
        self.wfile.write(_IDENTITY)

    def do_HEAD(self) -> None:
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    """Run, print, end."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--group", help="the groups whose name begins so (default: all)", default="")
    parser.add_argument("--name", help="the inputs with this in their name", default="")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="processes at once")
    parser.add_argument("--show", action="store_true", help="print the output of each input")
    options = parser.parse_args()
    chosen = [
        number
        for number, case in enumerate(all_cases())
        if case.group.startswith(options.group) and options.name in case.name
    ]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Identity)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    console, endpoint = Console(width=160), f"http://127.0.0.1:{server.server_port}"
    results = []
    with ProcessPoolExecutor(options.processes) as pool:
        for ran in pool.map(partial(_run, endpoint=endpoint), chosen):
            results.append(ran)
            sys.stdout.flush()
            if ran.problems or options.show:
                _print(console, ran)
    console.print(_table(results))
    sys.exit(1 if any(ran.problems for ran in results) else 0)


def _run(number: int, endpoint: str) -> Ran:
    # A number, because no process can send the makers of an input to another.
    return run(all_cases()[number], endpoint)


def _print(console: Console, ran: Ran) -> None:
    problems = ", ".join(ran.problems) or "no problem"
    figures = f"status {ran.status}, {ran.cpu:.1f} s of CPU, {ran.memory // 1024**2} MB"
    console.print(f"{ran.group}: {ran.name}: {problems}; {figures}", markup=False, style="bold")
    console.print(repr(ran.output[-1500:]), markup=False)


def _table(results: Iterable[Ran]) -> Table:
    """A row for each group: inputs, problems by kind, the greatest time and memory."""
    groups: dict[str, list[Ran]] = defaultdict(list)
    for ran in results:
        groups[ran.group].append(ran)
    table = Table("group", "inputs", *_COLUMNS, "most CPU", "most memory")
    everything = [ran for some in groups.values() for ran in some]
    for group, some in {**groups, "all": everything}.items():
        counts = [str(sum(name in ran.problems for ran in some)) for name in _COLUMNS]
        cpu, memory = max(ran.cpu for ran in some), max(ran.memory for ran in some) // 1024**2
        table.add_row(group, str(len(some)), *counts, f"{cpu:.1f} s", f"{memory} MB")
    return table


if __name__ == "__main__":
    main()
