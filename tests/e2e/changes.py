"""A team's changes from release to release, good and bad, in the app's build output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.project import Project

_HANDLER = "build/api/mandala/handler.py"
_PAGE = "web/dist/index.html"
_ANSWER = "return app.answer(Request.from_event(event))"
_LIVE_BUG = (
    f"{_ANSWER} if event['requestContext']['stage'] != 'live' "
    "else Response.refusal(ApiError(404, 'lost', 'The live stage has no settings.'))"
)


def visible_change(project: Project, name: str) -> None:
    """The next build has another title."""
    title = re.search(r"<title>.*?</title>", (project.folder / _PAGE).read_text("utf-8"))
    assert title
    project.edit(_PAGE, title[0], f"<title>Mandala {name}</title>")


def break_everywhere(project: Project) -> None:
    """A bug in every answer of the API."""
    project.edit(_HANDLER, _ANSWER, "raise RuntimeError('broken')")


def break_live_only(project: Project) -> None:
    """A bug of the live stage: the candidate's own stage is fine."""
    project.edit(_HANDLER, _ANSWER, _LIVE_BUG)


def repair_live(project: Project) -> None:
    """Take the bug of the live stage out again."""
    project.edit(_HANDLER, _LIVE_BUG, _ANSWER)
