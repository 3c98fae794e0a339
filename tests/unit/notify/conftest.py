"""Slack on loopback, for the tests of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded.slack import LocalSlack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.fixture
def slack(server: LocalSlack) -> LocalSlack:
    server.messages.clear()
    return server
