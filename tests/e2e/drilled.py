"""The ground of the fault drills: a released app to provoke faults in, a terminal to follow the guides."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded.process import REPOSITORY
from tests.e2e.changes import visible_change
from tests.guides.playing import Count, Play
from tests.guides.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from embedded.slack import LocalSlack
    from tests.e2e.project import Project
    from tests.guides.sections import Section

KEPT = ("build/api", "web/dist", "kanmon.yml")
_TWO = 2


@dataclass
class Ground:
    """The app in an environment of its own, with two releases and more after each drill."""

    project: Project
    slack: LocalSlack
    folder: Path
    repair: str = ""
    """What people do that no page can have as a command: they repair their app, or click a link."""
    drills: int = 0
    passed: int = 0
    changes: int = 0
    broken: bool = False
    """The last drill failed: nobody knows what it left."""
    count: Count = field(default_factory=Count)

    def begin(self) -> None:
        """The first release, with a channel for alarms."""
        self.project.client("secretsmanager").create_secret(Name=self.secret, SecretString=self.slack.webhook)
        channel = f"notifications: {{channels: {{slack: {self.secret}}}}}\n"
        self.project.edit_config(lambda text: text + channel)
        self.project.release().check()
        self.calm()

    def calm(self) -> Any:
        """A stable release over another stable one, nothing frozen; the ledger's head."""
        head = self.project.head()
        if head["freeze"] or len(head["kept"]) < _TWO or head["kept"][-1] != head["live"]:
            self.change()
            lift = ("--lift-freeze", "the drill is over") if head["freeze"] else ()
            self.project.release(*lift).check()
            return self.calm()
        return head

    def change(self) -> None:
        """The next release is another one."""
        self.changes += 1
        visible_change(self.project, f"change {self.changes}")

    def keep(self) -> None:
        """Repairing the app means from now on: as its files are at this moment."""
        good = self.folder / "good"
        shutil.rmtree(good, ignore_errors=True)
        for name in KEPT:
            source, target = self.project.folder / name, good / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        self.repair = f"cp -r {good}/. {self.project.folder}"

    @property
    def secret(self) -> str:
        """The name of the channel's secret."""
        return f"{self.prefix}-slack"

    @property
    def prefix(self) -> str:
        """The app and its environment, as all names begin."""
        return f"mandala-{self.project.name}"

    def drill(self, section: Section, provoke: Callable[[Ground], dict[str, str] | None]) -> None:
        """Provoke a fault and do what the section has, in its order, until all is well. Raises FailedError.

        `provoke` returns the names in place of the page's examples.
        """
        head = self.calm()
        self.keep()
        names = {
            # The live slot is `green` in the examples.
            "slot      green": f"slot      {head['pointer']['slot']}",
            "  blue    r41": "…",
            "  green   r42": "…",
            "shop-production": self.prefix,
            "shop-bootstrap": "mandala-bootstrap",
            "production/ledger": f"{self.project.name}/ledger",
            "shop/slack": self.secret,
            "r42": head["live"],
            "r41": self._target() if "r41" in (section.english or section).text else "",
            "in        production": f"in        {self.project.name}",
            "スロット: green": f"スロット: {head['pointer']['slot']}",
            "環境: production": f"環境: {self.project.name}",
        }
        environment = self._environment(head["pointer"]["slot"], "ja" if section.english else "en")
        self.broken = True
        names |= provoke(self) or {}
        self.drills += 1
        shell = Shell(
            self.project.folder, self.folder / f"shell-{self.drills}", environment | {"REPAIR": self.repair}
        )
        guide = section.guide(names)
        try:
            Play(guide, shell, lambda _: None, self.count).play(guide.steps)
        finally:
            shell.stop()
            self.project.stop()
        self.healthy()
        shutil.copytree(self.folder / "good", self.project.folder, dirs_exist_ok=True)
        self.broken = False
        self.passed += 1

    def healthy(self) -> None:
        """Users are on one complete release, its checks pass, and no operation or lease is left."""
        head = self.project.head()
        assert head["lease"] is None
        assert head["operation"] is None
        assert {self.project.live() for _ in range(3)} == {(head["live"], head["live"])}
        assert "checks passed" in self.project.kanmon("smoke").check().output

    def _target(self) -> str:
        """Where a rollback goes."""
        return str(re.findall(r"rollback +to (r\d+)", self.project.kanmon("status").check().output)[0])

    def _environment(self, slot: str, language: str) -> dict[str, str]:
        programs = (REPOSITORY / "tests/guides/programs", REPOSITORY / ".venv/bin")
        return {
            **self.project.environment,
            "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            "AWS_DEFAULT_REGION": self.project.environment["AWS_REGION"],
            "LANG": "C.UTF-8",
            "KANMON_LANG": language,
            "COLUMNS": "200",
            "NO_COLOR": "1",
            "PREFIX": self.prefix,
            "SLOT": slot,
            "SLACK_WEBHOOK": self.slack.webhook,
        }
