"""Commits, branches and comparisons. https://docs.github.com/en/rest/commits"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .repositories import node_id, user_view
from .routing import Answer, Call, RefusedError, Route, found, listed, stamp

if TYPE_CHECKING:
    from .state import Commit, Repository

_SHORTEST = 7


def resolve(repository: Repository, ref: str) -> Commit | None:
    """The commit of a branch, a tag, an id or the beginning of one."""
    name = ref.removeprefix("heads/").removeprefix("tags/")
    known = repository.branches.get(name) or repository.tags.get(name) or ref
    if known in repository.commits or len(ref) < _SHORTEST:
        return repository.commits.get(known)
    matching = [commit for sha, commit in repository.commits.items() if sha.startswith(ref)]
    return matching[0] if len(matching) == 1 else None


def history(repository: Repository, head: Commit) -> list[Commit]:
    """A commit with all its ancestors, the newest first."""
    seen: set[str] = set()
    waiting = [head.sha]
    while waiting:
        sha = waiting.pop()
        if sha in repository.commits and sha not in seen:
            seen.add(sha)
            waiting += repository.commits[sha].parents
    return [commit for sha, commit in reversed(repository.commits.items()) if sha in seen]


def signature(commit: Commit) -> dict[str, str | None]:
    """Author and committer, in git's way."""
    email = f"{commit.author}@users.noreply.github.com"
    return {"name": commit.author, "email": email, "date": stamp(commit.created)}


def commit_view(call: Call, commit: Commit) -> dict[str, Any]:
    """A commit."""
    api, page = f"{call.api}/commits/{commit.sha}", f"{call.page}/commit/{commit.sha}"
    parents = [
        {"sha": sha, "url": f"{call.api}/commits/{sha}", "html_url": f"{call.page}/commit/{sha}"}
        for sha in commit.parents
    ]
    return {
        "sha": commit.sha,
        "node_id": node_id("Commit", int(commit.sha, 16)),
        "url": api,
        "html_url": page,
        "comments_url": f"{api}/comments",
        "commit": {
            "url": f"{call.api}/git/commits/{commit.sha}",
            "author": signature(commit),
            "committer": signature(commit),
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.sha, "url": f"{call.api}/git/trees/{commit.sha}"},
        },
        "author": user_view(call, commit.author),
        "committer": user_view(call, commit.author),
        "parents": parents,
    }


def get_commit(call: Call) -> Answer:
    """https://docs.github.com/en/rest/commits/commits#get-a-commit"""
    commit = resolve(call.repository, call.path["ref"])
    if commit is None:
        raise RefusedError(422, f"No commit found for SHA: {call.path['ref']}")
    return Answer(commit_view(call, commit))


def list_commits(call: Call) -> Answer:
    """https://docs.github.com/en/rest/commits/commits#list-commits"""
    head = found(resolve(call.repository, call.query.get("sha") or call.repository.default_branch))
    author = call.query.get("author")
    commits = [commit for commit in history(call.repository, head) if author in {None, commit.author}]
    return listed(call, commits, lambda commit: commit_view(call, commit))


def compare(call: Call) -> Answer:
    """Two dots or three: both compare with the common ancestor; commits are oldest first.

    https://docs.github.com/en/rest/commits/commits#compare-two-commits
    """
    base_ref, _, head_ref = call.path["basehead"].partition("...")
    base, head = (found(resolve(call.repository, ref)) for ref in (base_ref, head_ref))
    before, after = (history(call.repository, commit) for commit in (base, head))
    ahead = [commit for commit in reversed(after) if commit not in before]
    behind = [commit for commit in before if commit not in after]
    common = found(next((commit for commit in after if commit in before), None))
    status = {(0, 0): "identical", (1, 0): "ahead", (0, 1): "behind", (1, 1): "diverged"}
    page = f"{call.page}/compare/{quote(call.path['basehead'])}"
    shown = listed(call, ahead, lambda commit: commit_view(call, commit))
    return Answer(
        {
            "url": f"{call.api}/compare/{quote(call.path['basehead'])}",
            "html_url": page,
            "permalink_url": f"{call.page}/compare/{base.sha}...{head.sha}",
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": commit_view(call, base),
            "merge_base_commit": commit_view(call, common),
            "status": status[min(1, len(ahead)), min(1, len(behind))],
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": shown.body,
        },
        headers=shown.headers,
    )


def get_branch(call: Call) -> Answer:
    """https://docs.github.com/en/rest/branches/branches#get-a-branch"""
    name = call.path["branch"]
    commit = found(call.repository.commits.get(call.repository.branches.get(name, "")))
    api = f"{call.api}/branches/{quote(name, safe='')}"
    protected = name in call.repository.protected_branches
    return Answer(
        {
            "name": name,
            "commit": commit_view(call, commit),
            "_links": {"self": api, "html": f"{call.page}/tree/{quote(name)}"},
            "protected": protected,
            "protection": {"enabled": protected},
            "protection_url": f"{api}/protection",
        }
    )


ROUTES = (
    Route("GET", "/commits", "contents: read", list_commits, "sha author"),
    Route("GET", "/commits/{ref}", "contents: read", get_commit),
    Route("GET", "/compare/{basehead}", "contents: read", compare),
    Route("GET", "/branches/{branch}", "contents: read", get_branch),
)
