"""References, and the workflow files of a commit. https://docs.github.com/en/rest/git/refs"""

from __future__ import annotations

from fnmatch import fnmatchcase
from hashlib import sha1
from typing import TYPE_CHECKING, Any

from .commits import resolve
from .repositories import node_id
from .routing import Answer, Call, RefusedError, Route, found

if TYPE_CHECKING:
    from .state import Commit

_TAGS = "refs/tags/"
_WORKFLOWS = ".github/workflows"


def refuse_tag(call: Call, tag: str) -> None:
    """Refuse a tag as rulesets and immutable releases do.

    https://docs.github.com/en/code-security/concepts/supply-chain-security/immutable-releases
    """
    restricted = call.repository.restricted_tags
    if tag in call.repository.immutable_tags or (restricted and fnmatchcase(tag, restricted)):
        reason = "Cannot create ref due to creations being restricted."
        raise RefusedError(422, f"Repository rule violations found\n\n{reason}\n\n")


def refuse_workflows(call: Call, commit: Commit) -> None:
    """Refuse a ref to a commit with other workflow files than each branch's head.

    The token then needs `workflows: write`, and no job's token can have it. The answer is the one for any
    missing permission. https://github.com/cli/cli/issues/9514, https://github.com/mkb79/Audible/pull/882
    """
    heads = {call.repository.commits[sha].workflows for sha in call.repository.branches.values()}
    if commit.workflows not in heads and call.token.permissions.get("workflows") != "write":
        accepted = {"X-Accepted-GitHub-Permissions": "contents=write; contents=write,workflows=write"}
        raise RefusedError(403, "Resource not accessible by integration", headers=accepted)


def create_ref(call: Call) -> Answer:
    """Tags only. https://docs.github.com/en/rest/git/refs#create-a-reference"""
    name, sha = call.body["ref"], call.body["sha"]
    if not name.startswith(_TAGS):
        raise RefusedError(422, "only tags are played", played=False)
    tag, commit = name.removeprefix(_TAGS), call.repository.commits.get(sha)
    if commit is None:
        raise RefusedError(422, "Object does not exist")
    if tag in call.repository.tags:
        raise RefusedError(422, "Reference already exists")
    refuse_workflows(call, commit)
    refuse_tag(call, tag)
    call.repository.tags[tag] = sha
    view = {
        "ref": name,
        "node_id": node_id("Ref", int(sha, 16)),
        "url": f"{call.api}/git/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{call.api}/git/commits/{sha}"},
    }
    return Answer(view, 201)


def get_contents(call: Call) -> Answer:
    """The workflow files of a commit: one file stands for all.

    https://docs.github.com/en/rest/repos/contents#get-repository-content
    """
    if call.path["path"] != _WORKFLOWS:
        raise RefusedError(422, f"{call.path['path']} is not played", played=False)
    commit = found(resolve(call.repository, call.query.get("ref") or call.repository.default_branch))
    found(commit.workflows or None)
    return Answer([_file(call, commit)])


def _file(call: Call, commit: Commit) -> dict[str, Any]:
    path, sha = f"{_WORKFLOWS}/release.yml", sha1(commit.workflows.encode()).hexdigest()
    api, page = f"{call.api}/contents/{path}", f"{call.page}/blob/{commit.sha}/{path}"
    blob = f"{call.api}/git/blobs/{sha}"
    return {
        "type": "file",
        "name": "release.yml",
        "path": path,
        "sha": sha,
        "size": len(commit.workflows),
        "url": api,
        "git_url": blob,
        "html_url": page,
        "download_url": page,
        "_links": {"self": api, "git": blob, "html": page},
    }


ROUTES = (
    Route("POST", "/git/refs", "contents: write", create_ref),
    Route("GET", "/contents/{path}", "contents: read", get_contents, "ref"),
)
