"""The released app: the reference app, small and cheap, with good and bad changes."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from demo.app import LEFT_BEHIND, App
from embedded.process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME, ENVIRONMENT = "kanmon-verify", "aws"
"""The app's name, which no team has, and its environment."""
PREFIX = f"{NAME}-{ENVIRONMENT}"
LEAVING_TAG = "leaves-with-the-second-release"
SNAPSHOTS = 2
LOG_DAYS = 1
"""How many the config keeps."""
PACKAGES = REPOSITORY / "build" / "packages"
_HANDLER = "build/api/mandala/handler.py"
_PAGE = "web/dist/index.html"
_ANSWER = "return app.answer(Request.from_event(event))"
_LIVE_BUG = (
    "if event['path'] == '/api/health' and event['requestContext']['stage'] == 'live':\n"
    "            raise ApiError(500, 'lost', 'The stage live has no settings.')\n"
    f"        {_ANSWER}"
)
# Repository 1 of GitHub has another name: no job anywhere gets the roles.
_GITHUB = {"repository": f"{NAME}/nobody", "repository_id": 1, "owner_id": 1}


@dataclass(frozen=True)
class Sample:
    """A working copy of the reference app. After its first build, changes are made in the built files."""

    app: App

    @classmethod
    def copy(
        cls, folder: Path, region: str, *, bake: str, existing_provider: bool, packages: Path = PACKAGES
    ) -> Sample:
        """The copy in a folder. One that is there stays as it is."""
        if folder.exists():
            return cls(App(folder))
        # An interrupted copy must not be taken for a whole one: it would have another app's name.
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        example = REPOSITORY / "examples" / "mandala"
        shutil.copytree(example, fresh, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        for cached in (".cache", "web"):
            shutil.copytree(
                packages / cached, fresh / cached, symlinks=True, dirs_exist_ok=True, copy_function=_link
            )
        github = {**_GITHUB, "existing_provider": existing_provider}
        cls(App(fresh)).configure(lambda config: _adapt(config, region, bake, github))
        fresh.rename(folder)
        return cls(App(folder))

    def configure(self, change: Callable[[Any], object]) -> None:
        """Change the config."""
        yaml, written = YAML(), StringIO()
        config = yaml.load(self.app.read("kanmon.yml"))
        change(config)
        yaml.dump(config, written)
        self.app.write("kanmon.yml", written.getvalue())

    def stop_building(self) -> None:
        """Later releases change the built files: a bundle is packed from these."""
        self.configure(lambda config: config["build"].update(commands=[]))

    def show(self, title: str) -> None:
        """Another title, for everybody to see."""
        self.app.substitute(_PAGE, r"<title>.*?</title>", f"<title>Mandala {title}</title>")

    def drop_tag(self) -> None:
        """One tag less on everything."""
        self.configure(lambda config: config["tags"].pop(LEAVING_TAG, None))

    def break_everywhere(self) -> None:
        """A bug that the candidate's checks find."""
        self._break("raise RuntimeError('broken')")

    def break_live(self) -> None:
        """A bug that only the stage `live` has."""
        self._break(_LIVE_BUG)

    def repair(self) -> None:
        """Take any bug out."""
        text = self.app.read(_HANDLER)
        for bug in ("raise RuntimeError('broken')", _LIVE_BUG):
            text = text.replace(bug, _ANSWER)
        self.app.write(_HANDLER, text)

    def _break(self, bug: str) -> None:
        self.repair()
        self.app.edit(_HANDLER, _ANSWER, bug)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        # The folder lies on another disk.
        shutil.copy2(source, target)


def _adapt(config: Any, region: str, bake: str, github: dict[str, object]) -> None:
    config.update(app=NAME, environment=ENVIRONMENT, region=region, github=github, logs={"days": LOG_DAYS})
    config["tags"] = {LEAVING_TAG: "true"}
    config["database"].update(capacity={"min": 0.5, "max": 1}, backup_days=1, snapshots=SNAPSHOTS)
    config["traffic"].update(steps=[{"percent": 10, "bake": bake}], bake=bake)
    # The packages are there, from the cache.
    config["build"]["commands"] = [one for one in config["build"]["commands"] if " ci " not in one]
    del config["test"]
