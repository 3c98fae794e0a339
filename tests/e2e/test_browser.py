"""A real browser on the reference app through the edge: candidate and live release, and the app at work."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.changes import visible_change
from tests.e2e.test_release import never_verified, preview_token, stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.project import Project

# A function's first answer on a busy machine may take its time.
expect.set_options(timeout=30_000)
pytestmark = [pytest.mark.emulator, pytest.mark.browser]

# The loopback edge is plain HTTP on one address, so the distribution is named by the browser's own resolver.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def _browser(project: Project) -> Iterator[Browser]:
    edge = project.environment["KANMON_EDGE_ENDPOINT_URL"].removeprefix("http://")
    rules = f"--host-resolver-rules=MAP {project.domain()}:80 {edge}"
    # As https in production: the preview's cookie is Secure, so this origin must count as secure.
    secure = f"--unsafely-treat-insecure-origin-as-secure=http://{project.domain()}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*_ARGUMENTS, rules, secure]
        )
        yield browser
        browser.close()


def _page(browser: Browser, problems: list[str]) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("response", lambda answer: _note(problems, answer.status, answer.url))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    return page


def _note(problems: list[str], status: int, url: str) -> None:
    if status >= HTTPStatus.BAD_REQUEST:
        problems.append(f"{url} answered {status}")


def _releases(page: Page, wanted: str) -> None:
    expect(page.get_by_test_id("page-release")).to_have_text(wanted)
    expect(page.get_by_test_id("api-release")).to_have_text(wanted)


def test_the_candidate_is_seen_by_its_link_alone(project: Project) -> None:
    """CD-8: with the link the new page with the new API, without it the old ones, at the same time."""
    project.release().check()
    visible_change(project, "two")
    deploy = never_verified(project)
    token = preview_token(project, deploy)
    origin = f"http://{project.domain()}"
    problems: list[str] = []
    with _browser(project) as browser:
        tester, user = _page(browser, problems), _page(browser, problems)
        tester.goto(f"{origin}/?kanmon-preview={token}")
        user.goto(origin)
        assert tester.title() == "Mandala two"
        assert user.title() == "Mandala"
        _releases(tester, "r2")
        _releases(user, "r1")
        tester.goto(f"{origin}/?kanmon-preview=")
        assert tester.title() == "Mandala"
        _releases(tester, "r1")
    deploy.end(signal.SIGINT).check(130)
    assert stages(project) == {"live"}
    assert problems == []


def test_a_goal_is_made_edited_and_kept(project: Project) -> None:
    """The reference app works through the edge: page, assets, API, database."""
    project.release().check()
    problems: list[str] = []
    with _browser(project) as browser:
        page = _page(browser, problems)
        page.goto(f"http://{project.domain()}/")
        page.get_by_test_id("new-goal").fill("Learn to sail")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("goal-title")).to_have_text("Learn to sail")
        page.get_by_test_id("cell-0-0").click()
        page.get_by_test_id("editor").fill("Tie a bowline")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("saving")).to_have_text("Saved")
        page.keyboard.press("Space")
        expect(page.get_by_test_id("overall-progress")).to_contain_text("100%")
        expect(page.get_by_test_id("saving")).to_have_text("Saved")
        page.reload()
        expect(page.get_by_test_id("cell-0-0")).to_contain_text("Tie a bowline")
        expect(page.get_by_test_id("overall-progress")).to_contain_text("100%")
    (goal,) = project.get("/api/goals").json()["goals"]
    assert goal["title"] == "Learn to sail"
    assert problems == []
