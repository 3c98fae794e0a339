"""The app's working copy: a git repository of its own, in which every release is real commits."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDENTITY = (
    "-c",
    "user.name=Kanmon demo",
    "-c",
    "user.email=demo@kanmon.example",
    "-c",
    "commit.gpgsign=false",
)
LEFT_BEHIND = ("node_modules", "dist", "build", ".cache", "__pycache__", ".mypy_cache", ".pytest_cache")
DOWNLOADED = (".cache", "web/node_modules")
DEADLINE = "30s"
AUTHORITY = "api/ca.pem"
# An audience does not wait for minutes.
QUICKER = {
    r"npm --prefix web ci\b": "npm --prefix web install",
    r"deadline: \w+$": f"deadline: {DEADLINE}",
    r"(percent: \d+, bake:) \w+": r"\1 3s",
    r"^  bake: \w+$": "  bake: 2s",
}


class EditError(RuntimeError):
    """The example no longer has the text that the demo wants to change."""


@dataclass(frozen=True)
class Change:
    """What one release brings: commits made by `make`, told in a sentence."""

    subject: str
    make: Callable[[App], None]


@dataclass(frozen=True)
class App:
    """The reference app, as its team has it on disk."""

    folder: Path

    @classmethod
    def copy(cls, example: Path, folder: Path, database_authority: Path) -> App:
        """A fresh copy with its first commit; only downloaded packages are kept from an earlier one."""
        if folder.exists():
            _clear(folder)
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND), dirs_exist_ok=True)
        app = cls(folder)
        shutil.copyfile(database_authority, folder / AUTHORITY)
        for pattern, text in QUICKER.items():
            app.substitute("kanmon.yml", pattern, text)
        app._git("init", "--quiet", "--initial-branch=main")
        app.commit("Mandala: goals on one page")
        return app

    def apply(self, change: Change) -> str:
        """Make a release's change; the commit that it ends in."""
        change.make(self)
        if self._git("status", "--porcelain"):
            self.commit(change.subject)
        return self.head

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that is there exactly once."""
        path = self.folder / name
        content = path.read_text("utf-8")
        if content.count(old) != 1:
            raise EditError(f"{name} has {old!r} {content.count(old)} times instead of once")
        path.write_text(content.replace(old, new), "utf-8")

    def substitute(self, name: str, pattern: str, text: str) -> None:
        """Replace whatever matches a pattern, which has to be there."""
        path = self.folder / name
        content, times = re.subn(pattern, text, path.read_text("utf-8"), flags=re.MULTILINE)
        if not times:
            raise EditError(f"{name} has nothing like {pattern!r}")
        path.write_text(content, "utf-8")

    def write(self, name: str, content: str) -> None:
        """Write a new file."""
        (self.folder / name).write_text(content, "utf-8")

    def commit(self, subject: str) -> None:
        """Commit everything."""
        self._git("add", "--all")
        self._git(*IDENTITY, "commit", "--quiet", "--no-verify", "--message", subject)

    def revert(self) -> None:
        """Undo the last commit by another one."""
        self._git(*IDENTITY, "revert", "--no-edit", "HEAD")

    @property
    def head(self) -> str:
        """The newest commit."""
        return self._git("rev-parse", "HEAD")

    def subjects(self, since: str) -> list[str]:
        """The subjects of the commits after `since`, oldest first."""
        return self._git("log", "--reverse", "--format=%s", f"{since}..HEAD").splitlines()

    def diff(self, since: str) -> str:
        """What changed after `since`."""
        return self._git("diff", "--unified=1", since, "HEAD")

    def _git(self, *arguments: str) -> str:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        settings |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=settings, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


def _clear(folder: Path) -> None:
    """Remove everything but what was downloaded."""
    kept = [folder / name for name in DOWNLOADED]
    for left in sorted(folder.rglob("*"), reverse=True):
        if any(left.is_relative_to(keep) or keep.is_relative_to(left) for keep in kept):
            continue
        if left.is_dir() and not left.is_symlink():
            left.rmdir()
        else:
            left.unlink()
