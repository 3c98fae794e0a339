"""`kanmon history`: every operation, for people and for scripts (CD-11)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanmon.errors import ExitStatus
from tests.fakes.foreign import invisible

if TYPE_CHECKING:
    from tests.unit.cli.commands.conftest import App


@pytest.fixture
def app(app: App) -> App:
    """The app with two releases, and a rollback to the first one."""
    app.deploy("one")
    app.deploy("two")
    app.run("rollback", "--yes", "--reason", "it hurts")
    app.printed()
    return app


def test_the_newest_operation_is_the_first_line(app: App) -> None:
    """CD-11"""
    assert app.run("history") is ExitStatus.OK
    _, *lines, kept = app.printed().splitlines()
    assert [line.split()[0] for line in lines if line[0] != " "] == ["3", "2", "1"]
    assert kept == "kept for a rollback: r2"


def test_no_rollback_returns_to_the_live_release(app: App) -> None:
    """CD-9: the history and the status name the same releases."""
    app.run("status")
    assert "rollback  only to a named release: r2. No stable release was live before r1.\n" in app.printed()
    app.run("rollback", "r2", "--yes", "--reason", "it was right")
    app.printed()
    app.run("status")
    assert "rollback  to r1\n" in app.printed()
    app.run("history")
    assert app.printed().endswith("kept for a rollback: r1\n")


def test_json_keeps_every_character(app: App) -> None:
    """A script gets exact data, and JSON's own escapes hold it off the terminal (TRU-5)."""
    reason = "[/]\x1b]52;c;eA==\x07\nr9 is live\u202e"
    app.run("rollback", "r2", "--yes", "--reason", reason)
    app.printed()
    app.run("history", "--json")
    printed = app.printed()
    assert json.loads(printed)[-1]["reason"] == reason
    assert printed.isascii()
    assert not invisible(printed)


def test_a_reason_does_nothing_on_the_terminal(app: App) -> None:
    """An administrator looks at what a collaborator wrote (TRU-5)."""
    app.run("rollback", "r2", "--yes", "--reason", "[/]\x1b]52;c;eA==\x07\x1b[2J\nr9 is live\u202e")
    app.printed()
    assert app.run("history") is ExitStatus.OK
    assert app.run("status") is ExitStatus.OK
    printed = app.printed()
    assert not invisible(printed)
    assert not any(line.startswith("r9") for line in printed.splitlines())


def test_a_line_has_the_result_and_the_reason(app: App) -> None:
    """CD-11"""
    app.run("history")
    _, line, reason, *_ = app.printed().splitlines()
    assert "rolled back" in line
    assert reason == "    it hurts"


def test_json_has_the_oldest_operation_first(app: App) -> None:
    """CD-11"""
    assert app.run("history", "--json") is ExitStatus.OK
    assert [operation["number"] for operation in json.loads(app.printed())] == [1, 2, 3]


@pytest.mark.parametrize("planted", ["deployed/r7.json", "operations/000002.json"])
def test_an_unreadable_record_is_left_out_and_named(app: App, planted: str) -> None:
    """TRU-1, CD-11"""
    app.cloud.store.objects[planted] = b"{}"
    assert app.run("history") is ExitStatus.OK
    printed = app.capture.readouterr()
    lines = [line for line in printed.out.splitlines() if line[0] in "123"]
    assert len(lines) == 2 + (planted == "deployed/r7.json")
    assert printed.err.count(f"{planted} is left out") == 1


def test_planted_records_do_not_stop_a_release(app: App) -> None:
    """TRU-1: the plan role can write them."""
    for name in ("r3", "r999999999", "r9999999999"):
        app.cloud.store.objects[f"releases/{name}.json"] = b"{}"
    bundle = app.build("three")
    assert app.run("deploy", "--yes", "--lift-freeze", "it is repaired", "--bundle", bundle) is ExitStatus.OK
    app.printed()
    assert app.cloud.ledger.head().live == "r4"
    for command in ("history", "status"):
        assert app.run(command) is ExitStatus.OK


def test_json_has_no_token_of_a_preview(app: App) -> None:
    """TRU-2: a workflow's log may be public."""
    app.run("history", "--json")
    assert not [operation for operation in json.loads(app.printed()) if "previews" in operation]
