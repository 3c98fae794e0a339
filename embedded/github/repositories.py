"""A user and a repository, as every other answer shows them; the repository's own endpoint."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from .routing import Answer, Call, Route, stamp

if TYPE_CHECKING:
    from .state import Repository

_USER_LINKS = {
    "followers": "/followers",
    "following": "/following{/other_user}",
    "gists": "/gists{/gist_id}",
    "starred": "/starred{/owner}{/repo}",
    "subscriptions": "/subscriptions",
    "organizations": "/orgs",
    "repos": "/repos",
    "events": "/events{/privacy}",
    "received_events": "/received_events",
}
_REPOSITORY_LINKS = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "statuses": "/statuses/{sha}",
    "trees": "/git/trees{/sha}",
}
_PLAIN_LINKS = (
    *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges"),
    *("stargazers", "subscribers", "subscription", "tags", "teams"),
)
_NO = ("has_downloads", "has_projects", "has_wiki", "has_pages", "has_discussions", "archived", "disabled")
_NONE = ("description", "homepage", "language", "license", "mirror_url")
_ZERO = (
    *("forks", "forks_count", "open_issues", "open_issues_count", "watchers", "watchers_count"),
    *("stargazers_count", "size", "network_count", "subscribers_count"),
)


def node_id(kind: str, number: int) -> str:
    """An opaque id, as GraphQL would want it."""
    return b64encode(f"{kind}:{number}".encode()).decode()


def user_view(call: Call, login: str) -> dict[str, Any]:
    """A user or an app's bot."""
    number, api = call.state.user_id(login), f"{call.base}/users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("User", number),
        "avatar_url": f"{call.base}/avatars/{number}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{call.base}/{login}",
        **{f"{name}_url": api + path for name, path in _USER_LINKS.items()},
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def repository_view(call: Call, fork_of: str = "") -> dict[str, Any]:
    """The repository; `fork_of` names the owner of a fork of it."""
    repository: Repository = call.repository
    owner, name = repository.name.split("/")
    full_name = f"{fork_of or owner}/{name}"
    api, page = f"{call.base}/repos/{full_name}", f"{call.base}/{full_name}"
    number = call.state.user_id(f"{full_name} (fork)") if fork_of else repository.id
    return {
        "id": number,
        "node_id": node_id("Repository", number),
        "name": name,
        "full_name": full_name,
        "owner": user_view(call, fork_of or owner),
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "fork": bool(fork_of),
        "default_branch": repository.default_branch,
        "has_issues": True,
        "html_url": page,
        "url": api,
        "git_url": f"{page}.git",
        "ssh_url": f"{page}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        **{f"{link}_url": api + path for link, path in _REPOSITORY_LINKS.items()},
        **{f"{link}_url": f"{api}/{link}" for link in _PLAIN_LINKS},
        **dict.fromkeys(_NO, False),
        **dict.fromkeys(_NONE),
        **dict.fromkeys(_ZERO, 0),
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), stamp(repository.created)),
    }


def get_repository(call: Call) -> Answer:
    """https://docs.github.com/en/rest/repos/repos#get-a-repository"""
    return Answer(repository_view(call))


ROUTES = (Route("GET", "", "metadata: read", get_repository),)
