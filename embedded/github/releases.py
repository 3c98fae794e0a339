"""Releases. https://docs.github.com/en/rest/releases/releases"""

from __future__ import annotations

from typing import Any

from .commits import resolve
from .refs import refuse_tag, refuse_workflows
from .repositories import node_id, user_view
from .routing import Answer, Call, RefusedError, Route, found, listed, newest, stamp
from .state import Commit, Release
from .workflows import now


def release_view(call: Call, release: Release) -> dict[str, Any]:
    """A release, without files."""
    api = f"{call.api}/releases/{release.id}"
    return {
        "id": release.id,
        "node_id": node_id("Release", release.id),
        "url": api,
        "html_url": f"{call.page}/releases/tag/{release.tag}",
        "assets_url": f"{api}/assets",
        "upload_url": f"{api}/assets{{?name,label}}",
        "tarball_url": f"{call.api}/tarball/{release.tag}",
        "zipball_url": f"{call.api}/zipball/{release.tag}",
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": False,
        "author": user_view(call, release.by),
        "assets": [],
        "created_at": stamp(release.created),
        "published_at": stamp(release.published),
    }


def _publish(call: Call, release: Release) -> None:
    """Make its tag, unless there is one, where the target is."""
    if release.draft or release.published:
        return
    commit = resolve(call.repository, release.target)
    if commit is None:
        raise RefusedError(422, "Validation Failed", "target_commitish is invalid")
    if release.tag not in call.repository.tags:
        _make_tag(call, release.tag, commit)
    release.published = now()


def _make_tag(call: Call, tag: str, commit: Commit) -> None:
    try:
        refuse_tag(call, tag)
    except RefusedError as refusal:
        raise RefusedError(
            422,
            "Validation Failed",
            f"pre_receive {refusal.message}",
            "Published releases must have a valid tag",
        ) from refusal
    call.repository.tags[tag] = commit.sha


def _check(call: Call, release: Release | None = None) -> None:
    wanted = call.body or {}
    for name in ("generate_release_notes", "discussion_category_name"):
        if wanted.get(name):
            raise RefusedError(422, f"{name} is not played", played=False)
    others = (other for other in call.repository.releases.values() if other is not release)
    if any(other.tag == wanted.get("tag_name") and not other.draft for other in others):
        raise RefusedError(422, "Validation Failed", "Release.tag_name already_exists")


def create_release(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#create-a-release"""
    _check(call)
    wanted = call.body
    if target := resolve(call.repository, wanted.get("target_commitish", "")):
        refuse_workflows(call, target)
    release = Release(
        id=call.state.new_id(),
        tag=wanted["tag_name"],
        target=wanted.get("target_commitish", call.repository.default_branch),
        name=wanted.get("name"),
        body=wanted.get("body"),
        by=call.actor,
        draft=wanted.get("draft", False),
        prerelease=wanted.get("prerelease", False),
    )
    _publish(call, release)
    call.repository.releases[release.id] = release
    return Answer(release_view(call, release), 201)


def update_release(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#update-a-release"""
    release, wanted = call.find(call.repository.releases, "release_id"), call.body or {}
    _check(call, release)
    release.tag = wanted.get("tag_name", release.tag)
    release.target = wanted.get("target_commitish", release.target)
    for name in ("name", "body", "draft", "prerelease"):
        setattr(release, name, wanted.get(name, getattr(release, name)))
    _publish(call, release)
    return Answer(release_view(call, release))


def list_releases(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#list-releases"""
    return listed(call, newest(call.repository.releases), lambda release: release_view(call, release))


def get_release(call: Call) -> Answer:
    """https://docs.github.com/en/rest/releases/releases#get-a-release"""
    return Answer(release_view(call, call.find(call.repository.releases, "release_id")))


def get_release_by_tag(call: Call) -> Answer:
    """A draft has no tag yet. https://docs.github.com/en/rest/releases/releases#get-a-release-by-tag-name"""
    published = (release for release in call.repository.releases.values() if not release.draft)
    release = found(next((release for release in published if release.tag == call.path["tag"]), None))
    return Answer(release_view(call, release))


ROUTES = (
    Route("GET", "/releases", "contents: read", list_releases),
    Route("POST", "/releases", "contents: write", create_release),
    Route("GET", "/releases/tags/{tag}", "contents: read", get_release_by_tag),
    Route("GET", "/releases/{release_id}", "contents: read", get_release),
    Route("PATCH", "/releases/{release_id}", "contents: write", update_release),
)
