"""`scripts/demo`: plays the story, judges it, leaves a page and a summary."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from embedded.aws import EmbeddedAws
from embedded.github.server import LocalGithub
from embedded.process import REPOSITORY, EmbeddedProcessError
from embedded.slack import TOKEN, LocalSlack
from kanmon.text import duration

from .app import SECRET, App, EditError
from .commands import Kanmon
from .page import write_page
from .results import Results, is_rolled_back
from .screen import THEME
from .seen import read_seen
from .story import Story, StoryError
from .summary import judge, measure_rollback, tenures
from .team import NAME, RejectedError, StuckError, Team

if TYPE_CHECKING:
    from types import FrameType

FOLDER = REPOSITORY / "build" / "demo"
INTERRUPTED = 130


def main() -> int:
    """Play; 0 only if the story went as written."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="taro approves without asking you")
    arguments = parser.parse_args()
    nobody_there = os.environ.get("CI", "").lower() in {"1", "true"} or not sys.stdin.isatty()
    console = Console(highlight=False, soft_wrap=True, theme=THEME)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt_once)
    try:
        return _demo(console, may_ask=not (arguments.yes or nobody_there))
    except KeyboardInterrupt:
        console.print("\n[yellow]Interrupted; all processes of the demo are stopped.[/]")
        return INTERRUPTED
    except (StoryError, EditError, RejectedError, StuckError, EmbeddedProcessError) as error:
        console.print("\n[bold red]The story went another way:[/]", end=" ")
        console.print(str(error), markup=False)
        console.print(f"Logs: {_shown('aws')}/*.log")
        return 1


def _interrupt_once(number: int, frame: FrameType | None) -> NoReturn:
    """The first Ctrl-C ends the demo; later ones must not end the cleaning up."""
    del number, frame
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _demo(console: Console, *, may_ask: bool) -> int:
    began = time.monotonic()
    _clear()
    console.print(
        "[bold]Kanmon's demo[/]: workflow files, executed on an embedded AWS and a local GitHub; "
        "nothing outside this machine."
    )
    with ExitStack() as cleanup:
        # A new stage is everywhere soon: the story is Kanmon's, not of the wait for API Gateway.
        aws = cleanup.enter_context(EmbeddedAws.start(FOLDER / "aws", unknown_requests=2))
        slack = cleanup.enter_context(LocalSlack())
        github = cleanup.enter_context(LocalGithub())
        _keep_secret(aws, slack)
        app = App.copy(
            REPOSITORY / "examples" / "mandala",
            REPOSITORY / "workflows",
            FOLDER / "app",
            aws.database_ca,
            name=NAME,
            id=github.add_repository(NAME).id,
            owner=github.add_user(NAME.partition("/")[0]),
        )
        kanmon = Kanmon(REPOSITORY / ".venv/bin/kanmon", app.folder / "kanmon.yml", aws.environment)
        team = Team.start(console, github, app.folder, FOLDER / "machine", aws.environment, may_ask=may_ask)
        cleanup.callback(team.actions.stop)
        story = Story(console, app, kanmon, team, slack, aws.edge_url, FOLDER, cleanup)
        story.play()
        runs = story.runs()
        decisions = aws.decisions()
    seen = read_seen(story.viewer_log)
    verdict = judge(seen, tenures(runs))
    bad = next(run for run in runs if is_rolled_back(run.operation))
    results = Results(
        runs,
        [run for act in story.acts for run in act.runs],
        github.repository,
        seen,
        verdict,
        measure_rollback(bad, seen),
        decisions,
        time.monotonic() - began,
    )
    results.write(FOLDER / "summary.json")
    write_page(FOLDER / "index.html", story.acts, results)
    console.print()
    console.rule("[bold]The end", align="left")
    results.print(console)
    console.print(f"total: [bold]{duration(results.total_seconds)}[/]")
    console.print(f"the same story as a page: [bold]{_shown('index.html')}[/]")
    return 0 if verdict.clean and not decisions["denied"] else 1


def _keep_secret(aws: EmbeddedAws, slack: LocalSlack) -> None:
    """Put Slack's address into Secrets Manager, under the name in the app's config."""
    bot = {"token": TOKEN, "channel": "#releases", "api": slack.api}
    aws.client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps(bot))


def _clear() -> None:
    """Remove the files of an earlier run."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("aws", "app", "machine"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    for name in ("index.html", "summary.json", "viewer.jsonl", "viewer.log"):
        (FOLDER / name).unlink(missing_ok=True)


def _shown(name: str) -> str:
    return str((FOLDER / name).relative_to(REPOSITORY))


if __name__ == "__main__":
    sys.exit(main())
