"""No command moves production before its gate (CD-3, TRU-4)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanmon.approval.prompt import TerminalApproval
from kanmon.cli.approvals import rollback_approver
from kanmon.cli.context import Context
from kanmon.codes import Code
from kanmon.errors import ExitStatus
from tests.unit.cli.commands.conftest import SHA

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub
    from tests.unit.cli.commands.conftest import App


@pytest.fixture
def unfinished(dead: App, request: pytest.FixtureRequest) -> App:
    """A dead run left an operation open; its lease has expired. This is another run."""
    assert dead.run("plan", "--bundle", dead.build("three"), "--output", "plan.json") is ExitStatus.OK
    dead.cloud.clock.outlast_lease()
    request.getfixturevalue("workflow")
    dead.printed()
    return dead


def _planned(app: App) -> tuple[str, ...]:
    """The options of the job after the plan."""
    digest = json.loads((app.folder / "plan.json").read_text("utf-8"))["digest"]
    return ("--plan", "plan.json", "--digest", digest)


def _approve(github: LocalGithub) -> None:
    [run] = github.repository.runs
    github.begin_job(run, 1, "deploy", "test", runner="runner-1")
    github.review(run, "test", "taro")


MOVES = pytest.mark.parametrize(
    "command",
    [
        ("deploy",),
        ("recover",),
        ("recover", "--wait"),
        ("recover", "--undo"),
    ],
    ids=" ".join,
)


@MOVES
def test_without_an_approval_nothing_moves(unfinished: App, command: tuple[str, ...]) -> None:
    """As in a job that an administrator let through: it may not end what another run began (TRU-4)."""
    before = unfinished.cloud.state
    given = _planned(unfinished) if command == ("deploy",) else ()
    assert unfinished.run(*command, *given) is ExitStatus.REFUSED
    assert Code.RUN_NOT_APPROVED.id in unfinished.printed()
    assert unfinished.cloud.state == before


def test_without_an_approval_a_rollback_moves_nothing(app: App, request: pytest.FixtureRequest) -> None:
    """It would end the operation of the dead run first (TRU-4)."""
    app.deploy("one")
    app.deploy("two")
    app.die_deploying("three")
    app.cloud.clock.outlast_lease()
    request.getfixturevalue("workflow")
    before = app.cloud.state
    assert app.run("rollback", "r1", "--confirm", "test") is ExitStatus.REFUSED
    assert Code.RUN_NOT_APPROVED.id in app.printed()
    assert app.cloud.state == before


def test_an_approved_run_ends_the_operation_of_a_dead_one(unfinished: App, github: LocalGithub) -> None:
    """CD-13"""
    _approve(github)
    assert unfinished.run("recover") is ExitStatus.OK
    assert unfinished.cloud.ledger.head().operation is None
    assert unfinished.cloud.ledger.operations()[-1].decisions[0].approval.by == "taro"


def test_an_approved_deploy_ends_a_dead_operation_first(unfinished: App, github: LocalGithub) -> None:
    """CD-13: one approval is enough for both."""
    _approve(github)
    assert unfinished.run("deploy", *_planned(unfinished)) is ExitStatus.OK
    assert unfinished.cloud.users == ("r3", "r3")


def test_an_approval_for_an_earlier_attempt_moves_nothing(
    unfinished: App, github: LocalGithub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Approved, cancelled in the queue, and let through by an administrator at the second time (TRU-4)."""
    [run] = github.repository.runs
    github.begin_job(run, 1, "deploy", "test", runner="")
    github.review(run, "test", "taro")
    github.repository.runs[run].latest.jobs[0].runner = ""
    github.end_run(run, "cancelled")
    github.begin_run("deploy-production.yml", "push", "hanako", SHA, "main", rerun_of=run)
    github.begin_job(run, 2, "deploy", runner="runner-1")
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "2")
    before = unfinished.cloud.state
    assert unfinished.run("recover") is ExitStatus.REFUSED
    assert Code.APPROVAL_TOO_OLD.id in unfinished.printed()
    assert unfinished.cloud.state == before


@pytest.mark.parametrize("name", ["test", "production"])
def test_a_question_names_its_environment_where_there_are_several(app: App, name: str) -> None:
    """ADP-5: without `--env`, the first one counts."""
    content = json.loads((app.folder / "kanmon.yml").read_text())
    del content["environment"]
    several = content | {"environments": {"test": {}, "production": {}}}
    (app.folder / "kanmon.yml").write_text(json.dumps(several))
    context = Context(app.folder / "kanmon.yml", environment="" if name == "test" else name)
    approver = rollback_approver(context, yes=False)
    assert isinstance(approver, TerminalApproval)
    assert approver.question == f"{name}: Type {{release}} to roll back to it: "
