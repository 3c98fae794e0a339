"""`kanmon abort`: see also `test_promote.py`, with what both commands have in common (CD-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code

if TYPE_CHECKING:
    from tests.unit.cli.commands.conftest import App


def test_without_a_run_there_is_nothing_to_abort(app: App) -> None:
    app.deploy("one")
    message = app.refusal("abort", "--yes")
    assert message.startswith(f"{Code.NOTHING_RUNS.id} ")
    assert "`kanmon rollback`" in message
