"""The real path function, run by node: the result of each request (CD-8, INF-8)."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon.templates.edge import path_function
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "r7-" + "0123456789abcdef" * 2
OTHER = "r7-" + "f" * 32
COOKIE = "kanmon-preview"
FOLDER = f"/.previews/{TOKEN}/"
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
    """One node process. It answers one event a line."""

    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def of(cls, **changes: Any) -> Iterator[PathFunction]:
        script = path_function(make_config(**changes))
        with subprocess.Popen(
            ["node", "-e", _LOOP, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield cls(process)
            assert process.stdin
            process.stdin.close()

    def ask(
        self,
        uri: str,
        *,
        method: str = "GET",
        cookie: str | None = None,
        link: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        cookies = {} if cookie is None else {COOKIE: {"value": cookie}}
        query = {} if link is None else {"kanmon-preview": {"value": link}}
        sent = {name: {"value": value} for name, value in (headers or {}).items()}
        request = {"method": method, "uri": uri, "querystring": query, "headers": sent, "cookies": cookies}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"version": "1.0", "request": request}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def edge() -> Iterator[PathFunction]:
    with PathFunction.of() as function:
        yield function


@pytest.fixture(scope="module")
def site() -> Iterator[PathFunction]:
    with PathFunction.of(web={"directory": "out", "routes": "files"}) as function:
        yield function


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
        ("/.well-known/apple-app-site-association", "/.well-known/apple-app-site-association"),
        ("/%2Ewell-known/x", "/%2Ewell-known/x"),
        ("/x/.well-known/y", "/index.html"),
        ("/a%20b.html", "/a%20b.html"),
        ("/c++.html", "/c%2B%2B.html"),
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


@pytest.mark.parametrize(
    ("uri", "becomes"),
    [
        ("/auth/login", "/STAGE/auth/login"),
        ("/auth/", "/STAGE/auth/"),
        ("/auth", "/FILES/index.html"),
        ("/authx/y", "/FILES/index.html"),
        ("/.well-known/jwks.json", "/STAGE/.well-known/jwks.json"),
        ("/.well-known/jwks.json/x", "/FILES/.well-known/jwks.json/x"),
        ("/.well-known/security.txt", "/FILES/.well-known/security.txt"),
        ("/api/goals", "/STAGE/api/goals"),
    ],
)
@pytest.mark.parametrize("cookie", [None, TOKEN], ids=["user", "preview"])
def test_the_api_has_paths_outside_of_its_prefix(uri: str, becomes: str, cookie: str | None) -> None:
    """INF-6, CD-8: a preview goes to the candidate there, too."""
    routes = [{"path": "/api/{proxy+}", "function": "api"}]
    stage, files = (cookie, FOLDER.rstrip("/")) if cookie else ("live", "")
    with PathFunction.of(api={"routes": routes, "paths": ["/auth/*", "/.well-known/jwks.json"]}) as function:
        answer = function.ask(uri, cookie=cookie)
    assert answer["uri"] == becomes.replace("/STAGE", f"/{stage}").replace("/FILES", files)


HOSTILE = [
    "//evil.test", "/a//b", "/api//goals", "/../secret", "/a/../b", f"/api/..{FOLDER}index.html", "/..",
    "/.", "/a/.", "/a/./b", "/%2e%2e/x", "/%2E%2E/x", "/.%2e/x", "/a%2f..%2fb", "/%2f/evil.test",
    "/%5cevil.test", "/\\evil.test", "/a\\..\\b", "/%zz", "/%", "/%c0%ae%c0%ae/x", "/%ff", "/%u002e",
]  # fmt: skip


@pytest.mark.parametrize("uri", HOSTILE)
@pytest.mark.parametrize("cookie", [None, TOKEN], ids=["user", "preview"])
def test_an_ambiguous_path_is_refused(edge: PathFunction, uri: str, cookie: str | None) -> None:
    """SEC-2: nothing behind the edge sees it."""
    answer = edge.ask(uri, cookie=cookie)
    assert answer.get("statusCode") == 400, answer


@pytest.mark.parametrize("uri", HOSTILE)
@pytest.mark.parametrize("link", [TOKEN, ""])
def test_a_preview_link_is_no_open_redirect(edge: PathFunction, uri: str, link: str) -> None:
    """SEC-5"""
    assert edge.ask(uri, link=link).get("statusCode") == 400


@pytest.mark.parametrize(
    "uri",
    [
        "/.previews", "/.previews/", FOLDER, f"{FOLDER}index.html", f"/%2epreviews/{TOKEN}/index.html",
        f"/.%70reviews/{TOKEN}/robots.txt", f"/.previews%2f{TOKEN}", f"/.previews/{TOKEN}%2Findex.html",
    ],
)  # fmt: skip
@pytest.mark.parametrize("cookie", [None, TOKEN, OTHER])
def test_the_folder_of_previews_is_hidden(edge: PathFunction, uri: str, cookie: str | None) -> None:
    """TRU-2: the whole token is no path."""
    assert edge.ask(uri, cookie=cookie).get("statusCode") == 404


@pytest.mark.parametrize("uri", ["/previews-of-2026", "/previews", "/releases", "/releases/r7"])
def test_a_name_like_the_hidden_folders_is_a_page(edge: PathFunction, uri: str) -> None:
    assert edge.ask(uri)["uri"] == "/index.html"


PREVIEWED = [
    ("/", f"{FOLDER}index.html"),
    ("/goals/1", f"{FOLDER}index.html"),
    ("/robots.txt", f"{FOLDER}robots.txt"),
    ("/api/goals", f"/{TOKEN}/api/goals"),
]


@pytest.mark.parametrize(("uri", "becomes"), PREVIEWED)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_token_shows_the_candidates_page_and_api(
    edge: PathFunction, uri: str, becomes: str, method: str
) -> None:
    """CD-7, TRU-2: page and API of the same release, by cookie or by link, at once."""
    assert edge.ask(uri, method=method, cookie=TOKEN)["uri"] == becomes
    assert edge.ask(uri, method=method, link=TOKEN)["uri"] == becomes


def test_a_link_wins_over_the_cookie(edge: PathFunction) -> None:
    assert edge.ask("/", cookie=OTHER, link=TOKEN)["uri"] == f"{FOLDER}index.html"


def test_the_api_gets_no_token_in_its_query(edge: PathFunction) -> None:
    """SEC-5: the app may log it."""
    assert edge.ask("/api/goals", link=TOKEN)["querystring"] == {}


@pytest.mark.parametrize("uri", ["/", "/goals/1", "/about.html", "/api/goals"])
@pytest.mark.parametrize("token", [TOKEN, OTHER, "r1-" + "0" * 32])
def test_no_link_sets_the_cookie_to_a_token(edge: PathFunction, uri: str, token: str) -> None:
    """TRU-2: the token may be closed or made up. Only a page that was served sets it."""
    answer = edge.ask(uri, link=token)
    assert "statusCode" not in answer
    assert answer["cookies"] == {}


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


@pytest.mark.parametrize("link", ["", "off", "x", "r7-0", "<script>", TOKEN + ";x", "r7-" + "0" * 31])
@pytest.mark.parametrize("cookie", [None, TOKEN])
def test_any_other_link_leaves_the_preview(edge: PathFunction, link: str, cookie: str | None) -> None:
    """TRU-2: also the way out with the cookie of a closed preview."""
    answer = edge.ask("/goals/1", cookie=cookie, link=link)
    assert answer["statusCode"] == 302
    assert answer["headers"]["location"]["value"] == "/goals/1"
    assert answer["headers"]["cache-control"]["value"] == "no-store"
    left = answer["cookies"][COOKIE]
    assert left["value"] == ""
    assert {"Max-Age=0", "Secure", "HttpOnly", "Path=/"} <= set(left["attributes"].split("; "))


def test_a_link_without_a_token_changes_no_request_of_the_api(edge: PathFunction) -> None:
    assert edge.ask("/api/goals", link="off")["uri"] == "/live/api/goals"
    assert edge.ask("/api/goals", method="POST", cookie=TOKEN, link="")["uri"] == "/live/api/goals"


def test_prefix_is_taken_from_the_config() -> None:
    with PathFunction.of(api={"prefix": "/v2", "routes": [{"path": "/v2/x", "function": "api"}]}) as edge:
        assert edge.ask("/v2/x")["uri"] == "/live/v2/x"
        assert edge.ask("/api/x")["uri"] == "/index.html"


@pytest.mark.parametrize(
    ("uri", "becomes"),
    [
        ("/", "/index.html"),
        ("/about", "/about/index.html"),
        ("/about/", "/about/index.html"),
        ("/a/b%20c", "/a/b%20c/index.html"),
        ("/%E9%96%A2%E9%96%80/", "/%E9%96%A2%E9%96%80/index.html"),
        ("/c++", "/c%2B%2B/index.html"),
        ("/v1.2/", "/v1.2/index.html"),
        ("/v1.2", "/v1.2"),
        ("/about.html", "/about.html"),
        ("/.well-known/x", "/.well-known/x"),
        ("/api/x", "/live/api/x"),
        ("/api", "/api/index.html"),
    ],
)
def test_each_path_of_a_site_has_its_own_file(site: PathFunction, uri: str, becomes: str) -> None:
    """INF-8: live, and of the candidate in its preview."""
    assert site.ask(uri)["uri"] == becomes
    if not uri.startswith("/api/"):
        assert site.ask(uri, cookie=TOKEN)["uri"] == FOLDER.removesuffix("/") + becomes


WEB_ONLY: dict[str, Any] = {"api": None}
API_ONLY: dict[str, Any] = {"web": None}


def test_a_web_app_alone_has_pages_only() -> None:
    with PathFunction.of(**WEB_ONLY) as edge:
        assert edge.ask("/api/goals")["uri"] == "/index.html"
        assert edge.ask("/api/goals", cookie=TOKEN)["uri"] == f"{FOLDER}index.html"
        assert edge.ask(f"{FOLDER}index.html").get("statusCode") == 404
        assert edge.ask("/a/../b").get("statusCode") == 400


def test_an_api_alone_has_nothing_else() -> None:
    with PathFunction.of(**API_ONLY) as edge:
        assert edge.ask("/api/goals")["uri"] == "/live/api/goals"
        assert edge.ask("/api/goals", cookie=TOKEN)["uri"] == f"/{TOKEN}/api/goals"
        assert [edge.ask(uri).get("statusCode") for uri in ("/", "/x.js", f"{FOLDER}x")] == [404] * 3
        assert edge.ask("/api/goals", link=TOKEN)["uri"] == f"/{TOKEN}/api/goals"


ORIGIN = "https://admin.example.com"
CORS = {"origins": [ORIGIN, "https://b.example:8443"], "methods": ["GET", "POST"], "max_age": "1h"}
ROUTES = [{"path": "/api/{proxy+}", "function": "api"}]
ASKS = {"origin": ORIGIN, "access-control-request-method": "POST"}


@pytest.fixture(scope="module")
def shared() -> Iterator[PathFunction]:
    with PathFunction.of(api={"routes": ROUTES, "cors": CORS}) as function:
        yield function


@pytest.mark.parametrize("origin", CORS["origins"])
def test_a_preflight_of_an_allowed_origin_is_answered_here(shared: PathFunction, origin: str) -> None:
    """INF-6: the API has no OPTIONS methods for it."""
    answer = shared.ask("/api/goals/7", method="OPTIONS", headers=ASKS | {"origin": origin})
    assert answer["statusCode"] == 204
    assert {name: item["value"] for name, item in answer["headers"].items()} == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type, authorization",
        "access-control-max-age": "3600",
        "vary": "Origin",
    }


def test_cookies_are_allowed_only_by_the_config() -> None:
    with PathFunction.of(api={"routes": ROUTES, "cors": CORS | {"credentials": True}}) as edge:
        answer = edge.ask("/api/x", method="OPTIONS", headers=ASKS)
    assert answer["headers"]["access-control-allow-credentials"] == {"value": "true"}


@pytest.mark.parametrize(
    ("uri", "changes"),
    [
        ("/api/goals", {"headers": ASKS | {"origin": "https://evil.test"}}),
        ("/api/goals", {"headers": ASKS | {"origin": ORIGIN + ".evil.test"}}),
        ("/api/goals", {"headers": ASKS | {"origin": "null"}}),
        ("/api/goals", {"headers": {"access-control-request-method": "POST"}}),
        ("/api/goals", {"headers": {"origin": ORIGIN}}),
        ("/api/goals", {"method": "GET"}),
        ("/api/goals", {"method": "POST"}),
        ("/api/goals", {"cookie": TOKEN}),
    ],
)
def test_anything_else_goes_to_the_api(shared: PathFunction, uri: str, changes: dict[str, Any]) -> None:
    asked = {"method": "OPTIONS", "headers": ASKS} | changes
    stage = TOKEN if "cookie" in changes else "live"
    assert shared.ask(uri, **asked)["uri"] == f"/{stage}{uri}"


def test_pages_answer_no_preflight(shared: PathFunction) -> None:
    assert shared.ask("/goals", method="OPTIONS", headers=ASKS)["uri"] == "/index.html"


def test_without_cors_a_preflight_is_the_apis(edge: PathFunction) -> None:
    assert edge.ask("/api/goals", method="OPTIONS", headers=ASKS)["uri"] == "/live/api/goals"


_PIECE = st.sampled_from(
    ["api", ".previews", "r7", "index.html", "assets", "live", "..", ".", "%2e%2e", "%2E", "%2epreviews",
     "%2f", "%5c", "\\", "%", "%00", "%25", "%252e", "%e3%81%82", "a b", "é", "", "a.b", "API", TOKEN, OTHER,
     "favicon.ico"]
)  # fmt: skip
_URI = st.lists(_PIECE | st.text(max_size=4), min_size=1, max_size=6).map(lambda names: "/" + "/".join(names))
_CLAIM = st.sampled_from(
    [None, TOKEN, OTHER, "", "live", "r7", TOKEN[:-1], TOKEN + "0", f"../{TOKEN}", f"{TOKEN}/..",
     TOKEN.upper()]
) | st.text(max_size=40)  # fmt: skip


@settings(deadline=None)
@given(uri=_URI, cookie=_CLAIM, link=_CLAIM, method=st.sampled_from(["GET", "HEAD", "POST"]))
def test_any_request_ends_where_its_token_leads_or_nowhere(
    edge: PathFunction, shared: PathFunction, uri: str, cookie: str | None, link: str | None, method: str
) -> None:
    """CD-7, INF-8, TRU-2: no path, cookie or link shows anything but the live release or its own preview."""
    answer = edge.ask(uri, cookie=cookie, link=link, method=method)
    assert "thrown" not in answer
    # What other sites may do changes no path.
    assert shared.ask(uri, cookie=cookie, link=link, method=method) == answer
    if "statusCode" in answer:
        assert answer["statusCode"] in {302, 400, 404}
        assert answer.get("cookies", {}).get(COOKIE, {"value": ""})["value"] == ""
        return
    claim = cookie if link is None else link
    token = claim if claim in {TOKEN, OTHER} else None
    becomes = answer["uri"]
    if uri.startswith("/api/"):
        assert becomes == f"/{token or 'live'}{uri}"
        return
    folder = f"/.previews/{token}" if token else ""
    assert becomes in {f"{folder}/index.html", f"{folder}{uri.replace('+', '%2B')}"}
    page = unquote(becomes.removeprefix(folder))
    assert not page.startswith("/.previews/")
    assert not {"..", "."} & set(page.split("/"))


FOLDERS = {f"{number:02}{'x' * 60}/*": f"{'p' * 59}.html" for number in range(30)}


@pytest.mark.parametrize("web", [{}, {"routes_in": FOLDERS}])
@pytest.mark.parametrize("changes", [{}, {"api": {"routes": ROUTES, "cors": CORS | {"credentials": True}}}])
def test_it_fits_into_cloudfronts_limit(changes: dict[str, Any], web: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html: 10 KB"""
    changes = changes | {"web": {"directory": "out", **web}}
    assert len(path_function(make_config(**changes)).encode()) < 10 * 1024
