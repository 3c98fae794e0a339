"""`kanmon comment`: keeps one comment of the pull request up to date with the result of its tests (CD-1).

It is a command of its own, for a job of its own: the job with the app's code gets no token to write with
(TRU-3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.apptest.summary import read_summary
from kanmon.cli.command import Command, path
from kanmon.cli.repository import github_client
from kanmon.codes import OF_GITHUB, Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.github.runner import Level
from kanmon.github.workflow_run import current_run
from kanmon.language import deferred, phrase
from kanmon.report.verdict import verdict_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context

_MARKER = "<!-- kanmon:test -->"


@dataclass(frozen=True)
class CommentOptions:
    """The verdict to show."""

    verdict: Path = path(
        deferred("the verdict, from kanmon test --output (default: build/verdict.json)"),
        "FILE",
        "build/verdict.json",
    )


def run(options: CommentOptions, context: Context) -> ExitStatus:
    """Write the comment. A failure is a warning: the verdict is in the job summary, too.

    A fork's run may not comment: this is only a notice.
    """
    run, step = current_run(), context.step
    if run is None or step is None:
        raise KanmonError(Code.GITHUB_MISSING, phrase("This is not a workflow run."))
    summary = read_summary(options.verdict)
    if run.pull_request is None:
        context.print(phrase("This run has no pull request; there is nothing to comment on."))
        return ExitStatus.OK
    # PyGithub is slow to import.
    from kanmon.github.comments import COMMENT_LIMIT, keep_comment

    body = verdict_markdown(summary, COMMENT_LIMIT - 100, run.url)
    try:
        keep_comment(github_client(), run.pull_request, _MARKER, body)
    except KanmonError as error:
        if error.code not in OF_GITHUB:
            raise
        step.error(error, Level.NOTICE if error.code is Code.GITHUB_DENIED else Level.WARNING)
    return ExitStatus.OK


COMMAND = Command(
    "comment",
    deferred("Keep one comment of the pull request up to date with the result of its tests."),
    run,
    CommentOptions,
    token="to keep the comment up to date: pull-requests: write",  # noqa: S106
    examples={
        "kanmon comment --verdict verdict.json": (
            deferred("show the verdict of `kanmon test --output verdict.json` in the pull request")
        ),
    },
)
