"""Commands are run by `main`, as from a shell. It takes the process's signals."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from kanmon.language import VARIABLE, speak

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Give the signals back to the test runner."""
    before = {
        number: signal.getsignal(number)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run in a workflow themselves, on CI."""
    for name in ("GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The person at the terminal chose Japanese."""
    monkeypatch.setenv(VARIABLE, "ja")
    speak({VARIABLE: "ja"})
    yield
    speak({})
