"""What pages are served with goes live and back with them: content security policy and settings."""

from __future__ import annotations

import gzip
import json
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from embedded.aws import ACCOUNT
from kanmon.naming import PREVIEW_COOKIE
from tests.e2e.changes import visible_change
from tests.e2e.test_release import never_verified, preview_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    import urllib3

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
    token = preview_token(project, deploy)
    preview = project.get("/", cookie=f"{PREVIEW_COOKIE}={token}")
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


# Each file is served as what it is.

SERVED = {
    "/.well-known/apple-app-site-association": (b"{}", "application/json", None),
    "/Build/game.wasm.gz": (gzip.compress(b"\0asm", mtime=0), "application/wasm", "gzip"),
    "/assets/app-1a2b3c4d.js.br": (b"\x0b\x02\x80hello\x03", "text/javascript; charset=utf-8", "br"),
    "/data.tar.gz": (gzip.compress(b"tar", mtime=0), "application/gzip", None),
    "/c++.txt": (b"plus", "text/plain; charset=utf-8", None),
}


def _serves(project: Project, cookie: str = "") -> None:
    for path, (content, kind, encoding) in SERVED.items():
        answer = project.get(path, cookie=cookie)
        assert (answer.status, answer.headers["content-type"]) == (200, kind), path
        assert answer.headers.get("content-encoding") == encoding, path
        found = project.get(path, cookie=cookie, headers={"accept-encoding": "identity"})
        assert encoding or found.data == content, path


def test_each_file_comes_as_what_it_is(project: Project) -> None:
    """INF-8, CD-10: in a preview, live, and after a rollback; before, its path is the app's page."""
    project.release().check()
    for path, (content, _, _) in SERVED.items():
        file = project.folder / "web/dist" / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    config = (project.folder / "kanmon.yml").read_text("utf-8")
    deploy = never_verified(project)
    _serves(project, f"{PREVIEW_COOKIE}={preview_token(project, deploy)}")
    assert project.get("/c++.txt").status == 404
    deploy.end(signal.SIGINT).check(130)
    project.edit_config(lambda _: config)
    project.release().check()
    _serves(project)
    assert b"Mandala" in project.get("/goals/7").data

    visible_change(project, "three")
    project.release().check()
    project.kanmon("rollback", "--yes").check()
    _serves(project)


SHOWN = {
    "/docs": b"the docs", "/docs/": b"the docs", "/docs/v1.2/start": b"the start",
    "/docs/LICENSE": b"the license",
    "/play/7": b"the game", "/goals/7": b"Mandala", "/users/jane.doe": b"Mandala", "/docs2": b"Mandala",
}  # fmt: skip


def _shows(project: Project, cookie: str = "") -> None:
    for path, content in SHOWN.items():
        answer = project.get(path, cookie=cookie)
        assert (answer.status, content in answer.data) == (200, True), path


def test_folders_show_their_own_files_and_pages(project: Project) -> None:
    """INF-8, CD-10: an app with a section of pages: in a preview, live, and after a rollback."""
    for name, content in (
        ("docs/index.html", "the docs"), ("docs/v1.2/start.html", "the start"),
        ("docs/LICENSE", "the license"), ("play/index.html", "the game"),
    ):  # fmt: skip
        file = project.folder / "web/dist" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    rules = "  routes_in: {docs/*: files, play/*: play/index.html}"
    project.edit_config(lambda text: text.replace("\nweb:\n", f"\nweb:\n{rules}\n"))
    project.release().check()
    _shows(project)
    assert project.get("/docs/gone").status == 404
    visible_change(project, "two")
    config = (project.folder / "kanmon.yml").read_text("utf-8")
    deploy = never_verified(project)
    _shows(project, f"{PREVIEW_COOKIE}={preview_token(project, deploy)}")
    _shows(project)
    deploy.end(signal.SIGINT).check(130)
    project.edit_config(lambda _: config)
    project.release().check()
    _shows(project)
    project.kanmon("rollback", "--yes").check()
    _shows(project)


# Previews: the token's holder alone, and only while it is open.

PATHS = ("/", "/goals/7", "/about.html", "/robots.txt", "/api/version")


