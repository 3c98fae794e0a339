"""`scripts/demo`: plays the story, judges it, leaves a page and a summary."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from tests.embedded.aws import EmbeddedAws
from tests.embedded.process import REPOSITORY, EmbeddedProcessError

from .app import App, EditError
from .commands import Kanmon
from .page import write_page
from .results import Results, is_taken_back
from .seen import read_seen
from .story import Story, StoryError
from .summary import judge, measure_return, tenures

if TYPE_CHECKING:
    from types import FrameType

FOLDER = REPOSITORY / "build" / "demo"
INTERRUPTED = 130


def main() -> int:
    """Play; 0 only if all went as told."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="approve without asking")
    arguments = parser.parse_args()
    nobody_there = os.environ.get("CI", "").lower() in {"1", "true"} or not sys.stdin.isatty()
    console = Console(highlight=False, soft_wrap=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt_once)
    try:
        return _demo(console, assume_yes=arguments.yes or nobody_there)
    except KeyboardInterrupt:
        console.print("\n[yellow]Interrupted; everything that the demo had started is stopped.[/]")
        return INTERRUPTED
    except (StoryError, EditError, EmbeddedProcessError) as error:
        console.print("\n[bold red]The story went another way:[/]", end=" ")
        console.print(str(error), markup=False)
        console.print(f"Logs: {_shown('aws')}/*.log")
        return 1


def _interrupt_once(number: int, frame: FrameType | None) -> NoReturn:
    """The first Ctrl-C ends the demo; what follows must not end the cleaning up."""
    del number, frame
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _demo(console: Console, *, assume_yes: bool) -> int:
    began = time.monotonic()
    _clear()
    console.print(
        "[bold]Kanmon's demo[/]: the real command on an embedded AWS, nothing outside this machine."
    )
    with ExitStack() as cleanup:
        aws = cleanup.enter_context(EmbeddedAws.start(FOLDER / "aws"))
        app = App.copy(REPOSITORY / "examples" / "mandala", FOLDER / "app", aws.database_ca)
        program = REPOSITORY / ".venv" / "bin" / "kanmon"
        kanmon = Kanmon(program, app.folder / "kanmon.yml", aws.environment, may_ask=not assume_yes)
        story = Story(console, app, kanmon, aws.edge_url, FOLDER, assume_yes, cleanup)
        story.play()
        runs = story.runs()
    seen = read_seen(story.viewer_log)
    verdict = judge(seen, tenures(runs))
    bad = next(run for run in runs if is_taken_back(run.attempt))
    results = Results(runs, seen, verdict, measure_return(bad, seen), time.monotonic() - began)
    results.write(FOLDER / "summary.json")
    write_page(FOLDER / "index.html", story.acts, results)
    console.print()
    console.rule("[bold]The end", align="left")
    results.print(console)
    console.print(f"total: [bold]{results.total_seconds:.1f} s[/]")
    console.print(f"the same story as a page: [bold]{_shown('index.html')}[/]")
    return 0 if verdict.clean else 1


def _clear() -> None:
    """Remove what an earlier run left, but for downloaded packages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(FOLDER / "aws", ignore_errors=True)
    for name in ("index.html", "summary.json", "viewer.jsonl", "viewer.log"):
        (FOLDER / name).unlink(missing_ok=True)


def _shown(name: str) -> str:
    return str((FOLDER / name).relative_to(REPOSITORY))


if __name__ == "__main__":
    sys.exit(main())
