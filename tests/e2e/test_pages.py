"""What pages are served with goes live and back with them: content security policy and settings."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.test_release import never_verified

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

CSP = "content-security-policy"
FLOOR = "default-src 'none'; frame-ancestors 'none'"
OLD, NEW = "default-src 'self'", "default-src 'self'; img-src https://images.example.com"


def _served_with(project: Project, policy: str, maps: str) -> None:
    """The next build has another policy and another setting, and the same files."""
    served = f'  content_security_policy: "{policy}"\n  settings: {{MAPS: "{maps}"}}\n'
    project.edit_config(
        lambda text: re.sub(r"(web:\n  directory: .*\n)(  content.*\n  settings.*\n)?", rf"\1{served}", text)
    )


def _edge_stack(project: Project) -> Any:
    name = f"mandala-{project.name}-edge"
    return project.client("cloudformation").describe_stacks(StackName=name)["Stacks"]


def _data(page: bytes) -> Any:
    found = re.search(rb'<script type="application/json" id="kanmon">(.*?)</script>', page)
    assert found, page[:300]
    return json.loads(found[1])


def _revalidated(project: Project, tag: str) -> tuple[int, str | None]:
    """What a browser gets that has a page with this tag: status and policy."""
    answer = project.get("/", headers={"if-none-match": tag})
    return answer.status, answer.headers.get(CSP)


def test_policy_and_settings_go_live_and_back_with_the_page(project: Project) -> None:
    """CD-8, CD-10: a release with another policy alone, as candidate, live, and after its rollback."""
    (project.folder / "web/dist/plain.html").write_text("<p>A page without a head.</p>")
    _served_with(project, OLD, "off")
    project.release().check()
    tags = {"r1": project.get("/").headers["etag"]}
    edge = _edge_stack(project)
    assert _data(project.get("/").data) == {"release": "r1", "settings": {"MAPS": "off"}}

    _served_with(project, NEW, "on")
    config = (project.folder / "kanmon.yml").read_text("utf-8")
    deploy = never_verified(project)
    token = deploy.await_line("preview http").split("kanmon-preview=")[1].strip()
    preview = project.get("/", cookie=f"kanmon-preview={token}")
    assert preview.headers[CSP] == NEW
    assert _data(preview.data) == {"release": "r2", "settings": {"MAPS": "on"}}
    assert project.get("/").headers[CSP] == OLD
    deploy.end(signal.SIGINT).check(130)
    assert project.get("/").headers[CSP] == OLD

    project.edit_config(lambda _: config)
    project.release().check()
    assert project.live() == ("r3", "r3")
    tags["r3"] = project.get("/").headers["etag"]
    assert _revalidated(project, tags["r1"]) == (200, NEW)
    assert _revalidated(project, tags["r3"]) == (304, NEW)
    for path in ("/", "/about.html", "/plain.html"):
        page = project.get(path)
        assert page.headers[CSP] == NEW, path
        assert _data(page.data)["release"] == "r3", path
        assert not [name for name in page.headers if "kanmon-header" in name.lower()], path
    for path, status in (("/assets/gone-00000000.js", 404), ("/api/", 403), ("/api/health", 200)):
        answer = project.get(path)
        assert (answer.status, answer.headers[CSP]) == (status, FLOOR), path

    project.kanmon("rollback", "--yes").check()
    assert project.live() == ("r1", "r1")
    assert _revalidated(project, tags["r3"]) == (200, OLD)
    assert _data(project.get("/plain.html").data) == {"release": "r1", "settings": {"MAPS": "off"}}
    assert _edge_stack(project) == edge
