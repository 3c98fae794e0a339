"""`kanmon destroy` shows, asks, removes, and names what is left (AWS-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.aws.fence import Fence
from kanmon.cli import approvals as approvals_module
from kanmon.cli import wiring as wiring_module
from kanmon.errors import ExitStatus
from kanmon.model import Resource
from kanmon.release.destroy import Removers
from tests.fakes.removal import FakeAccountContent, FakeKept, FakeRemoval

if TYPE_CHECKING:
    from tests.unit.cli.commands.conftest import App

QUEUE = Resource("AWS::SQS::Queue", "https://queue")
STACKS = ("shop-test-edge", "shop-test-foundation")


@pytest.fixture
def content(app: App, monkeypatch: pytest.MonkeyPatch) -> FakeAccountContent:
    """The account has two stacks of the app, and a queue in one of them."""
    made = FakeAccountContent(stacks={STACKS[0]: [], STACKS[1]: [QUEUE]})
    cloud = app.cloud
    removers = Removers(cloud.ledger, FakeRemoval(made), FakeKept(made), cloud.clock, Fence(), "kim")
    monkeypatch.setattr(wiring_module, "removers_of", lambda _: removers)
    return made


def _answer(monkeypatch: pytest.MonkeyPatch, answer: str) -> list[str]:
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return answer

    monkeypatch.setattr(approvals_module, "asker", lambda _: ask)
    return questions


def test_the_removed_and_the_kept_are_shown(app: App, content: FakeAccountContent) -> None:
    assert app.run("destroy", "--yes") is ExitStatus.OK
    printed = app.printed()
    assert "- shop-test-edge: the stack, CREATE_COMPLETE\n" in printed
    assert "  shop-test-foundation stays, because of its data. `--data` removes it.\n" in printed
    assert "  AWS::SQS::Queue https://queue stays.\n" in printed
    assert "shop-test is removed." in printed
    assert content.deleted == [STACKS[0]]


def test_data_goes_only_when_somebody_wants_it(app: App, content: FakeAccountContent) -> None:
    assert app.run("destroy", "--yes", "--data") is ExitStatus.OK
    shown, _, _ = app.printed().partition("deleting")
    assert "- AWS::SQS::Queue https://queue: with its data\n" in shown
    assert "- the bundles and the history of test\n" in shown
    assert content.deleted == [*STACKS, QUEUE.id]


def test_a_person_types_the_environments_name(
    app: App, content: FakeAccountContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = _answer(monkeypatch, " test ")
    assert app.run("destroy") is ExitStatus.OK
    assert questions == ["Type test to remove it: "]
    assert content.deleted == [STACKS[0]]


@pytest.mark.parametrize("answer", ["", "y", "production"])
def test_any_other_answer_changes_nothing(
    app: App, content: FakeAccountContent, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    _answer(monkeypatch, answer)
    assert "Nothing was changed" in app.refusal("destroy")
    assert content.deleted == []
    assert app.untouched


def test_without_a_terminal_it_is_refused(app: App, content: FakeAccountContent) -> None:
    refusal = app.refusal("destroy")
    assert refusal.startswith("KNM-311 There is no terminal for the question, and no --yes. ")
    assert "add `--yes` in a script" in refusal
    assert content.deleted == []


def test_a_failure_names_the_stack_and_the_next_run_goes_on(
    app: App, content: FakeAccountContent, capsys: pytest.CaptureFixture[str]
) -> None:
    content.failing.add(STACKS[1])
    assert app.run("destroy", "--yes", "--data") is ExitStatus.FAILED
    assert "KNM-220" in capsys.readouterr().err
    content.failing.clear()
    assert app.run("destroy", "--yes", "--data") is ExitStatus.OK


def test_nothing_is_left_to_remove(app: App, content: FakeAccountContent) -> None:
    content.stacks.clear()
    assert app.run("destroy") is ExitStatus.OK
    assert "There is nothing of shop-test to remove." in app.printed()