def _asked(project: Project, token: str) -> list[urllib3.BaseHTTPResponse]:
    """All answers for a token: by cookie, by link, and by its own path."""
    paths = (f"/.previews/{token}/index.html", f"/%2epreviews%2f{token}/", f"/{token}/api/version")
    return [
        *(project.get(path, cookie=f"{PREVIEW_COOKIE}={token}") for path in PATHS),
        *(project.get(f"{path}?kanmon-preview={token}") for path in PATHS),
        *(project.get(path) for path in paths[:2]),
        *(project.get(path, cookie=f"{PREVIEW_COOKIE}={token}") for path in paths),
    ]


def _nothing(project: Project, tokens: Iterable[str]) -> None:
    """A token leads to no release, not even to the live one, and to no cookie."""
    for token in tokens:
        for answer in _asked(project, token):
            assert answer.status in {403, 404}, (token, answer.status)
            assert "set-cookie" not in answer.headers, token
            assert b"Mandala" not in answer.data, token
            assert "x-kanmon-release" not in answer.headers, token


def _everything(project: Project, token: str, release: str) -> None:
    """The open token leads to the whole release, and its pages set the cookie."""
    for link, cookie in ((f"?kanmon-preview={token}", ""), ("", f"{PREVIEW_COOKIE}={token}")):
        for path in ("/", "/goals/7", "/about.html"):
            page = project.get(f"{path}{link}", cookie=cookie)
            assert page.headers["x-amz-meta-kanmon-release"] == release
            assert page.headers["set-cookie"].startswith(f"{PREVIEW_COOKIE}={token}; ")
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["x-cache"] == "Miss from cloudfront"
        assert project.get(f"/robots.txt{link}", cookie=cookie).headers["cache-control"] == "no-store"
        assert project.get(f"/api/version{link}", cookie=cookie).headers["x-kanmon-release"] == release


def _users(project: Project, release: str) -> None:
    """Without a token, users have the live release, no cookie, and no copy of a preview."""
    assert project.live() == (release, release)
    for path in PATHS[:-1]:
        answer = project.get(path)
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-cache"), path
        assert "set-cookie" not in answer.headers, path
        assert "x-amz-meta-kanmon-preview" not in answer.headers, path


def test_no_token_but_the_open_one_leads_anywhere(project: Project) -> None:
    """TRU-2: made up, of an older release or another environment, closed; before, in and after a preview."""
    made_up = ["r1-" + "0" * 32, "r2-" + "ab" * 16]
    project.release().check()
    _nothing(project, made_up)
    _users(project, "r1")

    visible_change(project, "two")
    config = (project.folder / "kanmon.yml").read_text("utf-8")
    deploy = never_verified(project)
    token = preview_token(project, deploy)
    _everything(project, token, "r2")
    near = token[:-1] + ("1" if token[-1] == "0" else "0")
    _nothing(project, [*made_up, f"r1-{token[3:]}", near])
    _users(project, "r1")
    deploy.end(signal.SIGINT).check(130)
    _nothing(project, [token])
    _users(project, "r1")

    project.edit_config(lambda _: config.replace("bake: 0s", "bake: 10m"))
    project.kanmon("build").check()
    deploy = project.start("deploy", "--yes")
    live = preview_token(project, deploy)
    deploy.await_line("✓ page on r3 (live)")
    _everything(project, live, "r3")
    _nothing(project, [token])
    deploy.end(signal.SIGTERM).check(130)
    _nothing(project, [token, live])
    _users(project, "r1")
    assert _left(project) == []

    leave = project.get("/goals/7?kanmon-preview=", cookie=f"{PREVIEW_COOKIE}={live}")
    assert (leave.status, leave.headers["location"]) == (302, "/goals/7")
    assert leave.headers["set-cookie"].startswith(f"{PREVIEW_COOKIE}=; ")
    assert "Max-Age=0" in leave.headers["set-cookie"]


def _left(project: Project) -> list[str]:
    """The files of previews in the web bucket."""
    bucket = f"mandala-{project.name}-web-{ACCOUNT}"
    found = project.client("s3").list_objects_v2(Bucket=bucket, Prefix=".previews/")
    return [item["Key"] for item in found.get("Contents", [])]
