"""What a team changes from release to release, good and bad, in the app's build output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.project import Project

_HANDLER = "build/api/mandala/handler.py"
_PAGE = "web/dist/index.html"


def visible_change(project: Project, word: str) -> None:
    """The next build has another title."""
    title = re.search(r"<title>.*?</title>", (project.folder / _PAGE).read_text("utf-8"))
    assert title
    project.edit(_PAGE, title[0], f"<title>Mandala {word}</title>")


def break_everywhere(project: Project) -> None:
    """A bug that every answer of the API shows."""
    project.edit(_HANDLER, "return app.answer(Request.from_event(event))", "raise RuntimeError('broken')")


def break_live_only(project: Project) -> None:
    """A bug that depends on the stage: the candidate's own stage is fine, the live one is not."""
    project.edit(
        _HANDLER,
        "return app.answer(Request.from_event(event))",
        "return app.answer(Request.from_event(event)) if event['requestContext']['stage'] != 'live' "
        "else Response.refusal(ApiError(404, 'lost', 'The live stage has no settings.'))",
    )
