"""The process: parse, run, and end with one message and a correct exit status."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

from kanmon.cli.parser import action_arguments, parse
from kanmon.errors import Code, ExitStatus, KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

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
"""After these somebody may still have to finish or undo the operation."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    _on_signals(_leave)
    status = _run(sys.argv[1:] if arguments is None else arguments)
    from kanmon.report.step import current_step

    if status not in _MAY_BE_OPEN and (step := current_step()):
        step.settled()
    return status


def _run(arguments: Sequence[str]) -> int:
    debug = False
    try:
        if arguments[:1] == ["action"]:
            arguments = action_arguments(arguments[1:], os.environ)
        command, options, shared = parse(arguments)
        debug = shared.debug
        from kanmon.cli.context import Context

        if shared.verbose:
            _show_log()
        context = Context(shared.config, shared.verbose)
        if command.aws:
            context.check_credentials()
        _on_signals(_interrupt_once)
        return command.run(options, context)
    except KanmonError as error:
        return _report(error, debug=debug)
    except KeyboardInterrupt:
        return _report(KanmonError(Code.INTERRUPTED, "Interrupted; nothing was changed."), debug=False)
    except BrokenPipeError:
        return ExitStatus.FAILED
    except Exception as error:  # noqa: BLE001 - only --debug shows a traceback
        return _report(_known(error), debug=debug)


def _show_log() -> None:
    """Show Kanmon's log on standard error. It has every call to AWS and GitHub."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("kanmon")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def _known(error: Exception) -> KanmonError:
    """A file error from the system, or otherwise a bug in Kanmon."""
    if isinstance(error, OSError) and error.filename is not None:
        return KanmonError(Code.FILE_REFUSED, f"{error.strerror}.", where=str(error.filename))
    return KanmonError(Code.INTERNAL, f"{type(error).__name__}: {error}.")


def _on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Handle Ctrl-C and SIGTERM. The first process of a container gets them only if it has a handler."""
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """End at once: nothing has begun. An exception could get lost in a callback during an import."""
    del number, frame
    os.write(sys.stderr.fileno(), b"Interrupted; nothing was changed.\n")
    os._exit(ExitStatus.INTERRUPTED)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """Stop the work at the first Ctrl-C or SIGTERM. Ignore later ones: they must not stop the rollback."""
    del number, frame
    _on_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


def _report(error: KanmonError, *, debug: bool) -> int:
    from kanmon.report.step import current_step
    from kanmon.report.terminal import make_console, print_error

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
