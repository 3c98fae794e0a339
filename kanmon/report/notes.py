"""The notes of a GitHub Release: what is in it, and how it came to users (CD-11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.report.templates import render

if TYPE_CHECKING:
    from kanmon.record import Notes


def release_notes(notes: Notes) -> str:
    """The Markdown of a release's notes."""
    return render("notes.md.j2", release=notes.release, attempt=notes.attempt, changes=notes.changes)
