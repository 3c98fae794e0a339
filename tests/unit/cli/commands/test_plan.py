"""`kanmon plan`: shows and keeps a plan. Bad input is refused before AWS has anything (CD-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from kanmon.release.plan import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.unit.cli.commands.conftest import App


def test_a_plan_shows_its_stacks_and_its_digest(app: App) -> None:
    """CD-4"""
    assert app.run("plan", "--bundle", app.build("one"), "--output", "plan.json") is ExitStatus.OK
    printed = app.printed()
    assert "Plan for r1 in test (the first one), commit cccccccccccc, into the blue slot" in printed
    assert f"digest {read_plan(app.folder / 'plan.json').digest}" in printed


def test_a_plan_moves_nobody(app: App) -> None:
    """CD-4"""
    app.deploy("one")
    app.cloud.stacks.executed.clear()
    assert app.run("plan", "--bundle", app.build("two")) is ExitStatus.OK
    assert app.cloud.stacks.executed == []
    assert app.cloud.users == ("r1", "r1")


def test_the_plan_file_may_lie_in_a_new_folder(app: App) -> None:
    assert app.run("plan", "--bundle", app.build("one"), "--output", "out/new/plan.json") is ExitStatus.OK
    assert read_plan(app.folder / "out/new/plan.json").release == "r1"


def test_the_plan_file_is_written_when_nobody_reads_the_output(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CD-4: as with `kanmon plan --output plan.json | head -0`. The bundle's notice is output, too."""

    def closed(*_: object, **__: object) -> None:
        raise BrokenPipeError

    bundle = app.build("one")
    monkeypatch.setenv("GITHUB_SHA", "d" * 40)
    monkeypatch.setattr("kanmon.report.console.Screen.print", closed)
    assert app.run("plan", "--bundle", bundle, "--output", "plan.json") is ExitStatus.FAILED
    assert read_plan(app.folder / "plan.json").release == "r1"


def test_a_folder_in_place_of_the_plan_file_is_refused_first(app: App) -> None:
    """CD-4: no upload and no change set before."""
    (app.folder / "out").mkdir()
    message = app.refusal("plan", "--bundle", app.build("one"), "--output", "out")
    assert message.startswith(f"{Code.FILE_REFUSED.id} Is a folder, not a file.")
    assert app.untouched


def test_a_live_bundle_has_nothing_to_change(app: App) -> None:
    app.deploy("one")
    assert app.run("plan", "--bundle", "build/one") is ExitStatus.OK
    assert "r1 is live already; there is nothing to change." in app.printed()


def test_a_bundle_of_another_commit_is_shown(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-6: a forgotten build is no success."""
    monkeypatch.setenv("GITHUB_SHA", "a" * 40)
    app.deploy("one")
    assert app.run("plan", "--bundle", "build/one") is ExitStatus.OK
    assert "The bundle is of commit" not in app.printed()
    monkeypatch.setenv("GITHUB_SHA", "b" * 40)
    assert app.run("plan", "--bundle", "build/one") is ExitStatus.OK
    assert "The bundle is of commit aaaaaaaaaaaa, and this folder is at bbbbbbbbbbbb." in app.printed()


def test_a_missing_bundle_is_refused(app: App) -> None:
    """CD-6"""
    assert app.refusal("plan").startswith(f"{Code.BUNDLE_MISSING.id} ")
    assert app.untouched


def test_another_bundle_than_the_built_one_is_refused(app: App) -> None:
    """CD-6: the digest comes from the build."""
    bundle = app.build("one")
    message = app.refusal("plan", "--bundle", bundle, "--bundle-digest", "0" * 64)
    assert message.startswith(f"{Code.BUNDLE_DAMAGED.id} ")
    assert app.untouched


def test_a_bundle_of_another_config_is_refused(app: App) -> None:
    bundle = app.build("one")
    app.configure(web={"directory": "web/dist", "routes": "files"})
    message = app.refusal("plan", "--bundle", bundle)
    assert "`web.routes` changed since the bundle was built." in message
    assert "Run `kanmon build` again." in message
    assert app.untouched


def test_a_frozen_environment_is_refused(app: App) -> None:
    """CD-10"""
    app.deploy("one")
    app.deploy("two")
    assert app.run("rollback", "--yes") is ExitStatus.OK
    bundle = app.build("three")
    assert app.refusal("plan", "--bundle", bundle).startswith(f"{Code.FROZEN.id} ")
    assert app.cloud.ledger.release("r3") is None


def test_a_reason_lifts_the_freeze(app: App) -> None:
    """CD-10"""
    app.deploy("one")
    app.deploy("two")
    assert app.run("rollback", "--yes") is ExitStatus.OK
    assert app.run("plan", "--bundle", app.build("three"), "--lift-freeze", "fixed") is ExitStatus.OK
    assert "Plan for r3" in app.printed()


def test_a_step_gives_the_plans_digest_to_later_steps(app: App, step_file: Path) -> None:
    """CD-4"""
    assert app.run("plan", *app.built("one"), "--output", "plan.json") is ExitStatus.OK
    assert read_plan(app.folder / "plan.json").digest in step_file.read_text()


def test_a_workflow_must_give_the_bundles_digest(app: App, step_file: Path) -> None:
    """TRU-1: an output that GitHub dropped comes as an empty text."""
    assert app.run("plan", "--bundle", app.build("one")) is ExitStatus.REFUSED
    assert "KNM-125: `bundle-digest` is empty." in step_file.read_text()
    assert app.untouched


def test_a_plan_for_the_docker_action_is_refused_first(
    app: App, step_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CD-4, CD-7: the team's own tests could not run there, so nobody shall review the plan."""
    app.configure(verify={"image": f"e2e@sha256:{'a' * 64}", "commands": ["npm test"]})
    bundle = app.built("one")
    folder = app.folder / ".github/workflows"
    folder.mkdir(parents=True)
    step = f"{{uses: kanmon-dev/kanmon/actions/deploy@{'a' * 40}}}"
    (folder / "release.yml").write_text(f"jobs: {{deploy: {{steps: [{step}]}}}}")
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "acme/shop/.github/workflows/release.yml@refs/heads/main")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(app.folder))
    assert app.run("plan", *bundle) is ExitStatus.REFUSED
    assert "KNM-508: The step that deploys is the Docker action." in step_file.read_text()
    assert app.untouched
    monkeypatch.delenv("GITHUB_WORKFLOW_REF")
    assert app.run("plan", *bundle) is ExitStatus.OK
