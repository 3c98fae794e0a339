"""What a start may cost: which libraries it comes to, and that AWS is asked before they are loaded."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from kanmon.aws import Aws
from kanmon.cli.arguments import COMMANDS
from kanmon.cli.main import main
from kanmon.cli.wiring import Account
from kanmon.errors import ExitStatus
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

SEEN_LATER = {"pydantic", "rich", "ruamel", "actions_toolkit"}
"""What is loaded while AWS answers."""
RARELY_NEEDED = {
    "boto3",
    "s3transfer",
    "jinja2",
    "github",
    "requests",
    "slack_sdk",
    "junitparser",
    "defusedxml",
}
"""What only some commands come to, and those not before they need it."""
SHOW = "import sys, json; json.dump(sorted(sys.modules), sys.stdout)"


def loaded(*modules: str) -> set[str]:
    """All that a fresh interpreter has loaded after it imported these."""
    code = f"import {', '.join(modules)}; {SHOW}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names: list[str] = json.loads(done.stdout)
    return {*names, *(name.partition(".")[0] for name in names)}


def test_aws_can_be_asked_before_anything_else_is_loaded() -> None:
    assert loaded("kanmon.cli", "kanmon.aws") & (SEEN_LATER | RARELY_NEEDED) == set()


def test_a_command_loads_nothing_that_only_another_needs() -> None:
    assert loaded("kanmon.cli.commands", "kanmon.report.workflow") & RARELY_NEEDED == set()


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is a step of a job that has AWS's credentials."""
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened, in order."""
    happened: list[str] = []

    def run(arguments: Any, _: object, early: Aws | None) -> ExitStatus:
        happened.append(f"{arguments.command} with {early.region if early else 'nothing'}")
        return ExitStatus.OK

    monkeypatch.setattr("kanmon.aws.Aws.ask_account", lambda aws: happened.append(f"asked in {aws.region}"))
    monkeypatch.setattr("kanmon.cli.commands.run", run)
    return happened


@pytest.mark.usefixtures("workflow")
@pytest.mark.parametrize("command", COMMANDS)
def test_aws_is_asked_first_by_the_commands_that_need_it(command: str, asked: list[str]) -> None:
    assert main([command]) == ExitStatus.OK
    local = command in {"build", "test", "render", "gate"}
    early = ["asked in eu-west-1", f"{command} with eu-west-1"]
    assert asked == ([f"{command} with nothing"] if local else early)


@pytest.mark.usefixtures("workflow")
@pytest.mark.parametrize("missing", ["AWS_REGION", "GITHUB_ACTIONS"])
def test_without_a_region_or_at_a_terminal_the_config_comes_first(
    missing: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    assert main(["status"]) == ExitStatus.OK
    assert asked == ["status with nothing"]


@mock_aws
def test_only_the_configs_region_counts() -> None:
    """INF-9: the environment's region is a guess."""
    config = make_config()
    right, wrong = Aws(config.region), Aws("eu-west-1")
    assert Account(config, right).aws is right
    assert Account(config, wrong).aws.region == config.region
    assert Account(config).aws.region == config.region


@pytest.mark.usefixtures("workflow")
def test_a_wrong_config_is_told_without_waiting_for_aws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanmon.aws.Aws.ask_account", lambda _: None)
    (tmp_path / "kanmon.yml").write_text("app: 7\n")
    assert main(["status", "--config", str(tmp_path / "kanmon.yml")]) == ExitStatus.REFUSED
    assert "::error title=Kanmon KNM-10" in capsys.readouterr().out


def test_garbage_is_looked_for_again_when_all_is_loaded(asked: list[str]) -> None:
    main(["status"])
    assert asked
    assert gc.isenabled()
