"""What all unit tests have: a clock that they move, and no way to a real cloud."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.fakes.cloud import Clock, Cloud


@pytest.fixture(autouse=True)
def _no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that forgets its fake meets credentials that are worth nothing."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "GITHUB_SHA", "GITHUB_ACTOR", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time as the lease and the deploy see it."""
    clock = Clock()
    monkeypatch.setattr("kanmon.release.lease._now", clock.now)
    for module in ("bake", "deploy", "recover"):
        monkeypatch.setattr(f"kanmon.release.{module}.time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()
