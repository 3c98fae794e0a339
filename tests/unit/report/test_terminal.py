"""Texts for people: every kind of event, errors as one message, the history, the plan."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.records import (
    Decision,
    DecisionKind,
    Destruction,
    Failure,
    Freeze,
    Head,
    KeptStack,
    Lease,
    Operation,
    Release,
    StepRecord,
)
from kanmon.model import Approval, Pointer, Result, Slot, Step
from kanmon.release.differences import WebPlan
from kanmon.release.events import Event, EventKind
from kanmon.release.plan import Plan, PlannedStack
from kanmon.release.rollback import Targets
from kanmon.release.walk import Outcome
from kanmon.report.console import Screen, make_console
from kanmon.report.history import print_history
from kanmon.report.terminal import (
    Progress,
    print_error,
    print_outcome,
    print_plan,
    print_status,
)
from kanmon.stacks.changes import Change, ChangeSet
from kanmon.stacks.user_triggers import TriggerChange
from tests.fakes.foreign import FOREIGN, invisible

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NOWHERE = Targets(None, (), "r0")


def console() -> Screen:
    return make_console(io.StringIO())


def printed(on: Screen) -> str:
    assert isinstance(on.console.file, io.StringIO)
    return on.console.file.getvalue()


@pytest.mark.parametrize("code", Code, ids=lambda code: code.id)
def test_every_error_is_one_message_with_its_place_and_fix(code: Code) -> None:
    on = console()
    print_error(on, KanmonError(code, "What [red]happened[/].", where="a[0]"))
    assert printed(on) == f"{code.id} What [red]happened[/]. (a[0]) {code.fix}\n"


def test_the_fix_of_an_error_with_several_lines_has_its_own_line() -> None:
    on = console()
    print_error(
        on, KanmonError(Code.BUILD_FAILED, "`make` failed:\n  | no rule\n", where="/app", fix="Do this.")
    )
    assert printed(on) == "KNM-111 `make` failed:\n    | no rule\n  (/app) Do this.\n"


def test_an_error_in_japanese_has_no_space_after_a_sentence() -> None:
    """DOC-1"""
    on = console()
    print_error(on, KanmonError(Code.USAGE, "違います。", fix="直してください。"))
    assert printed(on) == "KNM-901 違います。直してください。\n"


def test_an_errors_own_fix_comes_before_the_general_one() -> None:
    on = console()
    print_error(on, KanmonError(Code.USAGE, "Wrong.", fix="Do this."))
    assert printed(on) == "KNM-901 Wrong. Do this.\n"


def test_the_codes_are_all_different() -> None:
    assert len({code.id for code in Code}) == len(Code)


_STACK = {"stack": "shop-api", "resource": "Live", "type": "AWS::ApiGateway::Stage"}
_WHOLE = _STACK | {"type": "AWS::CloudFormation::Stack"}
_CHECK = {"check": "health", "release": "r2", "target": "live", "milliseconds": 12, "tries": 3}
_EVENTS: list[tuple[EventKind, dict[str, Any], list[str]]] = [
    (EventKind.STEP, {"step": "verify"}, ["verify"]),
    (EventKind.STACK, _STACK | {"status": "CREATE_FAILED"}, ["CREATE_FAILED", "shop-api Live"]),
    (EventKind.HOOK, {"hook": "migrate"}, ["migrate"]),
    (EventKind.CHECK, _CHECK | {"passed": True}, ["✓", "health on r2 (live)", "12 ms", "3 tries"]),
    (EventKind.CHECK, _CHECK | {"passed": False}, ["✗", "health on r2 (live)"]),
    (EventKind.TRAFFIC, {}, ["→"]),
    (EventKind.NOTE, {}, []),
    (EventKind.FAILURE, {"code": "KNM-211"}, ["✗ KNM-211"]),
]


@pytest.mark.parametrize(("kind", "facts", "expected"), _EVENTS)
def test_every_kind_of_event_is_printed_with_its_text_as_it_is(
    kind: EventKind, facts: dict[str, Any], expected: list[str]
) -> None:
    on = console()
    Progress(on, NOON)(Event(kind, "AWS answers [red]no[/] to [/api]", facts, at=NOON))
    for text in (*expected, "AWS answers [red]no[/] to [/api]"):
        assert text in printed(on)
    assert printed(on).count("\n") == 1


def test_each_line_begins_with_the_seconds_since_the_beginning() -> None:
    on = console()
    Progress(on, NOON)(Event(EventKind.NOTE, "a note", at=NOON + timedelta(seconds=83.24)))
    assert printed(on).split()[0] == "83.2s"


def test_every_kind_is_covered_here() -> None:
    assert {kind for kind, _, _ in _EVENTS} == set(EventKind) - {EventKind.PREVIEW}


def test_a_previews_token_is_not_printed() -> None:
    """SEC-5"""
    on = make_console(io.StringIO())
    Progress(on, NOON)(Event(EventKind.PREVIEW, "r1-0f0f", at=NOON))
    assert printed(on) == ""


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
def test_of_stack_events_the_end_and_failures_are_shown(
    verbose: bool,
    facts: dict[str, Any],
    shown: bool,
) -> None:
    on = console()
    Progress(on, NOON, verbose)(Event(EventKind.STACK, "", facts, at=NOON))
    assert bool(printed(on)) is shown


def test_an_arn_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/db"
    print_error(make_console(), KanmonError(Code.AWS_DENIED, arn))
    assert arn in capsys.readouterr().out


def an_operation(actor: str = "kim", approver: str = "aki") -> Operation:
    return Operation(
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


def history(*operations: Operation) -> str:
    on = console()
    release = Release(id="r2", commit="abcdef0123456789", bundle="b", created=NOON)
    print_history(on, list(operations), {"r2": release}, ("r2", "r1"))
    return printed(on)


def test_the_history_has_actor_release_and_result() -> None:
    """CD-11."""
    text = history(an_operation())
    for fact in (
        "2026-01-02 12:00",
        "r2",
        "abcdef01",
        "r1",
        "kim",
        "aki",
        "rolled back",
        "1 min 23 s",
        "health: [red] is 500",
    ):
        assert fact in text


def test_a_narrow_terminal_cuts_nothing_of_the_history() -> None:
    """CD-11"""
    on = console()
    on.console.width = 40
    print_history(on, [an_operation()], {}, ("r1",))
    _, row, cause, _ = printed(on).splitlines()
    assert row.endswith("rolled back  1 min 23 s")
    assert cause == "    health: [red] is 500"


def test_the_history_begins_with_the_newest() -> None:
    """CD-11."""
    text = history(
        an_operation(actor="earlier"), an_operation(actor="later").model_copy(update={"number": 8})
    )
    assert text.index("later") < text.index("earlier")


def test_the_history_names_the_releases_of_a_rollback() -> None:
    """AWS-2: the files of older ones are gone."""
    assert history(an_operation()).endswith("kept for a rollback: r2, r1\n")


def test_an_open_operation_is_listed_by_its_state() -> None:
    """CD-13."""
    open_one = {"ended": None, "result": None, "failure": None, "approval": None}
    assert "lock" in history(an_operation().model_copy(update=open_one))


def test_a_bots_name_is_printed_whole() -> None:
    """CD-11: GITHUB_ACTOR of a bot is `dependabot[bot]`."""
    text = history(an_operation("dependabot[bot]", "release[bot]"))
    assert "dependabot[bot]" in text
    assert "release[bot]" in text


def a_plan(
    *changes: Change,
    changed: tuple[str, ...] = ("index.html",),
    served: dict[str, str | None] | None = None,
    unchanged: bool = False,
) -> Plan:
    stack = PlannedStack(
        kind="slot",
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
        config="c",
        config_changes=("traffic.bake", "checks"),
        slot=Slot.GREEN,
        base="r1",
        origin=Pointer(),
        made=NOON,
        stacks=(
            stack,
            stack.model_copy(update={"name": "shop-edge", "change_set": None}),
            stack.model_copy(update={"name": "shop-api", "change_set": None, "resolved": None}),
        ),
        web=WebPlan(files=5, assets=2, changed=changed, served=served or {}),
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
    assert "config: traffic.bake, checks changed" in lines
    for fact in (
        "Plan for r2 in test (after r1)",
        "bundle b, config c",
        "abcdef012345",
        "green",
        "index.html",
        plan.digest,
        "shop-api",
    ):
        assert fact in text


def test_a_plan_shows_permissions_on_a_narrow_terminal() -> None:
    """TRU-1, TRU-5: below their resource; those of a resource without a change of its own, too."""
    lines = (
        "+ Allow Own: sqs:SendMessage",
        f"+   Resource: {', '.join(['sqs:::shop-test-mail'] * 4)}",
        "- \x1b[2Jx",
    )
    change = Change(action="Modify", logical_id="Role", type="AWS::IAM::Role")
    plan = a_plan(change)
    stack = plan.stacks[0].model_copy(update={"permissions": {"Role": lines, "Other": ("+ Allow: a",)}})
    on = console()
    print_plan(on, plan.model_copy(update={"stacks": (stack,)}))
    text = printed(on)
    assert (
        "    ~ Role AWS::IAM::Role  permissions\n"
        "        + Allow Own: sqs:SendMessage\n"
        "        +   Resource: sqs:::shop-test-mail, sqs:::shop-test-mail,\n"
        "        +       sqs:::shop-test-mail, sqs:::shop-test-mail\n"
        "        - [2Jx\n"
        "      Other\n"
        "        + Allow: a\n"
    ) in text


def test_a_plan_shows_the_resources_of_a_new_stack() -> None:
    """TRU-1: before any change set can."""
    plan = a_plan()
    new = {"planned": (Change(action="Add", logical_id="Role", type="AWS::IAM::Role"),)}
    stack = plan.stacks[2].model_copy(update=new)
    on = console()
    print_plan(on, plan.model_copy(update={"stacks": (stack,)}))
    assert "shop-api: +1 created from its template during the deploy\n" in printed(on)
    assert "    + Role AWS::IAM::Role  permissions\n" in printed(on)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("slot", ""),
        ("edge", "users get it at once; a rollback restores it in about five minutes"),
        ("observability", "users get it at once; a rollback restores it in a minute"),
    ],
)
def test_a_plan_shows_the_changes_that_users_get_at_once(kind: str, text: str) -> None:
    """CD-4, CD-10"""
    plan = a_plan(Change(action="Modify", logical_id="One", type="AWS::S3::BucketPolicy"))
    stack = plan.stacks[0].model_copy(update={"kind": kind, "name": "shop-it"})
    on = console()
    print_plan(on, plan.model_copy(update={"stacks": (stack,)}))
    assert f"shop-it: ~1 {text}".strip() in [line.strip() for line in printed(on).splitlines()]


def test_a_new_stack_has_no_users_yet() -> None:
    """CD-4"""
    plan = a_plan(Change(action="Add", logical_id="One", type="AWS::S3::BucketPolicy"))
    change_set = plan.stacks[0].change_set
    assert change_set
    new = change_set.model_copy(update={"creates": True})
    assert plan.stacks[0].model_copy(update={"kind": "edge", "change_set": new}).effect == ""


def test_a_decision_is_in_the_history() -> None:
    """CD-11"""
    approval = Approval(by="aki", how="terminal", digest="d", at=NOON)
    decision = Decision(
        operation=1, kind=DecisionKind.PROMOTE, step=Step.SHIFT, approval=approval, reason="metrics are fine"
    )
    operation = an_operation().model_copy(update={"decisions": (decision,), "failure": None})
    assert "aki: promote, metrics are fine" in history(operation)


def test_a_stack_that_was_not_restored_is_named() -> None:
    """CD-10"""
    kept = KeptStack(stack="shop-foundation", reason="to restore it would delete [Key]")
    operation = an_operation().model_copy(update={"kept": (kept,)})
    on = console()
    print_outcome(on, Outcome(Result.ROLLED_BACK, "r2", operation))
    assert "shop-foundation could not be restored: to restore it would delete [Key]" in printed(on)


def test_a_plan_without_changes_is_one_line() -> None:
    """CD-6."""
    on = console()
    print_plan(on, a_plan(unchanged=True))
    assert printed(on) == "r2 is live already; there is nothing to change.\n"


def test_a_plan_shows_changed_headers_and_settings_of_pages() -> None:
    """CD-4"""
    on = console()
    policy = "img-src https://[::1] " + "x" * 200
    print_plan(on, a_plan(served={"web.content_security_policy": policy, "web.settings.A": None}))
    lines = [line.strip() for line in printed(on).splitlines()]
    assert f"web.content_security_policy: {policy}" in lines
    assert "web.settings.A: removed" in lines


def test_a_plan_shows_what_it_uses_by_id() -> None:
    """ADP-3, CD-4"""
    on = console()
    print_plan(on, a_plan().model_copy(update={"existing_ids": {"user_pool": "eu_1"}}))
    assert "existing user pool eu_1" in [line.strip() for line in printed(on).splitlines()]


def test_a_plan_shows_what_the_user_pool_will_call() -> None:
    """CD-4"""
    on = console()
    changes = (TriggerChange(trigger="pre_sign_up", function="invited", before="invited"),)
    print_plan(on, a_plan().model_copy(update={"trigger_changes": changes}))
    assert "the user pool calls its functions once it is live: pre_sign_up: invited" in printed(on)


def test_a_pages_name_is_printed_whole() -> None:
    """CD-4: front-end frameworks write such names."""
    on = console()
    print_plan(on, a_plan(changed=("goals/[id].html",)))
    assert "goals/[id].html" in printed(on)


EVIL = "[/]\x1b]52;c;ZWNobw==\x07\x1b[2J\nr9 is live\u202e"


@pytest.mark.parametrize("ended", [NOON, None])
def test_a_removed_environment_shows_its_end(ended: datetime | None) -> None:
    """AWS-1"""
    on = console()
    head = Head(destroyed=Destruction(by="kim", began=NOON, data=True, ended=ended))
    print_status(on, head, None, NOWHERE, None, now=NOON)
    shown = printed(on)
    assert f"removed   by kim, since {NOON:%Y-%m-%d %H:%M} UTC" in shown
    assert ("run `kanmon destroy` again" in shown) is (ended is None)


@pytest.mark.parametrize(
    ("after", "lease", "advice"),
    [(-1, "held by kim until", False), (0, "of kim expired at", True), (1, "of kim expired at", True)],
)
def test_an_expired_lease_means_a_dead_run(after: int, lease: str, advice: bool) -> None:
    """CD-13"""
    on = console()
    head = Head(operation=1, lease=Lease(holder="kim", expires=NOON))
    print_status(on, head, None, NOWHERE, an_operation(), now=NOON + timedelta(seconds=after))
    shown = printed(on)
    assert f"lease     {lease} 12:00:00 UTC" in shown
    assert ("no run is at work on it: kanmon recover" in shown) is advice


def test_a_rollback_names_the_way_on() -> None:
    """CD-10: the next deploy is refused without it."""
    on = console()
    print_outcome(on, Outcome(Result.ROLLED_BACK, "r2", an_operation()))
    assert printed(on).count('kanmon deploy --lift-freeze "the fix"') == 1
    print_outcome(on, Outcome(Result.ABORTED, "r2", an_operation()))
    assert printed(on).count("frozen") == 1


def test_hints_name_the_environment() -> None:
    """ADP-5: a copied command acts on the environment that it was shown for."""
    on = console()
    print_outcome(on, Outcome(Result.ROLLED_BACK, "r2", an_operation()), "staging")
    head = Head(destroyed=Destruction(by="kim", began=NOON, data=True, ended=None))
    print_status(on, head, None, NOWHERE, an_operation(), now=NOON, environment="staging")
    shown = printed(on)
    assert 'kanmon deploy --env staging --lift-freeze "the fix"' in shown
    assert "run `kanmon destroy --env staging` again" in shown
    assert "kanmon recover --env staging finishes or undoes it" in shown


def hostile_operation(text: str) -> Operation:
    kept = KeptStack(stack=text, reason=text)
    approval = Approval(by=text, how=text, digest="d", at=NOON)
    steps = (StepRecord(step=Step.SHIFT, began=NOON, note=text),) * 2
    decision = Decision(
        operation=1, kind=DecisionKind.PROMOTE, step=Step.SHIFT, approval=approval, reason=text
    )
    changes = {"release": text, "base": text, "reason": text, "failure": None, "kept": (kept,)}
    more = {"steps": steps, "decisions": (decision,), "approval": approval}
    return an_operation(actor=text).model_copy(update=changes | more)


def hostile_texts(text: str) -> str:
    """All that is printed of an environment, whose records and plan have this text everywhere."""
    on = console()
    operation = hostile_operation(text)
    release = Release(id=text, commit=text, bundle="b", created=NOON)
    freeze, lease = Freeze(reason=text, since=NOON, operation=1), Lease(holder=text, expires=NOON)
    head = Head(live=text, slots={Slot.BLUE: text}, freeze=freeze, lease=lease)
    targets = Targets(None, (text,), text)
    print_status(on, head, release, targets, operation, now=NOON)
    print_status(on, head, release, targets, operation.model_copy(update={"result": Result.HELD}), now=NOON)
    destroyed = Destruction(by=text, began=NOON, data=True)
    print_status(
        on, head.model_copy(update={"live": None, "destroyed": destroyed}), None, NOWHERE, None, now=NOON
    )
    print_outcome(on, Outcome(Result.ROLLED_BACK, text, operation))
    change = Change(action="Add", logical_id=text, type=text, properties=(text,))
    plan = a_plan(change, changed=(text,), served={text: text})
    stacks = tuple(stack.model_copy(update={"name": text}) for stack in plan.stacks)
    print_plan(on, plan.model_copy(update={"release": text, "commit": text, "base": text, "stacks": stacks}))
    for kind, facts, _ in _EVENTS:
        hostile = {key: text if isinstance(value, str) else value for key, value in facts.items()}
        Progress(on, NOON, verbose=True)(Event(kind, text, hostile, at=NOON))
    return printed(on)


@settings(max_examples=40)
@given(FOREIGN)
@example(EVIL)
def test_no_record_or_answer_writes_a_line_of_its_own(value: str) -> None:
    """TRU-5"""
    shown = hostile_texts(value)
    assert len(shown.splitlines()) == len(hostile_texts("x").splitlines())
    assert not invisible(shown)


@settings(max_examples=40)
@given(FOREIGN)
@example(EVIL)
def test_the_history_has_one_row_for_an_operation(value: str) -> None:
    """Its cause has a line of its own, indented (TRU-5)."""
    on = console()
    release = Release(id=value, commit=value, bundle="b", created=NOON)
    print_history(on, [hostile_operation(value)], {value: release}, ())
    _, row, *cause, kept = printed(on).splitlines()
    assert kept == "kept for a rollback: none"
    assert row.startswith("7  2026-01-02 12:00  ")
    assert [line[:4] for line in cause] in ([], ["    "])
    assert not invisible(printed(on))


@given(FOREIGN)
@example(EVIL)
def test_further_lines_of_an_error_are_indented(value: str) -> None:
    """TRU-5"""
    on = console()
    print_error(on, KanmonError(Code.AWS_FAILED, f"AWS: {value}", where=value, fix=value))
    first, *more = printed(on).splitlines()
    assert first.startswith("KNM-204 AWS: ")
    assert all(line.startswith("  ") for line in more if line)
    assert not invisible(printed(on))


@settings(max_examples=30)
@given(FOREIGN)
@example(f"{EVIL}\u2028+ Allow: x\r- y")
def test_a_foreign_permission_stays_below_its_sign(value: str) -> None:
    """TRU-5: it may be long, and each of its lines has the sign and more indentation."""
    plan = a_plan(Change(action="Add", logical_id="Role", type="AWS::IAM::Role"))
    stack = plan.stacks[0].model_copy(update={"permissions": {"Role": (f"+ Allow x{value}",)}})
    on = console()
    print_plan(on, plan.model_copy(update={"stacks": (stack,)}))
    text = printed(on)
    assert not invisible(text)
    first, *more = text.split("permissions\n")[1].partition("\n  web: ")[0].splitlines()
    assert first.startswith("        + Allow")
    assert all(line.startswith("        +     ") for line in more)
