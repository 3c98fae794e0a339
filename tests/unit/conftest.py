"""For all unit tests: a clock to move, and no way to a real cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from embedded.github.server import LocalGithub
from embedded.slack import LocalSlack
from kanmon.github.client import WRITE_PAUSE
from kanmon.language import VARIABLE, speak
from tests.fakes.cloud import Cloud
from tests.fakes.repository import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.clock import Clock

# A busy machine is slow. That is no failure of a test.
settings.register_profile("kanmon", deadline=None)
settings.load_profile("kanmon")


@pytest.fixture(autouse=True)
def _no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without its fake has worthless credentials."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "GITHUB_SHA", "GITHUB_ACTOR", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def japanese() -> Iterator[None]:
    """A reader who chose Japanese."""
    speak({VARIABLE: "ja"})
    yield
    speak({})


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def clock(cloud: Cloud) -> Clock:
    """The time of everything that works on the cloud."""
    return cloud.clock


@pytest.fixture(scope="session")
def slack_server() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.fixture
def slack(slack_server: LocalSlack) -> LocalSlack:
    """Slack on loopback, without messages."""
    slack_server.forget()
    return slack_server


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalGithub]:
    """GitHub on loopback with one repository. Every request must fit GitHub's own description."""
    monkeypatch.setenv(WRITE_PAUSE, "0")
    with LocalGithub() as server:
        server.add_repository(NAME)
        yield server
    assert server.violations == []
