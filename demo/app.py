"""The app's working copy: a git repository of its own. Every release is made of real commits."""

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
AUTHORITY = "api/ca.pem"
WORKFLOWS = ".github/workflows"
FIRST_COMMIT = "Mandala: goals on one page"
SECRET = "mandala/slack"
SLACK = f"""
notifications:
  channels: {{slack: {SECRET}}}
"""
# Nobody has a key: each job takes a role by its identity.
GITHUB = """
github:
  repository: {name}
  repository_id: {id}
  owner_id: {owner}
  workflows:
    - kanmon-dev/kanmon/.github/workflows/release.yml
    - kanmon-dev/kanmon/.github/workflows/rollback.yml
"""
PACKAGES = "APP_PACKAGES"
# An audience does not wait for minutes: packages come from a cache, made by set-up, and both suites run
# at once.
QUICKER = {
    r"npm --prefix web ci\b.*$": f'cp -al "${PACKAGES}"/{{.cache,web}} .',
    r"^    - npm --prefix web run check\n": "",
    r"^(    - npm --prefix web test .*)\n    - (python3 -m coverage run .*)$": r"\1 & \2; wait",
    r"(percent: \d+, bake:) \w+": r"\1 1s",
    r"^  bake: \w+$": "  bake: 1s",
}


class EditError(RuntimeError):
    """The example no longer has the demo's text."""


@dataclass(frozen=True)
class Change:
    """The change of one release: a subject, and `make` makes its commits."""

    subject: str
    make: Callable[[App], None]


@dataclass(frozen=True)
class App:
    """The reference app, as its team has it on disk."""

    folder: Path

    @classmethod
    def copy(
        cls, example: Path, workflows: Path, folder: Path, database_authority: Path, **github: str | int
    ) -> App:
        """A fresh copy, with the workflow files for teams, and its first commit.

        `github` has the repository's `name` and `id`, and the `owner`'s id.
        """
        shutil.copytree(example, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        shutil.copytree(workflows, folder / WORKFLOWS)
        app = cls(folder)
        shutil.copyfile(database_authority, folder / AUTHORITY)
        app.write("kanmon.yml", app.read("kanmon.yml") + SLACK + GITHUB.format(**github))
        for pattern, text in QUICKER.items():
            app.substitute("kanmon.yml", pattern, text)
        app._git("init", "--quiet", "--initial-branch=main")
        app.commit(FIRST_COMMIT)
        return app

    def apply(self, change: Change) -> str:
        """Make a release's change; returns the last commit."""
        change.make(self)
        if self._git("status", "--porcelain"):
            self.commit(change.subject)
        return self.head

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text; it must be there exactly once."""
        content = self.read(name)
        if content.count(old) != 1:
            raise EditError(f"{name} has {old!r} {content.count(old)} times instead of once")
        self.write(name, content.replace(old, new))

    def substitute(self, name: str, pattern: str, text: str) -> None:
        """Replace all matches of a pattern; there must be one."""
        content, times = re.subn(pattern, text, self.read(name), flags=re.MULTILINE)
        if not times:
            raise EditError(f"{name} has nothing like {pattern!r}")
        self.write(name, content)

    def read(self, name: str) -> str:
        """A file's text."""
        return (self.folder / name).read_text("utf-8")

    def write(self, name: str, content: str) -> None:
        """Write a file."""
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
        """The difference since `since`."""
        return self._git("diff", "--unified=1", since, "HEAD")

    def _git(self, *arguments: str) -> str:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        settings |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=settings, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()
