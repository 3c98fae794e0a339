"""An app in a folder, with its account in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.manifest import load_bundle
from kanmon.cli import account as account_module
from kanmon.cli import context as context_module
from kanmon.cli import wiring as wiring_module
from kanmon.cli.main import main
from kanmon.errors import ExitStatus
from tests.fakes.account import FakeAccount
from tests.fakes.app import make_config
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.repository import NAME
from tests.fakes.runs import release
from tests.unit.bundle.project import CODE, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.github.server import LocalGithub
    from tests.fakes.cloud import Cloud

SHA = "a" * 40


@dataclass
class App:
    """An app's folder, in the terminal. Its config is the fakes' one."""

    folder: Path
    cloud: Cloud
    capture: pytest.CaptureFixture[str]
    markers: list[str] = field(default_factory=list)

    def configure(self, **changes: Any) -> None:
        """Write the config, with some keys changed."""
        content = make_config(**changes).model_dump(mode="json", by_alias=True, exclude_defaults=True)
        (self.folder / "kanmon.yml").write_text(json.dumps(content))

    def run(self, *arguments: str) -> ExitStatus:
        """Run a command."""
        return ExitStatus(main(arguments))

    def build(self, version: str) -> str:
        """Write and build a version of the app. Return the bundle's folder."""
        (self.folder / "build/api/shop.py").write_text(f"{CODE}VERSION = {version!r}")
        (self.folder / "web/dist/index.html").write_text(f"<script src=assets/app-1.js></script>{version}")
        assert self.run("build", "--bundle", f"build/{version}") is ExitStatus.OK
        self.printed()
        return f"build/{version}"

    def built(self, version: str) -> tuple[str, ...]:
        """Build a version. Return the options for its bundle and digest, as a workflow gives them."""
        folder = self.build(version)
        return "--bundle", folder, "--bundle-digest", load_bundle(self.folder / folder).manifest.digest

    def deploy(self, version: str) -> None:
        """Build and release a version."""
        assert self.run("deploy", "--yes", "--bundle", self.build(version)) is ExitStatus.OK
        self.printed()

    def die_deploying(self, version: str) -> None:
        """Release a version in a process that dies while it changes the stacks."""
        process = Process()
        release(self.cloud.copy(), version, process=process)
        at = process.calls.index("stacks.execute") + 1
        with pytest.raises(ProcessDied):
            release(self.cloud, version, process=Process(at, Blow.DEATH_AFTER))

    def printed(self) -> str:
        """The output since the last call."""
        return self.capture.readouterr().out

    def refusal(self, *arguments: str) -> str:
        """Run a command. It must be refused. Return its message."""
        self.capture.readouterr()
        assert self.run(*arguments) is ExitStatus.REFUSED
        return self.capture.readouterr().err

    @property
    def untouched(self) -> bool:
        """Whether AWS has nothing of the app."""
        nothing = not self.cloud.s3.writes and not self.cloud.stacks.change_sets
        return nothing and not self.cloud.store.writes


@pytest.fixture
def app(
    tmp_path: Path, cloud: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> App:
    made = App(make_project(tmp_path), cloud, capsys)
    made.configure()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_SHA", "c" * 40)
    monkeypatch.setattr(
        context_module, "Aws", lambda region: SimpleNamespace(region=region, account="1" * 12)
    )
    monkeypatch.setattr(account_module, "Account", lambda config, _: FakeAccount(cloud, config, made.markers))
    monkeypatch.setattr(wiring_module, "services_of", lambda _, warn, __: cloud.services(warn=warn))
    return made


@pytest.fixture
def step_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The process is a step of a workflow run. Return the file of its outputs."""
    output = tmp_path / "GITHUB_OUTPUT"
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"}.items():
        monkeypatch.setenv(name, value)
    return output


@pytest.fixture
def workflow(app: App, github: LocalGithub, step_file: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    """The app in a run of its repository, with a token. The environment has the reviewer taro."""
    del step_file
    github.commit(SHA, "Add goals", "hanako")
    github.protect("test", ["taro"], prevent_self_review=True, branches=["main"])
    run = github.begin_run("deploy-production.yml", "push", "hanako", SHA, "main")
    given = {
        "GITHUB_REPOSITORY": NAME,
        "GITHUB_API_URL": github.url,
        "GITHUB_TOKEN": github.token({"actions": "write", "contents": "read"}),
        "GITHUB_RUN_ID": str(run),
        "GITHUB_ACTOR": "hanako",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": SHA,
        "RUNNER_NAME": "runner-1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    # A busy machine may need longer than a cancelled job has.
    monkeypatch.setattr("kanmon.report.feed._LAST_SHOW", 60.0)
    return app


@pytest.fixture
def dead(app: App) -> App:
    """The release `r1` is live. A run died while it changed the stacks of `r2`."""
    app.deploy("one")
    app.die_deploying("two")
    return app
