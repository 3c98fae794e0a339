"""Shows a workflow run while it goes on, job by job: Kanmon's output, and how each job ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rich.highlighter import RegexHighlighter
from rich.markdown import Markdown
from rich.text import Text
from rich.theme import Theme

from kanmon.text import duration

from .executed import ExecutedJob, job_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from embedded.actions.execution import Line
    from embedded.github.workflows import Job

THEME = Theme(
    {
        "log.good": "green",
        "log.bad": "red",
        "log.moved": "bold magenta",
        "log.state": "bold",
        "log.dim": "dim",
    }
)
_COLOURS = {"Test": "blue", "Build": "cyan", "Plan": "yellow", "Deploy": "green", "Roll back": "magenta"}
_WIDTH = 9
_PLAN = "The plan"
# Other people's actions are known by their pin. Steps with reports to GitHub are in no file.
_NOISE = re.compile(r"@[0-9a-f]{40}$|^Report to GitHub|^$")
_ANNOTATION = re.compile(r"::(?P<level>error|warning|notice)(?: [^:]*)?::(?P<text>.*)")
_EXIT = re.compile(r"exit status \d+|Process completed with exit code \d+\.?")


class _LogHighlighter(RegexHighlighter):
    """Colours a step's lines; a runner's log has no colours."""

    base_style = "log."
    highlights = (
        r"(?P<good>✓)",
        r"(?P<bad>✗.*)",
        r"(?P<bad>KNM-\d+)",
        r"(?P<moved>→ .*)",
        r"(?P<good>\w+_COMPLETE)",
        r"^ +(?P<dim>[\d.]+s)",
        r"^ +[\d.]+s  (?P<state>(?:[a-z]+ )?[a-z]+)(?=  )",
        r"(?P<dim>^\$ .*)",
    )


@dataclass
class Screen:
    """Shows one run."""

    console: Console
    reviewers: Sequence[str]
    shown: list[str] = field(default_factory=list)
    """The shown lines."""
    _plan: set[str] = field(default_factory=set)

    @property
    def transcript(self) -> str:
        """All of it."""
        return "\n".join(self.shown)

    def line(self, line: Line) -> None:
        """A step printed a line."""
        job = job_of(line.job)
        text = _text_of(line)
        if job == "Plan":
            self._plan.add(text)
        elif text in self._plan:
            return  # the deploy shows the plan again
        if text:
            self._print(job, _LogHighlighter()(text))

    def job(self, job: Job) -> None:
        """A job has come to another status."""
        if job.status == "waiting":
            self._print(
                job.name, Text(f"⏸ waits for {' or '.join(self.reviewers)} to approve", "bold yellow")
            )
        elif job.status == "pending":
            self._print(job.name, Text("⏸ waits for its turn", "yellow"))
        elif job.status == "completed":
            done = ExecutedJob.of(job)
            good = done.conclusion == "success"
            text = f"{'✓' if good else '✗'} {done.conclusion} after {duration(done.seconds)}"
            self._print(job.name, Text(text, "bold green" if good else "bold red"))

    def announce(self, text: str) -> None:
        """A person does something."""
        self.shown.append(text)
        self.console.print(Text(text, "bold cyan"))

    def page(self, markdown: str) -> None:
        """A part of a run's page, whole: a reviewer approves what it shows."""
        # With the console's soft wrap, rich would cut its lines at the width.
        self.console.print(Markdown(markdown), soft_wrap=False)

    def _print(self, job: str, text: Text) -> None:
        colour = _COLOURS.get(job, "white")
        line = Text.assemble((f"{job:<{_WIDTH}}", colour), (" │ ", "dim"), text)
        self.shown.append(line.plain)
        self.console.print(line)


def _text_of(line: Line) -> str:
    """The text to show of a line; of most lines it is empty."""
    if _NOISE.search(line.step) or _EXIT.fullmatch(line.text):
        return ""
    if line.group not in {"", _PLAN}:
        # Folded lines stay hidden, but for the plan and the app's own commands.
        return line.text if line.text.startswith("$ ") else ""
    if annotation := _ANNOTATION.search(line.text):
        return f"✗ {unquote(annotation['text']).splitlines()[0]}"
    return line.text
