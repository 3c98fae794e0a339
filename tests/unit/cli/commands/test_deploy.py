"""`kanmon deploy`: releases an approved plan, and its exit status shows the result (CD-2, CD-3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from kanmon.release.plan import read_plan
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import release

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.github.server import LocalGithub
    from tests.unit.cli.commands.conftest import App


def _planned(app: App, version: str = "one") -> str:
    """Plan a version. Return the digest of `plan.json`."""
    assert app.run("plan", *app.built(version), "--output", "plan.json") is ExitStatus.OK
    app.printed()
    return read_plan(app.folder / "plan.json").digest


def test_a_release_becomes_live(app: App) -> None:
    """CD-2"""
    assert app.run("deploy", "--yes", "--bundle", app.build("one")) is ExitStatus.OK
    assert app.cloud.users == ("r1", "r1")
    assert "r1: stable" in app.printed()


def test_a_release_puts_a_marker(app: App) -> None:
    """MON-1"""
    app.deploy("one")
    assert app.markers == ["Releases"]


def test_the_reason_is_in_the_history(app: App) -> None:
    """CD-11"""
    assert app.run("deploy", "--yes", "--bundle", app.build("one"), "--reason", "launch") is ExitStatus.OK
    [operation] = app.cloud.ledger.operations()
    assert operation.reason == "launch"


def test_nobody_to_ask_is_no_approval(app: App) -> None:
    """CD-3"""
    message = app.refusal("deploy", "--bundle", app.build("one"))
    assert message.startswith(f"{Code.NOT_APPROVED.id} ")
    assert app.cloud.stacks.executed == []


@pytest.mark.parametrize(("answer", "live"), [("y", "r1"), ("n", None)])
def test_the_answer_at_the_terminal_decides(
    app: App, monkeypatch: pytest.MonkeyPatch, answer: str, live: str | None
) -> None:
    """CD-3"""
    bundle = app.build("one")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda *_: answer)
    app.run("deploy", "--bundle", bundle)
    assert app.cloud.ledger.head().live == live


def test_in_a_workflow_yes_approves_nothing(app: App, step_file: Path) -> None:
    """CD-3"""
    del step_file
    assert app.run("deploy", "--yes", *app.built("one")) is ExitStatus.REFUSED
    assert "KNM-901: --yes has no effect in a workflow" in app.printed()
    assert app.cloud.stacks.executed == []


def test_a_given_plan_is_carried_out(app: App) -> None:
    """CD-4"""
    digest = _planned(app)
    assert app.run("deploy", "--yes", "--plan", "plan.json", "--digest", digest) is ExitStatus.OK
    assert app.cloud.users == ("r1", "r1")


def test_another_plan_than_the_approved_one_is_refused(app: App) -> None:
    """CD-4"""
    _planned(app)
    message = app.refusal("deploy", "--yes", "--plan", "plan.json", "--digest", "0" * 64)
    assert message.startswith(f"{Code.PLAN_ALTERED.id} ")
    assert app.cloud.stacks.executed == []


def test_a_plan_of_another_bundle_than_the_named_one_is_refused(app: App) -> None:
    """TRU-1"""
    digest = _planned(app)
    given = ("--yes", "--plan", "plan.json", "--digest", digest, "--bundle-digest", "0" * 64)
    assert app.refusal("deploy", *given).startswith(f"{Code.PLAN_ALTERED.id} ")
    assert app.cloud.stacks.executed == []


def test_the_digest_of_a_plan_needs_the_plan(app: App) -> None:
    """TRU-1: a new plan is not the approved one."""
    digest = _planned(app)
    message = app.refusal("deploy", "--yes", "--bundle", app.build("one"), "--digest", digest)
    assert message.startswith(f"{Code.USAGE.id} ")
    assert "--plan FILE" in message
    assert app.cloud.stacks.executed == []


def test_an_altered_plan_file_is_refused(app: App) -> None:
    """CD-4"""
    _planned(app)
    content = json.loads((app.folder / "plan.json").read_text())
    content["plan"]["commit"] = "d" * 40
    (app.folder / "plan.json").write_text(json.dumps(content))
    assert app.refusal("deploy", "--yes", "--plan", "plan.json").startswith(f"{Code.PLAN_ALTERED.id} ")
    assert app.cloud.stacks.executed == []


def test_another_bundle_than_the_built_one_is_refused(app: App) -> None:
    """CD-6"""
    bundle = app.build("one")
    message = app.refusal("deploy", "--yes", "--bundle", bundle, "--bundle-digest", "0" * 64)
    assert message.startswith(f"{Code.BUNDLE_DAMAGED.id} ")
    assert app.untouched


def test_a_failed_release_fails_the_command(app: App) -> None:
    """CD-7"""
    app.deploy("one")
    app.cloud.faulty.add(("r2", "live"))
    assert app.run("deploy", "--yes", "--bundle", app.build("two")) is ExitStatus.FAILED
    assert app.cloud.users == ("r1", "r1")
    assert app.markers == ["Releases", "Rollbacks"]


def test_a_held_release_has_a_status_of_its_own(app: App) -> None:
    """CD-7: a person has to decide."""
    app.deploy("one")
    app.cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    assert app.run("deploy", "--yes", "--bundle", app.build("two")) is ExitStatus.HELD


def test_a_frozen_environment_needs_a_reason(app: App) -> None:
    """CD-10"""
    app.deploy("one")
    app.deploy("two")
    assert app.run("rollback", "--yes") is ExitStatus.OK
    bundle = app.build("three")
    assert app.refusal("deploy", "--yes", "--bundle", bundle).startswith(f"{Code.FROZEN.id} ")
    assert app.cloud.ledger.release("r3") is None
    assert app.run("deploy", "--yes", "--bundle", bundle, "--lift-freeze", "fixed") is ExitStatus.OK
    assert app.cloud.users == ("r3", "r3")


def test_a_dead_runs_release_is_undone_first(app: App) -> None:
    """CD-13"""
    app.deploy("one")
    process = Process()
    release(app.cloud.copy(), "two", process=process)
    at = process.calls.index("stacks.execute") + 1
    with pytest.raises(ProcessDied):
        release(app.cloud, "two", process=Process(at, Blow.DEATH_AFTER))
    app.cloud.clock.outlast_lease()
    assert app.run("deploy", "--yes", "--bundle", app.build("three")) is ExitStatus.OK
    assert "r2: aborted" in app.printed()
    assert app.cloud.users == ("r3", "r3")


def test_a_step_gives_its_error_to_later_steps(app: App, step_file: Path) -> None:
    digest = _planned(app)
    assert app.run("deploy", "--plan", "plan.json", "--digest", digest) is ExitStatus.REFUSED
    assert Code.GITHUB_MISSING.id in step_file.read_text()


def test_a_workflow_must_give_the_bundles_digest(app: App, step_file: Path) -> None:
    """TRU-1: an output that GitHub dropped comes as an empty input, and that is none."""
    assert app.run("deploy", "--bundle", app.build("one")) is ExitStatus.REFUSED
    assert "KNM-125: `bundle-digest` is empty." in step_file.read_text()
    assert app.untouched


def test_a_workflow_must_give_the_plans_digest(app: App, step_file: Path) -> None:
    """TRU-1"""
    _planned(app)
    assert app.run("deploy", "--plan", "plan.json") is ExitStatus.REFUSED
    assert "KNM-125: `digest` is empty." in step_file.read_text()
    assert app.cloud.stacks.executed == []


TROUBLE = {
    "a denied deployment": ("POST", "/deployments", 403, "Resource not accessible by integration"),
    "a denied list": ("GET", "/deployments", 403, "Resource not accessible by integration"),
    "a failing status": ("POST", r"/deployments/\d+/statuses", 502, "Bad Gateway"),
    "too many calls": ("GET", "/deployments", 429, "You have exceeded a secondary rate limit."),
    "a former name": ("POST", "/deployments", 307, "Temporary Redirect"),
}


@pytest.mark.parametrize(("method", "path", "status", "message"), TROUBLE.values(), ids=TROUBLE)
def test_a_deployment_that_github_refuses_stops_no_release(
    workflow: App,
    github: LocalGithub,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    status: int,
    message: str,
) -> None:
    """CD-11: only the reads of the rules and the approval may refuse."""
    permissions = {"actions": "read", "contents": "read", "deployments": "write"}
    monkeypatch.setenv("GITHUB_TOKEN", github.token(permissions))
    [run] = github.repository.runs
    github.begin_job(run, 1, "deploy", "test", runner="runner-1", deployment=False)
    github.review(run, "test", "taro")
    github.fail(method, path, status, message)
    assert workflow.run("deploy", *workflow.built("one")) is ExitStatus.OK
    assert workflow.cloud.users == ("r1", "r1")
    assert "::warning title=Kanmon KNM-60" in workflow.printed()


def test_a_dry_run_releases_nothing(app: App) -> None:
    """CD-4"""
    assert app.run("deploy", "--dry-run", "--bundle", app.build("one")) is ExitStatus.OK
    assert app.cloud.users == (None, None)
    assert app.cloud.ledger.operations() == []
    assert "1. ask for approval of the plan" in app.printed()


def test_a_plan_of_another_environment_is_refused(app: App) -> None:
    """ADP-5: ids, bundle and base may be the same in both."""
    app.configure(environment="other")
    assert app.run("plan", "--output", "plan.json", *app.built("one")) is ExitStatus.OK
    app.configure()
    message = app.refusal("deploy", "--yes", "--plan", "plan.json")
    assert "KNM-303" in message
    assert "for shop in other, not for shop-test" in message


def test_checks_change_between_two_releases_of_one_bundle(app: App) -> None:
    """ADP-5: no build, and the plan names the keys."""
    app.deploy("one")
    app.configure(checks=[{"name": "page", "path": "/"}])
    assert app.run("deploy", "--yes", "--bundle", "build/one") is ExitStatus.OK
    printed = app.printed()
    assert "config: checks changed" in printed
    assert "Plan for r2" in printed
