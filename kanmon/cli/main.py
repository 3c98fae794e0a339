"""The process: parse, run, and end with one message and a correct exit status."""

from __future__ import annotations

import errno
import io
import logging
import os
import signal
import sys
import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from kanmon.cli.parser import action_arguments, parse
from kanmon.codes import Code
from kanmon.errors import LEFT_NOTHING, ExitStatus, KanmonError
from kanmon.language import deferred, phrase, speak
from kanmon.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

_AGAIN_SECONDS = 0.01
_STATUSES = {
    Code.HELD: ExitStatus.HELD,
    Code.INTERRUPTED: ExitStatus.INTERRUPTED,
    Code.INTERNAL: ExitStatus.FAILED,
}
"""Of errors outside of an operation. All others refuse a command before it changes anything."""
_OF_FILES = {errno.ENOENT, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE}
"""Errors of the file system without a file's name: a full disk below the output, a removed working folder."""
_OF_THE_SYSTEM = (
    deferred("No such file or directory"),
    deferred("Permission denied"),
    deferred("No space left on device"),
    deferred("Is a directory"),
    deferred("Not a directory"),
    deferred("Read-only file system"),
    deferred("File exists"),
)
"""The system's own words for the usual errors of files."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    _on_signals(_leave)
    arguments = sys.argv[1:] if arguments is None else arguments
    debug, context = False, None
    _open_streams()
    speak(os.environ)
    try:
        if arguments[:1] == ["action"]:
            arguments = action_arguments(arguments[1:], os.environ)
        command, options, shared = parse(arguments)
        debug = shared.debug
        from kanmon.cli.context import Context
        from kanmon.cli.environment import check_environment

        check_environment(os.environ)

        if shared.verbose:
            _show_log()
        context = Context(shared.config, shared.verbose, shared.environment)
        if command.aws:
            context.check_credentials()
        _on_signals(_interrupt_once)
        with _lost_interrupts_again():
            status: int = command.run(options, context)
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - only --debug shows a traceback
        known = _known(error, unfinished=context is not None and context.unfinished)
        shown = context.located(known) if known and context else known
        status = _report(shown, debug=debug, begun=context is not None)
        if not isinstance(error, KanmonError | KeyboardInterrupt):
            return status
    if not (context and context.unfinished):
        _leave_nothing()
    return status


def _open_streams() -> None:
    """Give a closed stream a place to write to, and show each character that a terminal can't show.

    Otherwise the next opened file would get the number of the closed stream, and all output with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _leave_nothing() -> None:
    """Save for the post step of a Docker action: no operation is left. Each one ends in an outcome.

    Without the saved state, the post step finds this out itself.
    """
    from kanmon.report.step import current_step

    with suppress(KanmonError):
        if step := current_step():
            step.settled()


def _show_log() -> None:
    """Show Kanmon's log on standard error. It has every call to AWS and GitHub."""
    from kanmon.github.runner import HarmlessLog

    handler = logging.StreamHandler(HarmlessLog(sys.stderr))
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s", "%H:%M:%S"))
    handler.addFilter(_shown)
    logger = logging.getLogger("kanmon")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def _shown(record: logging.LogRecord) -> bool:
    """Put an entry on one line: an address or an answer may have foreign text. Every entry passes."""
    record.msg, record.args = one_line(record.getMessage()), ()
    return True


def _known(error: BaseException, *, unfinished: bool) -> KanmonError | None:
    """The error for people: otherwise a bug in Kanmon. None when nobody reads the output any more."""
    if isinstance(error, KanmonError):
        return error
    if isinstance(error, KeyboardInterrupt):
        fix = None if unfinished else phrase(LEFT_NOTHING)
        return KanmonError(Code.INTERRUPTED, phrase("The run was interrupted."), fix=fix)
    if isinstance(error, BrokenPipeError):
        return None
    if isinstance(error, OSError) and (error.filename is not None or error.errno in _OF_FILES):
        place = None if error.filename is None else str(error.filename)
        problem = phrase("{problem}.", problem=phrase(str(error.strerror)))
        return KanmonError(Code.FILE_REFUSED, problem, where=place)
    return KanmonError(Code.INTERNAL, f"{type(error).__name__}: {error}.")


def _on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Handle Ctrl-C, SIGTERM and a closed terminal.

    The first process of a container gets a signal only if it has a handler.
    """
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)
    # `nohup` ignores a closed terminal: that is a person's wish.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """End at once: nothing has begun. An exception could get lost in a callback during an import."""
    del number, frame
    try:
        os.write(sys.stderr.fileno(), f"{phrase('Interrupted; nothing was changed.')}\n".encode())
    finally:
        os._exit(ExitStatus.INTERRUPTED)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """Stop the work at the first Ctrl-C or SIGTERM. Ignore later ones: they must not stop the rollback."""
    del number, frame
    _on_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _lost_interrupts_again() -> Iterator[None]:
    """Raise each lost KeyboardInterrupt once more, after the callback that lost it.

    Python only prints an exception from a finalizer or a weak reference's callback, and imports have such
    callbacks: https://docs.python.org/3/library/sys.html#sys.unraisablehook. The signal handler ignores later
    signals by then, so nobody could interrupt this run any more.
    """
    before = sys.unraisablehook

    def again(lost: sys.UnraisableHookArgs) -> None:
        if lost.exc_type is not KeyboardInterrupt:
            before(lost)
            return
        # Not now: here the exception would get lost again. If it does later, too, Python calls this again.
        signal.signal(signal.SIGALRM, _interrupt_once)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = before


def _drop_output() -> None:
    """Write the rest of the output nowhere. Python would write it once more at its end, and fail again.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(error: KanmonError | None, *, debug: bool, begun: bool) -> int:
    from kanmon.report.console import block
    from kanmon.report.step import make_log, show_error

    if error is None:
        _drop_output()
        return ExitStatus.FAILED
    if debug:
        make_log(stderr=True).print("{trace}", trace=block(traceback.format_exc()))
    show_error(error)
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    if begun and error.code is Code.ENVIRONMENT_BROKEN:
        # A file of the runner failed after the work, maybe after a whole release.
        return ExitStatus.FAILED
    return _STATUSES.get(error.code, ExitStatus.REFUSED)
