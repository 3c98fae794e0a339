"""One comment of a pull request, kept up to date instead of written again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.github.client import explained

if TYPE_CHECKING:
    from kanmon.github.client import Client

COMMENT_LIMIT = 65_536
"""Characters that a comment may have."""


def keep_comment(client: Client, pull_request: int, marker: str, body: str) -> None:
    """Make `body` the comment that begins with `marker`, an HTML comment that nobody sees.

    Only a comment that an app wrote is changed: anybody can write one that begins with the marker.
    Raises GITHUB_DENIED without the permission, as in a run for a fork's pull request.
    https://docs.github.com/en/rest/issues/comments
    """
    with explained("writing the comment", permission="pull-requests: write"):
        issue = client.repository.get_issue(pull_request)
        for comment in issue.get_comments():
            if comment.body.startswith(marker) and comment.user.type == "Bot":
                comment.edit(f"{marker}\n{body}")
                return
        issue.create_comment(f"{marker}\n{body}")
