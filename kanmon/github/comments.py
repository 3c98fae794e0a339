"""Keeps one comment of a pull request up to date, instead of adding new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.github.client import github_errors
from kanmon.language import phrase

if TYPE_CHECKING:
    from kanmon.github.client import Client

COMMENT_LIMIT = 65_536
"""The longest comment, in characters."""


def keep_comment(client: Client, pull_request: int, marker: str, body: str) -> None:
    """Write `body` into the comment with `marker` at its beginning. The marker is an invisible HTML comment.

    Only a comment by an app is changed, because anybody can write a comment with the marker.
    Raises GITHUB_DENIED without the permission, as in a run for a fork's pull request.
    https://docs.github.com/en/rest/issues/comments
    """
    with github_errors(phrase("writing the comment"), permission="pull-requests: write"):
        issue = client.repository.get_issue(pull_request)
        for comment in issue.get_comments():
            if comment.body.startswith(marker) and comment.user.type == "Bot":
                comment.edit(f"{marker}\n{body}")
                return
        issue.create_comment(f"{marker}\n{body}")
