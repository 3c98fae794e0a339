"""The viewer: a process in the role of people with the app open; it records every answer.

`python -m demo.viewer` reads its settings (`url`, `log`, and `people` for fewer of them) as a line of JSON
and ends with its parent.
"""

from __future__ import annotations

import json
import random
import re
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError

from embedded.child import announce, read_settings
from kanmon.naming import RELEASE_HEADERS

from .seen import Kind, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = 30.0
PAUSE = 0.4
"""Between two requests of the same person."""
TABS = 12
"""How many pages a person keeps open; the first one stays open for good."""
GOAL = {"title": "See every release through"}
_LINKED = re.compile(r'(?:src|href)="(/[^"]+\.(?:js|css|svg|webmanifest))"')
_IMPORTED = re.compile(r"""["'`(](\.?/?(?:assets/)?[\w.-]+-[\w-]{8}\.(?:js|css|svg|woff2))["'`)]""")


@dataclass
class Log:
    """The lines, written by all threads."""

    output: TextIO
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, seen: Seen) -> None:
        """Keep one record."""
        with self.lock:
            self.output.write(seen.text())


@dataclass
class Browser:
    """One person's connection."""

    url: str
    log: Log
    ended: threading.Event
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=TIMEOUT, maxsize=1)
    )

    def get(self, kind: Kind, path: str) -> str:
        """Get something; returns its text, empty after a failure."""
        return self.ask(kind, "GET", path, (200,))

    def ask(self, kind: Kind, method: str, path: str, wanted: tuple[int, ...], content: object = None) -> str:
        """Send a request and record the answer; returns its text, empty when it wasn't as wanted."""
        body = None if content is None else json.dumps(content)
        start = time.time()
        status, release, text = 0, "", ""
        try:
            response = self.pool.request(
                method, self.url + path, body=body, headers={"user-agent": "kanmon-viewer"}, redirect=False
            )
            status, text = response.status, response.data.decode("utf-8", "replace")
            release = next(
                (response.headers[name] for name in RELEASE_HEADERS if name in response.headers), ""
            )
            problem = _problem(kind, path, status in wanted, release, text)
            problem = problem and f"status {status}: {problem}"
        except HTTPError as error:
            problem = f"no answer: {error}"
        self.log.write(Seen(start, time.time(), kind, method, path, status, release, problem))
        self.ended.wait(PAUSE * random.uniform(0.6, 1.4))
        return "" if problem else text


def _problem(kind: Kind, path: str, wanted: bool, release: str, text: str) -> str:
    """The problem of an answer."""
    if not wanted:
        return " ".join(text.split())[:200] or "not what was wanted"
    if kind in {Kind.PAGE, Kind.API} and not release:
        return "the answer doesn't name its release"
    if kind is Kind.ASSET and text.lstrip()[:9].lower() == "<!doctype":
        return "a page instead of the asset"
    if path == "/api/version" and (named := json.loads(text)["release"]) != release:
        return f"the body names {named}, the header {release}"
    return ""


@dataclass
class Tab:
    """An open page, with the files for later."""

    later: list[str]


def read_pages(browser: Browser) -> None:
    """Open the page with all its assets; keep it open, and load its other assets later."""
    tabs: deque[Tab] = deque()
    while not browser.ended.is_set():
        page = browser.get(Kind.PAGE, "/")
        if not page:
            continue
        tabs.append(_open(browser, page))
        if len(tabs) > TABS:
            # The first page ever opened stays.
            del tabs[1]
        for tab in (tabs[0], tabs[len(tabs) // 2]):
            if tab.later:
                browser.get(Kind.ASSET, random.choice(tab.later))
        browser.get(Kind.API, "/api/goals")


def _open(browser: Browser, page: str) -> Tab:
    """Load a page's first files; the tab keeps the files for later."""
    later: list[str] = []
    for path in dict.fromkeys(_LINKED.findall(page)):
        if not path.startswith("/assets/"):
            browser.get(Kind.FILE, path)
            continue
        text = browser.get(Kind.ASSET, path)
        later += [_absolute(path, found) for found in _IMPORTED.findall(text)]
    return Tab([path for path in dict.fromkeys(later) if path not in page])


def _absolute(base: str, found: str) -> str:
    return f"/{found}" if found.startswith("assets/") else urljoin(base, found)


def ask_api(browser: Browser) -> None:
    """Ask the API for the data of every page."""
    while not browser.ended.is_set():
        browser.get(Kind.API, "/api/version")
        browser.get(Kind.API, "/api/goals")


def keep_goals(browser: Browser) -> None:
    """Write a goal, read it, change it, delete it, again and again."""
    while not browser.ended.is_set():
        created = browser.ask(Kind.API, "POST", "/api/goals", (201,), GOAL)
        if not created:
            continue
        goal = json.loads(created)
        path = f"/api/goals/{goal['id']}"
        browser.get(Kind.API, path)
        change = {**GOAL, "title": GOAL["title"] + "!", "version": goal["version"]}
        browser.ask(Kind.API, "PUT", path, (200,), change)
        browser.ask(Kind.API, "DELETE", path, (204,))


PEOPLE: tuple[Callable[[Browser], None], ...] = (
    read_pages, read_pages, ask_api, read_pages, ask_api, keep_goals,
)  # fmt: skip


def main() -> None:
    """Watch until asked to end."""
    settings = read_settings()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Path(settings["log"]).open("w", encoding="utf-8") as output:
        log = Log(output)
        acts = PEOPLE[-settings.get("people", len(PEOPLE)) :]
        people = [threading.Thread(target=act, args=(Browser(settings["url"], log, ended),)) for act in acts]
        for person in people:
            person.start()
        announce({"people": len(people)})
        for person in people:
            person.join()


if __name__ == "__main__":
    main()
