"""A check behind a login is asked again behind the same login (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.model import Result
from tests.fakes.app import make_config
from tests.fakes.runs import release

if TYPE_CHECKING:
    from kanmon.checks.probe import Target
    from kanmon.config.checks import Check
    from kanmon.config.schema import Config
    from tests.fakes.cloud import Cloud


def _config(body: str = "kim", **changes: Any) -> Config:
    login = {"name": "login", "path": "/api/login", "body": body, "capture": {"json": {"token": "t"}}}
    mine = {"name": "mine", "path": "/api/mine", "headers": {"authorization": "Bearer ${login.token}"}}
    return make_config(checks=[login, mine, {"name": "page", "path": "/"}], **changes)


def _asked(cloud: Cloud, monkeypatch: Any, failing: str) -> list[tuple[str, str, str]]:
    """All checks that run from now on. `mine` fails on this target."""
    asked: list[tuple[str, str, str]] = []
    answering = cloud.answering

    def answer(check: Check, target: Target) -> str | None:
        asked.append((check.name, target.name, target.release))
        broken = check.name == "mine" and f"{target.release} {target.name}" == failing
        return None if broken else answering(check, target)

    monkeypatch.setattr(cloud, "answering", answer)
    return asked


def test_the_stable_release_is_asked_behind_its_login(cloud: Cloud, monkeypatch: Any) -> None:
    """ADP-8: it passes there, so the new release is at fault."""
    release(cloud, "one", config=_config())
    asked = _asked(cloud, monkeypatch, "r2 live")
    assert release(cloud, "two", config=_config()).result is Result.ROLLED_BACK
    assert [name for name, target, _ in asked if target == "stable"] == ["login", "mine"]


def test_a_new_login_says_nothing_about_the_stable_release(cloud: Cloud, monkeypatch: Any) -> None:
    """It may fail there for another reason: the stable release does not know it."""
    release(cloud, "one", config=_config())
    asked = _asked(cloud, monkeypatch, "r2 live")
    assert release(cloud, "two", config=_config("sam")).result is Result.ROLLED_BACK
    assert not [name for name, target, _ in asked if target == "stable"]


def test_a_disturbance_before_the_first_change_is_asked_again_behind_its_login(
    cloud: Cloud, monkeypatch: Any
) -> None:
    release(cloud, "one", config=_config())
    asked = _asked(cloud, monkeypatch, "r1 live")
    release(cloud, "two", config=_config(tags={"team": "b"}))
    before = [name for name, target, one in asked if (target, one) == ("live", "r1")]
    assert before[:5] == ["login", "mine", "page", "login", "mine"]
