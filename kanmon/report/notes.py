"""The notes of a GitHub Release: its content, and its way to users (CD-11)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.report.markdown import render_markdown

if TYPE_CHECKING:
    from kanmon.github.commits import Changes
    from kanmon.ledger.records import Operation, Release


@dataclass(frozen=True)
class Notes:
    """The facts in a release's notes."""

    release: Release
    operation: Operation
    """The operation. With it the release became stable."""
    changes: Changes


def release_notes(notes: Notes) -> str:
    """The Markdown of a release's notes."""
    return render_markdown(
        "notes.md.j2", release=notes.release, operation=notes.operation, changes=notes.changes
    )
