"""Real releases of an app without an API, and of an app without a web app."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change
from tests.e2e.project import GITHUB

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

_WEB = """
web: {directory: web/dist}
checks: [{name: page, path: /, expect: {body: "<title>Mandala"}}]
"""
_API = """
functions: {api: {handler: mandala.handler.handle, artifact: build/api, environment: {TEXT: one}}}
api: {routes: [{path: "/api/{proxy+}", function: api}]}
checks: [{name: version, path: /api/version}]
"""


def _half(project: Project, text: str) -> None:
    canary = "traffic: {strategy: canary, steps: [{percent: 10, bake: 1s}]}\n"
    head = f"app: mandala\nenvironment: {project.name}\n"
    project.edit_config(lambda _: head + text + canary + GITHUB)


def test_a_web_app_alone(project: Project) -> None:
    """CD-8, CD-9, INF-8: pages come and go; a path of an API is a page's path here."""
    _half(project, _WEB)
    project.release().check()
    asset = re.findall(r"/assets/[^\"]+\.js", project.get("/").data.decode())[0]
    project.get(asset)
    visible_change(project, "two")
    project.release().check()
    assert b"<title>Mandala two</title>" in project.get("/").data
    # The edge's copies of one release are the next one's too, with any addition to the request.
    for path, cookie in ((asset, ""), (f"{asset}?v=2", ""), (asset, "visit=1")):
        assert project.get(path, cookie=cookie).headers["x-cache"] == "Hit from cloudfront"
    assert project.get("/api/version").headers["content-type"].startswith("text/html")
    project.kanmon("rollback", "--yes", "--reason", "it hurts").check()
    assert b"two" not in project.get("/").data


def test_an_api_alone(project: Project) -> None:
    """CD-8, CD-9, INF-6: answers come and go; nothing else is there."""
    _half(project, _API)
    project.release().check()
    assert project.get("/api/version").headers["x-kanmon-release"] == "r1"
    project.edit_config(lambda text: text.replace("TEXT: one", "TEXT: two"))
    project.release().check()
    assert project.get("/api/version").headers["x-kanmon-release"] == "r2"
    assert project.get("/").status == 404
    project.kanmon("rollback", "--yes", "--reason", "it hurts").check()
    assert project.get("/api/version").headers["x-kanmon-release"] == "r1"
