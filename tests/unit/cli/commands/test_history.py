"""`kanmon history`: every operation, for people and for scripts (CD-11)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanmon.errors import ExitStatus

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
    _, *lines = app.printed().splitlines()
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]


def test_a_line_has_the_result_and_the_reason(app: App) -> None:
    """CD-11"""
    app.run("history")
    line = app.printed().splitlines()[1]
    assert "rolled back" in line
    assert "it hurts" in line


def test_json_has_the_oldest_operation_first(app: App) -> None:
    """CD-11"""
    assert app.run("history", "--json") is ExitStatus.OK
    assert [operation["number"] for operation in json.loads(app.printed())] == [1, 2, 3]
