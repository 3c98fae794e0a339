"""The command line's words."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from kanmon import __version__
from kanmon.errors import Code, KanmonError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise KanmonError(
            Code.USAGE, f"{message[:1].upper()}{message[1:]}.", fix=f"See `{self.prog} --help`."
        )


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="kanmon", description="Releases a serverless app to AWS, and takes it back by itself."
    )
    parser.add_argument("--version", action="version", version=f"kanmon {__version__}")
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--config", type=Path, default=Path("kanmon.yml"), help="the config file (kanmon.yml)"
    )
    shared.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, parents=[shared])

    command("bootstrap", "Create what Kanmon needs in an AWS account, once.")
    build = command("build", "Run the app's build and pack the bundle.")
    _bundle(build)
    plan = command("plan", "Create the change sets of a release and show them.")
    _bundle(plan)
    plan.add_argument(
        "--output", type=Path, metavar="FILE", help="write the plan to a file, for deploy --plan"
    )
    gate = command("gate", "Verify that GitHub's environment holds a release back, and who let it through.")
    gate.add_argument("--approved", action="store_true", help="inside the gated job: who approved this run")
    gate.add_argument(
        "--cancel-waiting",
        metavar="WORKFLOW",
        default="",
        help="cancel the runs of this workflow file that still wait, so that a rollback need not",
    )
    deploy = command("deploy", "Plan, have it approved, release.")
    _bundle(deploy)
    deploy.add_argument("--plan", type=Path, metavar="FILE", help="carry out this plan instead of a new one")
    deploy.add_argument("--yes", action="store_true", help="approve without asking")
    deploy.add_argument("--reason", default="", help="why, for the history")
    deploy.add_argument(
        "--lift-freeze", default="", metavar="REASON", help="release although a rollback froze it"
    )
    deploy.add_argument("--verbose", action="store_true", help="show every stack event")
    back = command("rollback", "Put users back on a release that was stable.")
    back.add_argument("release", nargs="?", help="which one, such as r41 (default: the last stable one)")
    back.add_argument("--reason", default="", help="why, for the history")
    back.add_argument(
        "--confirm", default="", metavar="ENVIRONMENT", help="the environment's name, typed; in workflows"
    )
    back.add_argument("--yes", action="store_true", help="do not ask for the typed confirmation")
    recover = command("recover", "Finish or undo what a run that died left behind.")
    decision = recover.add_mutually_exclusive_group()
    decision.add_argument(
        "--keep", dest="keep", action="store_true", default=None, help="held: keep the live release"
    )
    decision.add_argument(
        "--undo", dest="keep", action="store_false", help="held: take the live release back"
    )
    status = command("status", "Show who is live and what holds the environment.")
    status.add_argument("--json", action="store_true", help="for machines")
    history = command("history", "Show what was released, by whom, and how it ended.")
    history.add_argument("--json", action="store_true", help="for machines")
    return parser


def _bundle(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundle", type=Path, default=Path("build/bundle"), metavar="DIR", help="the bundle (build/bundle)"
    )
