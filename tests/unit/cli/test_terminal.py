"""What people read: every kind of event, errors as one message, the history, the plan, the question."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from kanmon.approval import TerminalApproval
from kanmon.cloudformation import Change, ChangeSet
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Approval, Attempt, Failure, Pointer, Release, Result, Slot
from kanmon.release.events import Event, Kind
from kanmon.release.plan import Plan, PlannedStack, WebPlan
from kanmon.report.terminal import (
    Progress,
    make_console,
    print_error,
    print_history,
    print_plan,
)

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def console() -> Console:
    return Console(file=io.StringIO(), highlight=False, soft_wrap=True, width=300)


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


@pytest.mark.parametrize("code", Code, ids=lambda code: code.id)
def test_every_error_is_one_message_with_code_cause_place_and_fix(code: Code) -> None:
    on = console()
    print_error(on, KanmonError(code, "What [red]happened[/].", where="a[0]"))
    assert printed(on) == f"{code.id} What [red]happened[/]. (a[0]) {code.fix}\n"


def test_an_error_s_own_fix_comes_before_the_general_one() -> None:
    on = console()
    print_error(on, KanmonError(Code.USAGE, "Wrong.", fix="Do this."))
    assert printed(on) == "KNM-901 Wrong. Do this.\n"


def test_the_codes_are_all_different() -> None:
    assert len({code.id for code in Code}) == len(Code)


_STACK = {"stack": "shop-api", "resource": "Live", "type": "AWS::ApiGateway::Stage"}
_WHOLE = _STACK | {"type": "AWS::CloudFormation::Stack"}
_CHECK = {"check": "health", "release": "r2", "target": "live", "milliseconds": 12, "attempts": 3}
_EVENTS: list[tuple[Kind, dict[str, Any], list[str]]] = [
    (Kind.STATE, {"state": "verified"}, ["verified"]),
    (Kind.STACK, _STACK | {"status": "CREATE_FAILED"}, ["CREATE_FAILED", "shop-api Live"]),
    (Kind.HOOK, {"hook": "migrate"}, ["migrate"]),
    (Kind.CHECK, _CHECK | {"passed": True}, ["✓", "health on r2 (live)", "12 ms", "3 tries"]),
    (Kind.CHECK, _CHECK | {"passed": False}, ["✗", "health on r2 (live)"]),
    (Kind.TRAFFIC, {}, ["→"]),
    (Kind.NOTE, {}, []),
    (Kind.FAILURE, {"code": "KNM-211"}, ["✗ KNM-211"]),
]


@pytest.mark.parametrize(("kind", "facts", "expected"), _EVENTS)
def test_every_kind_of_event_is_printed_with_its_text_as_it_is(
    kind: Kind, facts: dict[str, Any], expected: list[str]
) -> None:
    on = console()
    Progress(on)(Event(kind, "AWS says [red]no[/] to [/api]", facts))
    for part in (*expected, "AWS says [red]no[/] to [/api]"):
        assert part in printed(on)
    assert printed(on).count("\n") == 1


def test_every_kind_is_covered_here() -> None:
    assert {kind for kind, _, _ in _EVENTS} == set(Kind) - {Kind.PREVIEW}


def test_a_trials_token_is_not_printed() -> None:
    """SEC-5"""
    on = make_console(io.StringIO())
    Progress(on)(Event(Kind.PREVIEW, "r1-0f0f"))
    assert isinstance(on.file, io.StringIO)
    assert on.file.getvalue() == ""


@pytest.mark.parametrize(
    ("verbose", "facts", "shown"),
    [
        (False, _WHOLE | {"status": "UPDATE_COMPLETE"}, True),
        (False, _WHOLE | {"status": "UPDATE_IN_PROGRESS"}, False),
        (False, _STACK | {"status": "UPDATE_COMPLETE"}, False),
        (True, _STACK | {"status": "UPDATE_COMPLETE"}, True),
        (False, _STACK | {"status": "UPDATE_FAILED"}, True),
    ],
)
def test_of_stack_events_only_the_end_and_failures_are_shown_unless_all_are_wanted(
    verbose: bool,
    facts: dict[str, Any],
    shown: bool,
) -> None:
    on = console()
    Progress(on, verbose=verbose)(Event(Kind.STACK, "", facts))
    assert bool(printed(on)) is shown


def test_an_arn_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/db"
    print_error(make_console(), KanmonError(Code.AWS_DENIED, arn))
    assert arn in capsys.readouterr().out


def an_attempt(actor: str = "kim", approver: str = "aki") -> Attempt:
    return Attempt(
        number=7,
        kind="deploy",
        release="r2",
        base="r1",
        slot=Slot.GREEN,
        actor=actor,
        approval=Approval(by=approver, how="terminal", digest="d", at=NOON),
        began=NOON,
        ended=NOON + timedelta(seconds=83.25),
        result=Result.ROLLED_BACK,
        failure=Failure(code="KNM-501", message="health: [red] is 500"),
    )


def history(*attempts: Attempt) -> str:
    on = console()
    release = Release(id="r2", commit="abcdef0123456789", bundle="b", created=NOON)
    print_history(on, list(attempts), {"r2": release})
    return printed(on)


def test_the_history_has_when_which_version_who_approved_by_result_and_duration() -> None:
    """CD-11."""
    text = history(an_attempt())
    for part in (
        "2026-01-02 12:00:00",
        "r2",
        "abcdef01",
        "r1",
        "kim",
        "aki",
        "rolled back",
        "83.2",
        "health: [red] is 500",
    ):
        assert part in text


def test_the_history_begins_with_the_newest() -> None:
    """CD-11."""
    text = history(an_attempt(actor="earlier"), an_attempt(actor="later").model_copy(update={"number": 8}))
    assert text.index("later") < text.index("earlier")


def test_an_attempt_that_has_not_ended_is_listed_by_its_state() -> None:
    """CD-13."""
    open_one = {"ended": None, "result": None, "failure": None, "approval": None}
    assert "built" in history(an_attempt().model_copy(update=open_one))


def test_a_bot_s_name_is_printed_whole() -> None:
    """CD-11: GITHUB_ACTOR of a bot is `dependabot[bot]`."""
    text = history(an_attempt("dependabot[bot]", "release[bot]"))
    assert "dependabot[bot]" in text
    assert "release[bot]" in text


def a_plan(*changes: Change, changed: tuple[str, ...] = ("index.html",), unchanged: bool = False) -> Plan:
    stack = PlannedStack(
        part="slot",
        name="shop-slot-green",
        template="t",
        parameters={},
        resolved={},
        change_set=ChangeSet(stack="shop-slot-green", id="arn", creates=False, changes=changes),
    )
    return Plan(
        app="shop",
        environment="test",
        release="r2",
        commit="abcdef0123456789",
        bundle="b",
        slot=Slot.GREEN,
        base="r1",
        origin=Pointer(),
        made=NOON,
        stacks=(
            stack,
            stack.model_copy(update={"name": "shop-edge", "change_set": None}),
            stack.model_copy(update={"name": "shop-api", "change_set": None, "resolved": None}),
        ),
        web=WebPlan(files=5, assets=2, changed=changed),
        unchanged=unchanged,
    )


def test_a_plan_shows_every_change_and_its_digest() -> None:
    """CD-4."""
    plan = a_plan(
        Change(action="Add", logical_id="New", type="AWS::Lambda::Function"),
        Change(action="Modify", logical_id="Role", type="AWS::IAM::Role", properties=("Policies",)),
        Change(action="Modify", logical_id="Table", type="AWS::DynamoDB::Table", replacement="True"),
        Change(action="Remove", logical_id="Old", type="AWS::Logs::LogGroup"),
    )
    on = console()
    print_plan(on, plan)
    lines = [line.strip() for line in printed(on).splitlines()]
    assert "+ New AWS::Lambda::Function" in lines
    assert "~ Role AWS::IAM::Role (Policies)  permissions" in lines
    assert "± Table AWS::DynamoDB::Table" in lines
    assert "- Old AWS::Logs::LogGroup" in lines
    assert "shop-edge: no change" in lines
    text = printed(on)
    for part in ("Plan for r2 (after r1)", "abcdef012345", "green", "index.html", plan.digest, "shop-api"):
        assert part in text


def test_a_plan_without_changes_says_so() -> None:
    """CD-6."""
    on = console()
    print_plan(on, a_plan(unchanged=True))
    assert printed(on) == "r2 is live already; there is nothing to change.\n"


def test_a_page_s_name_is_printed_whole() -> None:
    """CD-4: front-end frameworks write such names."""
    on = console()
    print_plan(on, a_plan(changed=("goals/[id].html",)))
    assert "goals/[id].html" in printed(on)


@dataclass
class Person:
    """Answers the question at the terminal."""

    says: str
    asked: str = ""

    def __call__(self, question: str) -> str:
        self.asked = question
        return self.says


@dataclass(frozen=True)
class Approvable:
    release: str = "r2"
    digest: str = "d1"


@pytest.mark.parametrize("says", ["y", "yes", "Y", " Yes "])
def test_yes_approves_exactly_this_plan(says: str) -> None:
    """CD-3, CD-4."""
    person = Person(says)
    approval = TerminalApproval("kim", person, assume_yes=False).approve(Approvable())
    assert (approval.by, approval.how, approval.digest) == ("kim", "terminal", "d1")
    assert "r2" in person.asked


@pytest.mark.parametrize("says", ["", "n", "no", "yeah", "yes please"])
def test_anything_else_does_not(says: str) -> None:
    with pytest.raises(KanmonError, match="kim did not approve r2") as caught:
        TerminalApproval("kim", Person(says), assume_yes=False).approve(Approvable())
    assert caught.value.code is Code.NOT_APPROVED


def test_with_nobody_to_ask_nothing_is_approved() -> None:
    with pytest.raises(KanmonError, match="no terminal") as caught:
        TerminalApproval("kim", None, assume_yes=False).approve(Approvable())
    assert caught.value.code is Code.NOT_APPROVED


def test_yes_given_beforehand_is_recorded_as_that() -> None:
    person = Person("no")
    assert TerminalApproval("kim", person, assume_yes=True).approve(Approvable()).how == "--yes"
    assert person.asked == ""


def test_the_question_shows_which_answers_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kanmon.cli.commands import _asker  # noqa: PLC0415 - private: what the deploy command asks with

    monkeypatch.setattr("builtins.input", lambda *_: "y")
    monkeypatch.setattr("sys.stdin", _Terminal())
    TerminalApproval("kim", _asker(make_console()), assume_yes=False).approve(Approvable())
    assert "[y/N]" in capsys.readouterr().out


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
