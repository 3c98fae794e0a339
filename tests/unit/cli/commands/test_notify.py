"""`kanmon notify`: its messages, their receivers, and its failures (CD-12)."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from embedded.slack import TOKEN, LocalSlack
from kanmon.cli.commands.notify import NotifyOptions, run
from kanmon.cli.context import Context
from kanmon.errors import ExitStatus
from kanmon.report.console import make_console
from tests.fakes.app import make_bundle, make_config
from tests.fakes.runs import plan_of, release, roll_back

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.cloud import Cloud


@pytest.fixture
def context(cloud: Cloud, slack: LocalSlack, tmp_path: Path) -> Context:
    """A context whose only channel is a bot of Slack's."""
    secret = f'{{"token": "{TOKEN}", "channel": "C1", "api": "{slack.api}"}}'
    secrets = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": secret})
    context = Context(tmp_path / "kanmon.yml")
    context.console = make_console(io.StringIO())
    context.config = make_config(notifications={"sns": False, "channels": {"slack": "shop-slack"}})
    account: Any = SimpleNamespace(aws=SimpleNamespace(secrets=secrets))
    context.account = account
    context.services = cloud.services()
    return context


def printed(context: Context) -> str:
    assert isinstance(context.console.console.file, io.StringIO)
    return context.console.console.file.getvalue()


def test_waiting_has_the_plans_numbers(
    cloud: Cloud, context: Context, slack: LocalSlack, tmp_path: Path
) -> None:
    release(cloud, "a1")
    (tmp_path / "plan.json").write_text(plan_of(cloud, make_bundle(cloud, "b2")).text())
    assert run(NotifyOptions(event="waiting", plan=tmp_path / "plan.json"), context) == ExitStatus.OK
    [got] = slack.messages
    assert got.text == "✋ shop test: r2 waits for approval"
    assert "b20000000000" in str(got.content["blocks"])


def test_a_waiting_rollback_names_both_releases(cloud: Cloud, context: Context, slack: LocalSlack) -> None:
    release(cloud, "a1")
    release(cloud, "b2")
    run(NotifyOptions(event="waiting", reason="it hurts"), context)
    [got] = slack.messages
    assert got.text == "✋ shop test: the rollback to r1 waits for approval"
    shown = [field["text"] for block in got.content["blocks"] for field in block.get("fields", [])]
    assert shown[:6] == ["*from*", "r2", "*to*", "r1, commit a10000000000", "*reason*", "it hurts"]


def test_the_end_comes_from_the_runs_own_operation(cloud: Cloud, context: Context, slack: LocalSlack) -> None:
    """CD-12: without a workflow, the newest operation is the run's."""
    release(cloud, "a1")
    run(NotifyOptions(), context)
    assert [got.text for got in slack.messages] == ["✅ shop test: r1 is live"]


def test_a_run_without_an_operation_is_announced_with_its_cause(context: Context, slack: LocalSlack) -> None:
    run(NotifyOptions(cause="KNM-326: Nobody approved."), context)
    [got] = slack.messages
    assert got.text == "❌ shop test: a run failed before it changed anything"
    assert "KNM-326: Nobody approved." in str(got.content["blocks"])


def test_without_an_operation_and_a_cause_nothing_is_sent(context: Context, slack: LocalSlack) -> None:
    assert run(NotifyOptions(), context) == ExitStatus.OK
    assert slack.messages == []


def test_all_messages_of_a_release_are_in_one_thread(
    cloud: Cloud, context: Context, slack: LocalSlack
) -> None:
    """CD-12: a rollback's, too: it is about the release that it rolls back."""
    release(cloud, "a1")
    release(cloud, "b2")
    run(NotifyOptions(), context)
    roll_back(cloud)
    run(NotifyOptions(), context)
    first, second = (got.content for got in slack.messages)
    assert "thread_ts" not in first
    assert str(second["thread_ts"]) == cloud.ledger.threads("r2")["slack"]


@pytest.mark.parametrize("secret", ["", "neither"])
def test_an_unusable_channel_is_a_warning(
    cloud: Cloud, context: Context, slack: LocalSlack, secret: str
) -> None:
    """CD-12: nothing depends on a message."""
    release(cloud, "a1")
    aws: Any = context.account.aws
    aws.secrets.get_secret_value = lambda **_: {"SecretString": secret}
    assert run(NotifyOptions(), context) == ExitStatus.OK
    assert printed(context).startswith("KNM-611 ")
    assert slack.messages == []


def test_an_unreadable_plan_is_a_warning(context: Context, tmp_path: Path) -> None:
    """CD-12"""
    (tmp_path / "plan.json").write_text("{}")
    assert run(NotifyOptions(event="started", plan=tmp_path / "plan.json"), context) == ExitStatus.OK
    assert printed(context).startswith("KNM-")
