"""The story, act by act: the change, the reason, and how it has to end."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from embedded.process import Process
from kanmon.ledger.records import Operation

from . import changes
from .app import FIRST_COMMIT
from .commands import typed
from .executed import ExecutedRun
from .summary import LoggedOperation

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from rich.console import Console

    from embedded.slack import LocalSlack

    from .app import App, Change
    from .commands import Kanmon, Ran
    from .team import Team

_OPERATIONS = TypeAdapter(tuple[Operation, ...])


class StoryError(RuntimeError):
    """The story went another way."""


@dataclass(frozen=True)
class Scene:
    """The introduction of an act."""

    label: str
    title: str
    intro: str
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
    """Its messages in Slack."""
    commit: str = ""
    subjects: list[str] = field(default_factory=list)
    diff: str = ""
    operation: int | None = None
    """The number of its operation in the ledger."""

    @property
    def label(self) -> str:
        """The act's short name."""
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
    text: str


STABLE = Ending("success", ": stable")
ABORTED = Ending("failure", ": aborted")
ROLLED_BACK = Ending("failure", ": rolled back")
BACK_BY_HAND = Ending("success", ": rolled back")
RESULTS = ("stable", "stable", "aborted", "rolled back", "stable", "rolled back")
"""How the operations have to end, by the ledger."""

PREPARATION = Scene(
    "account",
    "The account is prepared, once",
    "A bucket for bundles and the ledger, a topic for messages, a role for each kind of job: Kanmon needs "
    "nothing else, and nobody needs a key. At GitHub, the environment production waits for taro, and takes "
    "only main.",
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
    "A fresh look and a new API field. It goes into the idle slot; 10 % of API requests go there first.",
)
BAD_CANDIDATE = Scene(
    "r3",
    "r3, a bug that the candidate's checks find",
    "The API orders goals by a column that no migration made. The app's tests, without a database, pass; "
    "the release is aborted before any user was on it.",
    "store.py orders by the column position, but no migration makes it: GET /api/goals answers 500.",
)
BAD_LIVE = Scene(
    "r4",
    "r4, a bug that shows only live",
    "Features per stage, and the entry of live is wrong. As candidate all is well; live its check fails, "
    "and Kanmon rolls the release back by itself.",
    "features.py switches editing off for the stage live. The candidate is on a stage of its own, "
    "so its checks can't see that.",
)
FIXED = Scene(
    "r5",
    "r5, the bug is fixed",
    "A rollback leaves a freeze: nobody shall release into an incident by accident. A push would be "
    "refused. hanako starts the same workflow by hand, with a reason: this lifts the freeze.",
)
BY_HAND = Scene(
    "→ r2",
    "Back to r2, by hand",
    "r5 has to go. r2 is still in its slot, warm: three calls, no build, no stack update.",
)
LOOKING_BACK = Scene(
    "history",
    "Looking back",
    "The ledger has every operation: who began it, who approved it, and how it ended.",
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
        """All acts. Raises StoryError when one goes another way."""
        prepared = self._run(self._open(PREPARATION), "ready", "bootstrap", "--yes")
        self.team.take_roles(prepared.transcript)
        self._release(FIRST, None, STABLE)
        self._start_viewer()
        self._release(SECOND, changes.NEW_LOOK, STABLE)
        self._release(BAD_CANDIDATE, changes.ORDERED_GOALS, ABORTED)
        self._release(BAD_LIVE, changes.FEATURES_PER_STAGE, ROLLED_BACK)
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
        found = tuple(operation.ending for operation in self._operations())
        if found != RESULTS:
            raise StoryError(f"the ledger has another story: {', '.join(found)}")

    def runs(self) -> list[LoggedOperation]:
        """Every operation as the ledger has it, with the output of its command."""
        lines = {act.operation: act.ran[-1].lines for act in self.acts if act.operation}
        return [
            LoggedOperation(operation, lines.get(operation.number, ())) for operation in self._operations()
        ]

    def _operations(self) -> tuple[Operation, ...]:
        return _OPERATIONS.validate_python(json.loads(self.kanmon.read("history", "--json")))

    def _open(self, scene: Scene) -> Act:
        act = Act(len(self.acts), scene)
        self.acts.append(act)
        self.console.print()
        self.console.rule(f"[bold]{act.number} · {scene.title}", align="left")
        self.console.print(f"[italic]{scene.intro}[/]")
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
        self._end(act, run, BACK_BY_HAND)

    def _end(self, act: Act, run: ExecutedRun, ending: Ending) -> None:
        """Compare a run with how it has to end."""
        act.ran.append(run)
        known = sum(len(earlier.messages) for earlier in self.acts)
        act.messages = [unescape(message.text) for message in self.slack.messages[known:]]
        printed = any(ending.text in line.text for line in run.lines)
        if run.conclusion != ending.conclusion or not printed:
            raise StoryError(
                f"the run {run.name} should have ended in {ending.conclusion} and printed “{ending.text}”, "
                f"but ended in {run.conclusion}"
            )
        act.operation = 1 + sum(earlier.operation is not None for earlier in self.acts)
        if self.viewer:
            self.viewer.check()

    def _run(self, act: Act, text: str, *arguments: str) -> Ran:
        self.console.print(f"[bold cyan]$ {typed(arguments)}[/]")
        sys.stdout.flush()
        ran = self.kanmon.run(*arguments)
        act.ran.append(ran)
        if ran.status or not any(text in line.text for line in ran.lines):
            raise StoryError(
                f"`kanmon {arguments[0]}` should have ended well and printed “{text}”, "
                f"but ended with status {ran.status}"
            )
        if self.viewer:
            self.viewer.check()
        return ran

    def _start_viewer(self) -> None:
        command = [sys.executable, "-m", "demo.viewer"]
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
        self.viewer = Process.start("viewer", command, environment, self.folder / "viewer.log")
        self.cleanup.callback(self.viewer.stop)
        self.viewer.send({"url": self.edge_url, "log": str(self.viewer_log)})
        self.viewer.wait_ready()
        self.console.print("\n[bold green]●[/] A viewer process opens pages and asks the API from now on.")

    def _stop_viewer(self) -> None:
        if self.viewer:
            self.viewer.check()
            self.viewer.stop()
            self.viewer = None
