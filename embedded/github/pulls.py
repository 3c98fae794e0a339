"""Pull requests and the comments of their conversations. https://docs.github.com/en/rest/pulls"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .commits import history
from .repositories import node_id, repository_view, user_view
from .routing import Answer, Call, Route, found, listed, newest, stamp
from .state import Comment
from .workflows import now

if TYPE_CHECKING:
    from .state import Pull

_NONE = ("body", "milestone", "assignee", "auto_merge", "mergeable")
_COUNTS = ("review_comments", "additions", "deletions", "changed_files")


def _side(call: Call, owner: str, ref: str, sha: str, *, fork: bool = False) -> dict[str, Any]:
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": user_view(call, owner),
        "repo": repository_view(call, fork_of=owner if fork else ""),
    }


def pull_view(call: Call, pull: Pull) -> dict[str, Any]:
    """A pull request."""
    owner = call.repository.name.split("/")[0]
    api, issue = f"{call.api}/pulls/{pull.number}", f"{call.api}/issues/{pull.number}"
    page = f"{call.page}/pull/{pull.number}"
    links = {
        "comments": f"{issue}/comments",
        "commits": f"{api}/commits",
        "statuses": f"{call.api}/statuses/{pull.head_sha}",
        "issue": issue,
        "review_comments": f"{api}/comments",
        "review_comment": f"{call.api}/pulls/comments{{/number}}",
    }
    commits = [
        commit
        for commit in history(call.repository, call.repository.commits[pull.head_sha])
        if commit not in history(call.repository, call.repository.commits[pull.base_sha])
    ]
    return {
        "id": pull.id,
        "node_id": node_id("PullRequest", pull.id),
        "number": pull.number,
        "url": api,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": link for name, link in links.items()},
        "_links": {name: {"href": link} for name, link in {**links, "self": api, "html": page}.items()},
        "state": "closed" if pull.merged else "open",
        "locked": False,
        "draft": False,
        "title": pull.title,
        "user": user_view(call, pull.author),
        "labels": [],
        "created_at": stamp(pull.created),
        "updated_at": stamp(pull.merged or pull.created),
        "closed_at": stamp(pull.merged),
        "merged_at": stamp(pull.merged),
        "merged": pull.merged is not None,
        "merged_by": user_view(call, pull.merged_by) if pull.merged_by else None,
        "merge_commit_sha": pull.merge_sha,
        "mergeable_state": "unknown",
        "maintainer_can_modify": False,
        "author_association": "NONE" if pull.fork else "MEMBER",
        "head": _side(
            call, pull.author if pull.fork else owner, pull.head_branch, pull.head_sha, fork=pull.fork
        ),
        "base": _side(call, owner, call.repository.default_branch, pull.base_sha),
        "commits": len(commits),
        "comments": sum(comment.issue == pull.number for comment in call.repository.comments.values()),
        **dict.fromkeys(_NONE),
        **dict.fromkeys(_COUNTS, 0),
    }


def get_pull(call: Call) -> Answer:
    """https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request"""
    return Answer(pull_view(call, call.find(call.repository.pulls, "pull_number")))


def list_pulls_of_commit(call: Call) -> Answer:
    """The pull requests with a commit, merged or open.

    https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
    """
    repository, sha = call.repository, found(call.repository.commits.get(call.path["commit_sha"])).sha
    pulls = [
        pull
        for pull in newest(repository.pulls)
        if sha == pull.merge_sha
        or sha
        in {commit.sha for commit in history(repository, repository.commits[pull.head_sha])}
        - {commit.sha for commit in history(repository, repository.commits[pull.base_sha])}
    ]
    return listed(call, pulls, lambda pull: pull_view(call, pull))


def comment_view(call: Call, comment: Comment) -> dict[str, Any]:
    """A comment."""
    return {
        "id": comment.id,
        "node_id": node_id("IssueComment", comment.id),
        "url": f"{call.api}/issues/comments/{comment.id}",
        "html_url": f"{call.page}/pull/{comment.issue}#issuecomment-{comment.id}",
        "issue_url": f"{call.api}/issues/{comment.issue}",
        "user": user_view(call, comment.by),
        "body": comment.body,
        "author_association": "NONE",
        "created_at": stamp(comment.created),
        "updated_at": stamp(comment.updated),
    }


def list_comments(call: Call) -> Answer:
    """The oldest first. https://docs.github.com/en/rest/issues/comments#list-issue-comments"""
    number = call.find(call.repository.pulls, "issue_number").number
    comments = [comment for comment in call.repository.comments.values() if comment.issue == number]
    return listed(call, comments, lambda comment: comment_view(call, comment))


def create_comment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/comments#create-an-issue-comment"""
    number = call.find(call.repository.pulls, "issue_number").number
    comment = Comment(call.state.new_id(), number, call.actor, call.body["body"])
    call.repository.comments[comment.id] = comment
    return Answer(comment_view(call, comment), 201)


def update_comment(call: Call) -> Answer:
    """https://docs.github.com/en/rest/issues/comments#update-an-issue-comment"""
    comment = call.find(call.repository.comments, "comment_id")
    comment.body, comment.updated = call.body["body"], now()
    return Answer(comment_view(call, comment))


_READ, _WRITE = "pull-requests: read or issues: read", "pull-requests: write or issues: write"
ROUTES = (
    Route("GET", "/pulls/{pull_number}", "pull-requests: read", get_pull),
    Route("GET", "/commits/{commit_sha}/pulls", "pull-requests: read", list_pulls_of_commit),
    Route("GET", "/issues/{issue_number}/comments", _READ, list_comments),
    Route("POST", "/issues/{issue_number}/comments", _WRITE, create_comment),
    Route("PATCH", "/issues/comments/{comment_id}", _WRITE, update_comment),
)
