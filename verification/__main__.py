"""`scripts/verify-aws`: proves Kanmon's promises on an AWS account, writes a report, removes everything."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from demo.app import EditError
from embedded.aws import EmbeddedAws
from embedded.process import REPOSITORY, EmbeddedProcessError
from kanmon.errors import KanmonError

from . import beginning, points, releases, removal, report, timings
from .account import Account, AccountError
from .beginning import COMMAND, LAST
from .findings import State
from .sample import Sample
from .steps import Step, StepError, Verification, go

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

FOLDER = REPOSITORY / "build" / "verify-aws"
OK, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
STEPS = (
    Step("build", "The reference app is built", releases.build),
    Step("offers", "What the region offers", points.offers),
    Step("bootstrap", "The account is prepared", releases.bootstrap),
    Step("roles", "The workflows' roles are taken", releases.take_roles),
    Step("failed creation", "A first release fails in a new stack", releases.fail_creation),
    Step("first", "The first release", releases.first_release),
    Step("second", "A visible change, through a canary", releases.second_release),
    Step("bad candidate", "A bug that the candidate's checks find", releases.bad_candidate),
    Step("bad live", "A bug that shows only live", releases.bad_live),
    Step("third", "The bug is repaired", releases.third_release),
    Step("rollback", "A person rolls back", releases.roll_back),
    Step("stages", "New stages and their moves are measured", timings.stages),
    Step("users", "What users saw", timings.users),
    Step("points", "Points about AWS", points.points),
    Step("stacks", "CloudFormation's times", timings.stacks),
    Step("destroy", "Everything is removed", removal.destroy),
    Step(LAST, "Nothing is left", removal.nothing_left),
)
REMOVAL = ("destroy", LAST)
_FAILURES = (
    AccountError,
    BotoCoreError,
    ClientError,
    EditError,
    EmbeddedProcessError,
    KanmonError,
    StepError,
    subprocess.CalledProcessError,
)


def main() -> int:
    """Verify, or only destroy. 0: all promises hold."""
    arguments = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _aws(folder, embedded=arguments.embedded):
            status = _verify(console, folder, arguments)
    except AccountError as error:
        console.print(f"[bold red]Refused:[/] {escape(str(error))}")
        return REFUSED
    except KeyboardInterrupt:
        status = INTERRUPTED
    state = State.read(folder / "state.json")
    if state and LAST not in state.done and not arguments.embedded:
        call = COMMAND if folder == FOLDER else f"{COMMAND} {folder}"
        console.print(f"To go on: {call}\nTo remove everything now: {call} --destroy\nUntil then it costs.")
    return status


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """The first Ctrl-C lets Kanmon end its operation. The second one does not wait."""
    del number, frame
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stderr.write(
        "\nInterrupted. If Kanmon is at work, it ends its operation first. Ctrl-C again ends at once.\n"
    )
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="for state and report")
    parser.add_argument("--yes", action="store_true", help="begin without a question")
    parser.add_argument("--again", action="store_true", help="begin anew: forget what an ended run proved")
    parser.add_argument("--destroy", action="store_true", help="only remove what a run made")
    parser.add_argument("--embedded", action="store_true", help="try it without an account")
    return parser.parse_args()


@contextmanager
def _aws(folder: Path, *, embedded: bool) -> Iterator[None]:
    """The caller's AWS, or a new one on this machine, which ends with the run."""
    if not embedded:
        yield
        return
    (folder / "state.json").unlink(missing_ok=True)
    shutil.rmtree(folder / "aws", ignore_errors=True)
    with EmbeddedAws.start(folder / "aws") as aws:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(aws.environment)
        yield


def _verify(console: Console, folder: Path, arguments: argparse.Namespace) -> int:
    account = Account.of_environment()
    embedded = "AWS_ENDPOINT_URL" in os.environ
    state = beginning.known_state(folder, account, again=arguments.again)
    if state and LAST in state.done and not arguments.destroy:
        console.print(f"This run has ended: {folder / 'verify-aws.md'}. `{COMMAND} --again` begins anew.")
        return FAILED if report.failed(state.proofs) else OK
    if state and LAST in state.done:
        # A rest of it may still be there.
        state = None
    if state is None:
        beginning.refuse_foreign(account, destroy=arguments.destroy)
        state = beginning.new_state(folder, account)
    beginning.announce(console, account, state, len(STEPS), destroy=arguments.destroy)
    if embedded:
        console.print("This AWS is played on this machine, so nothing costs anything.")
    beginning.confirm(console, yes=arguments.yes or arguments.embedded)
    sample = Sample.copy(
        folder / "app",
        account.region,
        bake="1s" if embedded else "2m",
        existing_provider=not state.own_provider,
    )
    program = Path(sys.executable).with_name("kanmon")
    run = Verification(console, folder, account, sample, state, program, embedded)
    steps = [step for step in STEPS if not arguments.destroy or step.name in REMOVAL]
    return _go(run, steps)


def _go(run: Verification, steps: Sequence[Step]) -> int:
    """Run the steps; whatever happens, the state and the report are there afterwards."""
    state = run.state
    state.failure = ""
    state.write(run.state_file)
    try:
        go(run, steps)
    except KeyboardInterrupt:
        state.failure = "interrupted"
        raise
    except _FAILURES as error:
        state.failure = str(error)
        run.console.print(f"[bold red]The run ended here:[/] {escape(str(error))}")
    finally:
        state.write(run.state_file)
        content = _report(run)
    for proof in report.failed(state.proofs):
        run.console.print(f"failed: {proof.id} {proof.claim}. {proof.fact}", style="red", markup=False)
    outcomes = ", ".join(f"{number} {outcome}" for outcome, number in content["outcomes"].items())
    run.console.print(f"{outcomes}: [bold]{run.folder / 'verify-aws.md'}[/]")
    return FAILED if state.failure or report.failed(state.proofs) else OK


def _report(run: Verification) -> dict[str, Any]:
    last = run.state.done.get(LAST)
    left = sum(name.startswith("left: ") for name in last.notes) if last else None
    content = report.document(run.state, embedded=run.embedded, left=left)
    report.write(run.folder, content)
    return content


if __name__ == "__main__":
    sys.exit(main())
