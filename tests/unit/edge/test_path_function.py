"""The real path function, run by node: what each request becomes (CD-8, INF-8)."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.cloudformation import render

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "r7-" + "0123456789abcdef" * 2
_LOOP = """
const handler = new Function(process.argv[1] + '; return handler;')();
require('readline').createInterface({input: process.stdin}).on('line', line => {
  let answer;
  try { answer = handler(JSON.parse(line)); } catch (error) { answer = {thrown: String(error)}; }
  process.stdout.write(JSON.stringify(answer) + '\\n');
});
"""


@dataclass(frozen=True)
class PathFunction:
    """One node process that answers one event a line."""

    process: subprocess.Popen[str]

    def ask(
        self, uri: str, *, method: str = "GET", cookie: str | None = None, link: str | None = None
    ) -> Any:
        cookies = {} if cookie is None else {"kanmon-preview": {"value": cookie}}
        query = {} if link is None else {"kanmon-preview": {"value": link}}
        request = {"method": method, "uri": uri, "querystring": query, "headers": {}, "cookies": cookies}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"version": "1.0", "request": request}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def edge() -> Iterator[PathFunction]:
    script = render("path-function.js", api_prefix="/api", live_stage="live")
    with subprocess.Popen(
        ["node", "-e", _LOOP, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield PathFunction(process)
        assert process.stdin
        process.stdin.close()


@pytest.mark.parametrize(
    ("uri", "becomes"),
    [
        ("/", "/index.html"),
        ("/goals", "/index.html"),
        ("/goals/", "/index.html"),
        ("/goals/7/edit", "/index.html"),
        ("/robots.txt", "/robots.txt"),
        ("/about.html", "/about.html"),
        ("/.well-known/security.txt", "/.well-known/security.txt"),
        ("/a%20b.html", "/a%20b.html"),
        ("/%E9%96%A2%E9%96%80", "/index.html"),
        ("/api/goals", "/live/api/goals"),
        ("/api/", "/live/api/"),
        ("/api/a.b", "/live/api/a.b"),
        ("/api", "/index.html"),
        ("/apix", "/index.html"),
        ("/apix/goals", "/index.html"),
        ("/API/goals", "/index.html"),
        ("/x/api/goals", "/index.html"),
        ("/live/api/goals", "/index.html"),
    ],
)
def test_path_becomes(edge: PathFunction, uri: str, becomes: str) -> None:
    assert edge.ask(uri)["uri"] == becomes


HOSTILE = [
    "//evil.test", "/a//b", "/api//goals", "/../secret", "/a/../b", "/api/../releases/r7/index.html", "/..",
    "/.", "/a/.", "/a/./b", "/%2e%2e/x", "/%2E%2E/x", "/.%2e/x", "/a%2f..%2fb", "/%2f/evil.test",
    "/%5cevil.test", "/\\evil.test", "/a\\..\\b", "/%zz", "/%", "/%c0%ae%c0%ae/x", "/%ff", "/%u002e",
]  # fmt: skip


@pytest.mark.parametrize("uri", HOSTILE)
@pytest.mark.parametrize("cookie", [None, TOKEN], ids=["user", "preview"])
def test_a_path_that_could_be_read_in_two_ways_is_refused(
    edge: PathFunction, uri: str, cookie: str | None
) -> None:
    """SEC-2: nothing behind the edge sees it."""
    answer = edge.ask(uri, cookie=cookie)
    assert answer.get("statusCode") == 400, answer


@pytest.mark.parametrize("uri", HOSTILE)
def test_a_preview_link_is_no_open_redirect(edge: PathFunction, uri: str) -> None:
    """SEC-5"""
    assert edge.ask(uri, link=TOKEN).get("statusCode") == 400


@pytest.mark.parametrize(
    "uri",
    ["/releases", "/releases/", "/releases/r7/index.html", "/%72eleases/r7/index.html", "/releases%2fr7"],
)
@pytest.mark.parametrize("cookie", [None, TOKEN, "r8-" + "0" * 32])
def test_candidates_files_are_hidden(edge: PathFunction, uri: str, cookie: str | None) -> None:
    assert edge.ask(uri, cookie=cookie).get("statusCode") == 404


def test_a_name_that_only_begins_like_the_hidden_folder_is_a_page(edge: PathFunction) -> None:
    assert edge.ask("/releases-of-2026")["uri"] == "/index.html"


@pytest.mark.parametrize(
    ("uri", "becomes"),
    [
        ("/", "/releases/r7/index.html"),
        ("/goals/1", "/releases/r7/index.html"),
        ("/robots.txt", "/releases/r7/robots.txt"),
        ("/api/goals", f"/{TOKEN}/api/goals"),
    ],
)
def test_preview_cookie_shows_the_candidates_page_and_api(edge: PathFunction, uri: str, becomes: str) -> None:
    """CD-7: page and API of the same release, through the real edge."""
    assert edge.ask(uri, cookie=TOKEN)["uri"] == becomes


@pytest.mark.parametrize(
    "cookie",
    [
        "", "live", "r7", "r7-", "r0-" + "0" * 32, "r7-" + "0" * 31, "r7-" + "0" * 33, "r7-" + "G" * 32,
        TOKEN + "/../live", " " + TOKEN, TOKEN + "\n", "../" + TOKEN, "R7-" + "0" * 32, "__proto__",
        "r12345678901-" + "0" * 32,
    ],
)  # fmt: skip
def test_any_other_cookie_is_a_users(edge: PathFunction, cookie: str) -> None:
    assert edge.ask("/api/goals", cookie=cookie)["uri"] == "/live/api/goals"
    assert edge.ask("/", cookie=cookie)["uri"] == "/index.html"


@pytest.mark.parametrize("uri", ["/", "/goals/1", "/about.html"])
def test_preview_link_puts_the_token_into_a_cookie(edge: PathFunction, uri: str) -> None:
    answer = edge.ask(uri, link=TOKEN)
    cookie = answer["cookies"]["kanmon-preview"]
    assert (answer["statusCode"], answer["headers"]["location"]["value"]) == (302, uri)
    assert cookie["value"] == TOKEN
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie["attributes"].split("; "))
    assert answer["headers"]["cache-control"]["value"] == "no-store"


@pytest.mark.parametrize("token", ["off", "x", "r7-0", "<script>", TOKEN + ";x"])
def test_any_other_link_leaves_the_preview(edge: PathFunction, token: str) -> None:
    cookie = edge.ask("/", link=token)["cookies"]["kanmon-preview"]
    assert cookie["value"] == ""
    assert "Max-Age=0" in cookie["attributes"]


def test_an_empty_link_leaves_the_preview(edge: PathFunction) -> None:
    assert "Max-Age=0" in edge.ask("/", cookie=TOKEN, link="")["cookies"]["kanmon-preview"]["attributes"]


def test_a_preview_link_works_for_reading_only(edge: PathFunction) -> None:
    assert edge.ask("/api/goals", method="POST", link=TOKEN)["uri"] == "/live/api/goals"


def test_prefix_is_taken_from_the_config() -> None:
    script = render("path-function.js", api_prefix="/v2", live_stage="live")
    event = {"request": {"method": "GET", "uri": "/v2/x", "querystring": {}, "cookies": {}}}
    ran = subprocess.run(
        ["node", "-e", _LOOP, script], input=json.dumps(event), capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout)["uri"] == "/live/v2/x"


def test_it_fits_into_cloudfronts_limit() -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html: 10 KB"""
    assert len(render("path-function.js", api_prefix="/api", live_stage="live").encode()) < 10 * 1024
