"""The story, act by act: what is done, why, and how it has to end."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from kanmon.ledger import Attempt
from tests.embedded.process import Process

from . import changes
from .app import FIRST_COMMIT
from .commands import told
from .executed import ExecutedRun
from .results import result_of
from .summary import Run

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from rich.console import Console

    from tests.embedded.slack import LocalSlack

    from .app import App, Change
    from .commands import Kanmon, Ran
    from .team import Team

_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])


class StoryError(RuntimeError):
    """Something went another way than it is told."""


@dataclass(frozen=True)
class Scene:
    """What the audience is told before an act."""

    label: str
    title: str
    telling: str
    cause: str = ""
    """The bug, where there is one."""


@dataclass
class Act:
    """One act as it was played."""

    number: int
    scene: Scene
    ran: list[Ran | ExecutedRun] = field(default_factory=list)
    """Its commands and workflow runs."""
    messages: list[str] = field(default_factory=list)
    """What people were told in Slack."""
    commit: str = ""
    subjects: list[str] = field(default_factory=list)
    diff: str = ""
    attempt: int | None = None
    """The number of its attempt in the ledger."""

    @property
    def label(self) -> str:
        """The act in a word or two."""
        return self.scene.label

    @property
    def seconds(self) -> float:
        """How long its commands and runs took."""
        return sum(ran.seconds for ran in self.ran)

    @property
    def runs(self) -> list[ExecutedRun]:
        """Its workflow runs."""
        return [ran for ran in self.ran if isinstance(ran, ExecutedRun)]


@dataclass(frozen=True)
class Ending:
    """How a workflow run has to end."""

    conclusion: str
    words: str


STABLE = Ending("success", ": stable")
ABORTED = Ending("failure", ": aborted")
TAKEN_BACK = Ending("failure", ": rolled back")
BACK = Ending("success", ": rolled back")
RESULTS = ("stable", "stable", "aborted", "rolled back", "stable", "rolled back")
"""How the attempts have to end, by the ledger."""

PREPARATION = Scene(
    "account",
    "The account is prepared, once",
    "A bucket for bundles and the ledger, a topic for messages: all that Kanmon needs. At GitHub, the "
    "environment production waits for taro, and takes only main.",
)
FIRST = Scene(
    "r1",
    "r1, the first release",
    "hanako pushes to main. Tested and built once, planned, approved by taro; provisioned into the blue "
    "slot, checked through the real edge; then it goes live.",
)
SECOND = Scene(
    "r2",
    "r2, a visible change",
    "A fresh look and a new API field. It goes into the idle slot; 10 % of API requests try it first.",
)
BAD_CANDIDATE = Scene(
    "r3",
    "r3, a bug that the candidate's checks find",
    "The API orders goals by a column that no migration made. The app's tests, without a database, pass; "
    "it is given up before anybody saw it.",
    "store.py orders by the column position, which no migration makes: GET /api/goals answers 500.",
)
BAD_LIVE = Scene(
    "r4",
    "r4, a bug that shows only live",
    "Features per stage, and the entry of live is wrong. As candidate all is well; live its check fails, "
    "and Kanmon takes users back by itself.",
    "features.py switches editing off for the stage live. The candidate is on a stage of its own, "
    "so its checks can't see that.",
)
FIXED = Scene(
    "r5",
    "r5, the bug is fixed",
    "A rollback leaves a freeze, so that nobody releases into an incident by accident: a push would be "
    "refused. hanako starts the same workflow by hand, with the reason that lifts it.",
)
BY_HAND = Scene(
    "→ r2",
    "Back to r2, by hand",
    "Somebody wants r5 gone. r2 still stands in its slot, warm: two calls, no build, no stack update.",
)
LOOKING_BACK = Scene(
    "history", "Looking back", "The ledger knows who released what, who approved it, and how it ended."
)


@dataclass
class Story:
    """Plays the acts on an embedded AWS and a local GitHub."""

    console: Console
    app: App
    kanmon: Kanmon
    team: Team
    slack: LocalSlack
    edge_url: str
    folder: Path
    cleanup: ExitStack
    acts: list[Act] = field(default_factory=list)
    viewer: Process | None = None

    @property
    def viewer_log(self) -> Path:
        """Where the viewer writes every request."""
        return self.folder / "viewer.jsonl"

    def play(self) -> None:
        """All acts. Raises StoryError at the first that goes another way."""
        self._run(self._open(PREPARATION), "ready", "bootstrap")
        self._release(FIRST, None, STABLE)
        self._start_viewer()
        self._release(SECOND, changes.NEW_LOOK, STABLE)
        self._release(BAD_CANDIDATE, changes.ORDERED_GOALS, ABORTED)
        self._release(BAD_LIVE, changes.FEATURES_PER_STAGE, TAKEN_BACK)
        self._release(
            FIXED, changes.RIGHT_FEATURES, STABLE, lift_freeze="the entry of the stage live is corrected"
        )
        self._roll_back()
        act = self._open(LOOKING_BACK)
        self._run(act, "", "history")
        self._run(act, "r2", "status")
        self._verify()
        self._stop_viewer()

    def _verify(self) -> None:
        found = tuple(result_of(attempt) for attempt in self._attempts())
        if found != RESULTS:
            raise StoryError(f"the ledger tells another story: {', '.join(found)}")

    def runs(self) -> list[Run]:
        """Every attempt as the ledger has it, with what its command told."""
        lines = {act.attempt: act.ran[-1].lines for act in self.acts if act.attempt}
        return [Run(attempt, lines.get(attempt.number, ())) for attempt in self._attempts()]

    def _attempts(self) -> tuple[Attempt, ...]:
        return _ATTEMPTS.validate_python(json.loads(self.kanmon.read("history", "--json")))

    def _open(self, scene: Scene) -> Act:
        act = Act(len(self.acts), scene)
        self.acts.append(act)
        self.console.print()
        self.console.rule(f"[bold]{act.number} · {scene.title}", align="left")
        self.console.print(f"[italic]{scene.telling}[/]")
        return act

    def _release(self, scene: Scene, change: Change | None, ending: Ending, lift_freeze: str = "") -> None:
        act = self._open(scene)
        before = self.app.head
        if change:
            act.commit = self.app.apply(change)
            act.subjects, act.diff = self.app.subjects(before), self.app.diff(before)
        else:
            act.commit, act.subjects = before, [FIRST_COMMIT]
        if lift_freeze:
            self.team.push_quietly(act.subjects[-1])
            run = self.team.dispatch("deploy-production.yml", lift_freeze=lift_freeze)
        else:
            run = self.team.push()
        self._end(act, run, ending)

    def _roll_back(self) -> None:
        act = self._open(BY_HAND)
        run = self.team.dispatch(
            "rollback-production.yml",
            release="r2",
            reason="r5 confuses people; back until it is sorted out",
            confirm="production",
        )
        self._end(act, run, BACK)

    def _end(self, act: Act, run: ExecutedRun, ending: Ending) -> None:
        """Compare a run with how it has to end."""
        act.ran.append(run)
        known = sum(len(earlier.messages) for earlier in self.acts)
        act.messages = [unescape(message.text) for message in self.slack.messages[known:]]
        said = any(ending.words in line.text for line in run.lines)
        if run.conclusion != ending.conclusion or not said:
            raise StoryError(
                f"the run {run.name} should have ended in {ending.conclusion} and said “{ending.words}”, "
                f"but ended in {run.conclusion}"
            )
        act.attempt = 1 + sum(earlier.attempt is not None for earlier in self.acts)
        if self.viewer:
            self.viewer.check()

    def _run(self, act: Act, words: str, *arguments: str) -> None:
        self.console.print(f"[bold cyan]$ {told(arguments)}[/]")
        sys.stdout.flush()
        ran = self.kanmon.run(*arguments)
        act.ran.append(ran)
        if ran.status or not any(words in line.text for line in ran.lines):
            raise StoryError(
                f"`kanmon {arguments[0]}` should have ended well and said “{words}”, "
                f"but ended with status {ran.status}"
            )
        if self.viewer:
            self.viewer.check()

    def _start_viewer(self) -> None:
        command = [sys.executable, "-m", "tests.demo.viewer"]
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
        self.viewer = Process.start("viewer", command, environment, self.folder / "viewer.log")
        self.cleanup.callback(self.viewer.stop)
        self.viewer.tell({"url": self.edge_url, "log": str(self.viewer_log)})
        self.viewer.wait_ready()
        self.console.print("\n[bold green]●[/] A viewer process opens pages and asks the API from now on.")

    def _stop_viewer(self) -> None:
        if self.viewer:
            self.viewer.check()
            self.viewer.stop()
            self.viewer = None
