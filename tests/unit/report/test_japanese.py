"""All that a run shows is in Japanese for a reader who chose it (DOC-1)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from kanmon.apptest.results import CaseOutcome
from kanmon.apptest.summary import summary_of
from kanmon.codes import Code
from kanmon.config.verify import Verify
from kanmon.errors import KanmonError
from kanmon.ledger.records import CheckRecord, Decision, DecisionKind, Head, Lease, Release
from kanmon.model import Approval, Result, Step
from kanmon.release.events import Event, EventKind
from kanmon.release.outputs import Addresses
from kanmon.release.plan import PlannedStack
from kanmon.release.rollback import Targets
from kanmon.release.walk import Outcome
from kanmon.report import terminal
from kanmon.report.figures import plan_figures
from kanmon.report.markdown import render_markdown
from kanmon.report.plan_page import plan_markdown
from kanmon.report.verdict import print_verdict, verdict_markdown
from kanmon.stacks.changes import Change
from tests.texts import WORDS
from tests.unit.report.test_markdown import notes_page, outcome_page, plan_page, verdict_page
from tests.unit.report.test_plan_page import large_plan
from tests.unit.report.test_terminal import (
    NOON,
    a_plan,
    an_operation,
    console,
    history,
    hostile_texts,
    printed,
)
from tests.unit.report.test_verdict import case, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.release.plan import Plan

VALUE = "値"
NAMES = re.compile(r"`[^`]*`|rolled back|AWS::\w+|kanmon [a-z]+( --[-a-z]+)*|traffic\.bake, checks|<[^>]*>")
"""Code, and the names of results, commands, types and keys: they are the same for each reader."""

pytestmark = pytest.mark.usefixtures("japanese")


def left_over(shown: str) -> list[str]:
    """The English words in a row."""
    return [found[0] for found in WORDS.finditer(NAMES.sub("", shown))]


@pytest.fixture(autouse=True)
def _effects(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of a plan about a stack's effect belong to the release: its own tests have them."""
    monkeypatch.setattr(PlannedStack, "effect", VALUE)


def plans() -> list[Plan]:
    """One with everything, one with more than a page shows, ones with nothing."""
    changed = tuple(f"{number}.html" for number in range(30))
    whole = a_plan(Change(action="Modify", logical_id="R", type="AWS::IAM::Role"), changed=changed)
    verify = Verify(image=f"{'a' * 8}@sha256:{'0' * 64}", commands=("make",))
    more = {"secrets": (VALUE,), "verify": verify, "required": VALUE, "existing": (VALUE,)}
    more |= {"user_triggers": (VALUE,), "config_changes": changed}
    first = a_plan(changed=(), served={VALUE: None, "": ""}).model_copy(update={"base": None})
    return [whole.model_copy(update=more), large_plan(600, 40, 8), first, a_plan(unchanged=True)]


def terminal_of_plans() -> str:
    on = console()
    for plan in plans():
        terminal.print_plan(on, plan)
    return printed(on)


def pages_of_plans() -> str:
    return "".join(plan_markdown(plan, limit) for plan in plans() for limit in (1_000_000, 50_000, 1))


def figures() -> str:
    return str([plan_figures(plan) for plan in plans()])


def outcomes() -> str:
    on, pages = console(), ""
    for result in Result:
        for operation in (an_operation(), None):
            outcome = Outcome(result, "r2", operation)
            terminal.print_outcome(on, outcome)
            pages += render_markdown("outcome.md.j2", outcome=outcome, plan=None)
    return printed(on) + pages


def verdicts() -> str:
    cases = [case(str(number), CaseOutcome.FAILED) for number in range(230)]
    problems = tuple(KanmonError(Code.TESTS_FAILED, VALUE) for _ in range(30))
    flaky = verdict(case("1", CaseOutcome.FLAKY), case("2", CaseOutcome.SKIPPED))
    on, pages = console(), ""
    for one in (flaky, verdict(*cases, failures=problems)):
        print_verdict(on, one)
        pages += "".join(verdict_markdown(summary_of(one), limit, "https://run") for limit in (500_000, 1))
    return printed(on) + pages


def addresses() -> str:
    on = console()
    terminal.print_addresses(on, Addresses(url=VALUE, dashboard=VALUE))
    terminal.print_unconfirmed(on, "kim@example.com")
    terminal.print_error(on, KanmonError(Code.CHECK_FAILED, VALUE, where=VALUE))
    return printed(on)


def states() -> str:
    """Of the environment: with and without a live release, a lease, a way back."""
    on = console()
    lease = Lease(holder=VALUE, expires=NOON)
    release = Release(id="r1", commit="a", bundle="b", created=NOON)
    states = (None, Targets(None, (), VALUE), NOON), (release, Targets(None, (VALUE,), VALUE), NOON)
    for head in (Head(lease=lease), Head(live="r2", lease=lease)):
        for one, targets, now in (*states, (release, Targets("r1", ()), NOON - timedelta(seconds=1))):
            terminal.print_status(on, head, one, targets, an_operation(), now=now)
    return printed(on)


@pytest.mark.parametrize(
    "shown",
    [
        *(terminal_of_plans, pages_of_plans, figures, outcomes, verdicts, addresses, states),
        lambda: hostile_texts(VALUE),
        lambda: history(an_operation(VALUE, VALUE).model_copy(update={"failure": None})),
        *(lambda page=page: page(VALUE) for page in (plan_page, outcome_page, notes_page, verdict_page)),
    ],
)
def test_no_english_is_left_over(shown: Callable[[], str]) -> None:
    text = shown()
    assert not text.isascii()
    assert left_over(text) == []


def test_english_is_found() -> None:
    assert left_over("r2: rolled back, `run this` and kanmon deploy --lift-freeze\n| it took 3 s |") == [
        "it took"
    ]


def test_the_history_is_aligned() -> None:
    """CD-11: a Japanese letter is as wide as two others."""
    titles, row, *_ = history(an_operation()).splitlines()
    assert cell_len(titles.partition("実行者")[0]) == cell_len(row.partition("kim")[0])


def test_a_check_and_its_target_are_in_japanese() -> None:
    """The ledger has English words."""
    on = console()
    names = {"check": "page", "release": "r2", "target": "live"}
    facts: dict[str, str | int | float | bool] = {**names, "passed": True, "milliseconds": 1, "tries": 1}
    terminal.Progress(on, NOON)(Event(EventKind.CHECK, VALUE, facts, at=NOON))
    assert "page / r2 (公開中)" in printed(on)
    record = CheckRecord(name="page", target="candidate", passed=True, tries=1, milliseconds=1)
    assert "| 候補 |" in render_markdown("checks.md.j2", checks=[record])


def test_a_state_without_a_release_is_in_japanese() -> None:
    on = console()
    terminal.print_status(on, Head(), None, Targets(None, (), VALUE), None, now=NOON)
    assert "スロット: なし" in printed(on)


def test_a_decision_is_in_japanese() -> None:
    approval = Approval(by="kim", how="terminal", digest="d", at=NOON)
    decision = Decision(
        operation=1, kind=DecisionKind.ABORT, step=Step.SHIFT, approval=approval, reason=VALUE
    )
    decided = history(an_operation().model_copy(update={"decisions": (decision,)}))
    assert f"kim: 中止、{VALUE}" in decided
