"""`kanmon status`: the environment's present state, for people and for scripts (CD-11)."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kanmon.cli import context as context_module
from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    import pytest

    from tests.unit.cli.commands.conftest import App


def test_the_live_release_has_its_commit(app: App) -> None:
    """CD-11"""
    app.deploy("one")
    assert app.run("status") is ExitStatus.OK
    assert "live      r1 (commit cccccccccccc)" in app.printed()


def test_before_the_first_release_no_slot_is_live(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-11, DOC-1"""
    app.run("status")
    assert "slot      none\n" in app.printed()
    monkeypatch.setenv("KANMON_LANG", "ja")
    app.run("status")
    assert "スロット: なし\n" in app.printed()


def test_the_first_release_has_no_way_back(app: App) -> None:
    """CD-9: as the history has it."""
    app.deploy("one")
    app.run("status")
    assert "rollback  not possible: No stable release was live before r1.\n" in app.printed()
    app.run("history")
    assert app.printed().endswith("kept for a rollback: none\n")


def test_a_freeze_is_shown_with_its_reason(app: App) -> None:
    """CD-10"""
    app.deploy("one")
    app.deploy("two")
    app.run("rollback", "--yes", "--reason", "it [bold]hurts")
    app.printed()
    app.run("status")
    assert "frozen    since 2026-01-01 00:00 UTC: it [bold]hurts" in app.printed()


def test_json_is_the_ledgers_head_with_the_addresses(app: App) -> None:
    """CD-11"""
    app.deploy("one")
    assert app.run("status", "--json") is ExitStatus.OK
    addresses = {"url": "https://edge.test", "dashboard": "https://dashboard.test"}
    head = app.cloud.ledger.head().model_dump(mode="json")
    assert json.loads(app.printed()) == head | {"held": False, "unconfirmed_emails": []} | addresses


def test_the_address_and_the_dashboard_are_shown(app: App) -> None:
    app.deploy("one")
    app.run("status")
    printed = app.printed()
    assert printed.startswith("in        test\n")
    assert "address   https://edge.test" in printed
    assert "dashboard https://dashboard.test" in printed


def test_nothing_is_written(app: App) -> None:
    assert app.run("status") is ExitStatus.OK
    assert app.untouched


def test_an_address_without_a_confirmation_is_shown(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """MON-2: before the first release there is no topic to ask about."""
    asked: list[str] = []

    def paginate(TopicArn: str) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        asked.append(TopicArn)
        return [{"Subscriptions": [{"Endpoint": "a@example.com", "SubscriptionArn": "arn:aws:sns:x"}]}]

    sns = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    monkeypatch.setattr(
        context_module, "Aws", lambda region: SimpleNamespace(region=region, account="1" * 12, sns=sns)
    )
    app.configure(notifications={"emails": ["a@example.com", "b@example.com"]})
    assert app.run("status") is ExitStatus.OK
    assert "gets no alarms" not in app.printed()
    assert asked == []
    app.deploy("one")
    assert app.run("status") is ExitStatus.OK
    assert "b@example.com gets no alarms: confirm" in " ".join(app.printed().split())
    assert len(asked) == 1
    app.run("status", "--json")
    assert json.loads(app.printed())["unconfirmed_emails"] == ["b@example.com"]
