"""The process: parse, run, and end with one message and an honest exit status."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from kanmon.cli.arguments import COMMANDS, action_arguments, make_parser
from kanmon.errors import Code, ExitStatus, KanmonError
from kanmon.github import current_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from kanmon.aws import Aws

_BEGUN = frozenset(
    {
        Code.STACK_FAILED,
        Code.HOOK_FAILED,
        Code.SNAPSHOT_FAILED,
        Code.AWS_FAILED,
        Code.CHECK_FAILED,
        Code.ROLLBACK_FAILED,
        Code.LEASE_LOST,
        Code.LEDGER_CONFLICT,
        Code.LEDGER_UNREADABLE,
        Code.INTERNAL,
    }
)
_MAY_BE_OPEN = frozenset({ExitStatus.FAILED, ExitStatus.INTERRUPTED})
"""After these the attempt may still have to be finished or undone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    _on_signals(_leave)
    status = _carry_out(arguments)
    from kanmon.report.workflow import current_step

    if status not in _MAY_BE_OPEN and (step := current_step()):
        step.settle()
    return status


def _carry_out(arguments: Sequence[str] | None) -> int:
    debug = False
    try:
        parser = make_parser()
        parsed = parser.parse_args(arguments)
        if parsed.command == "action":
            parsed = parser.parse_args(action_arguments(parsed.action, os.environ))
        debug = parsed.debug
        with _no_garbage():
            early = _ask_aws(parsed.command)
            # They are slow to import; AWS answers meanwhile.
            from kanmon.cli.commands import run
            from kanmon.report.workflow import make_log

        _on_signals(_interrupt_once)
        return run(parsed, make_log(), early)
    except KanmonError as error:
        return _explain(error, debug=debug)
    except KeyboardInterrupt:
        return _explain(KanmonError(Code.INTERRUPTED, "Interrupted; nothing was changed."), debug=False)
    except BrokenPipeError:
        return ExitStatus.FAILED
    except Exception as error:  # noqa: BLE001 - a traceback is for those who ask for it
        return _explain(_known(error), debug=debug)


def _known(error: Exception) -> KanmonError:
    """What nobody foresaw: a file that the system refuses, or a fault of ours."""
    if isinstance(error, OSError) and error.filename is not None:
        return KanmonError(Code.FILE_REFUSED, f"{error.strerror}.", where=str(error.filename))
    return KanmonError(Code.INTERNAL, f"{type(error).__name__}: {error}.")


def _on_signals(answer: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Answer Ctrl-C and SIGTERM. The first process of a container gets neither unless it says so."""
    signal.signal(signal.SIGTERM, answer)
    signal.signal(signal.SIGINT, answer)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """End at once: nothing has begun. An exception could get lost in a callback of the imports."""
    del number, frame
    os.write(sys.stderr.fileno(), b"Interrupted; nothing was changed.\n")
    os._exit(ExitStatus.INTERRUPTED)


@contextmanager
def _no_garbage() -> Iterator[None]:
    """While modules are loaded, which stay, nobody looks for garbage; that took a fifteenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _ask_aws(command: str) -> Aws | None:
    """Ask AWS who we are before anything else is loaded, in a workflow whose job says in which region.

    The question changes nothing. When the config turns out to name another region, nobody hears the answer.
    """
    region = os.environ.get("AWS_REGION")
    if not region or not COMMANDS[command].aws or current_run() is None:
        return None
    from kanmon.aws import Aws

    aws = Aws(region)
    aws.ask_account()
    return aws


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """The first Ctrl-C or SIGTERM ends the work; what follows must not end the undoing."""
    del number, frame
    _on_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


def _explain(error: KanmonError, *, debug: bool) -> int:
    from kanmon.report.terminal import make_console, print_error
    from kanmon.report.workflow import current_step

    if debug:
        traceback.print_exc()
    if step := current_step():
        step.error(error)
    else:
        print_error(make_console(stderr=True), error)
    if error.code is Code.HELD:
        return ExitStatus.HELD
    if error.code is Code.INTERRUPTED:
        return ExitStatus.INTERRUPTED
    sys.stdout.flush()
    return ExitStatus.FAILED if error.code in _BEGUN else ExitStatus.REFUSED
