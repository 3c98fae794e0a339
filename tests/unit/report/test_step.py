"""A step shows all of plans and outcomes, and no text in it is a command (CD-4, CD-11, SEC-5)."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from kanmon.apptest.results import Case, CaseOutcome, Results
from kanmon.apptest.run import Verdict
from kanmon.cli.command import RESULT_OUTPUTS
from kanmon.cli.commands import plan as plan_command
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.runner import Runner
from kanmon.model import Result
from kanmon.release.rollback import rollback, rollback_target
from kanmon.release.walk import Outcome
from kanmon.report.step import WorkflowStep
from tests.fakes.app import GREETING, make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.existing import EXISTING
from tests.fakes.runs import ignore, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "::error::x\n##[group]y | <script>alert(1)</script> @team closes #1 `${{ secrets.X }}` [a](http://b)"
)
GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> WorkflowStep:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    return WorkflowStep(Runner(log))


def summary(tmp_path: Path) -> str:
    return (tmp_path / "GITHUB_STEP_SUMMARY").read_text("utf-8")


def outputs(tmp_path: Path) -> set[str]:
    """The names of the step's outputs for later steps."""
    written = (tmp_path / "GITHUB_OUTPUT").read_text("utf-8")
    return set(re.findall(r"^(\w+)<<ghadelimiter_", written, re.MULTILINE))


def elements(markdown: str) -> set[str]:
    """The kinds of elements in it, but for the texts."""
    tokens = GFM.parse(markdown)
    inline = {child.type for token in tokens for child in token.children or ()}
    return {token.type for token in tokens} | inline


def test_a_plan_is_shown_whole_and_its_digest_passed_on(
    step: WorkflowStep, tmp_path: Path, cloud: Cloud
) -> None:
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    step.plan(plan)
    shown = summary(tmp_path)
    changes = [change for stack in plan.stacks for change in stack.changes]
    assert changes
    assert all(change.logical_id in shown for change in changes)
    assert plan.digest in shown
    assert plan.digest in (tmp_path / "GITHUB_OUTPUT").read_text("utf-8")
    assert {"table_open", "html_block"} <= elements(shown)
    assert outputs(tmp_path) == set(plan_command.COMMAND.outputs)


def test_a_plan_shows_changed_headers_and_settings_of_pages(
    step: WorkflowStep, tmp_path: Path, cloud: Cloud
) -> None:
    """CD-4"""
    web = {"directory": "web/dist"}
    release(cloud, "one", config=make_config(web=web | {"settings": {"B": "2"}}))
    config = make_config(
        web=web | {"settings": {"A": "<b>`\n# x"}, "content_security_policy": "default-src *"}
    )
    step.plan(plan_of(cloud, make_bundle(cloud, "one", config=config)))
    shown = summary(tmp_path)
    assert "- `web.content_security_policy`: `default-src *`\n" in shown
    assert "- `web.settings.A`: ``<b>` # x``\n" in shown
    assert "- `web.settings.B`: removed\n" in shown


def test_a_plan_shows_what_it_uses_by_id(step: WorkflowStep, tmp_path: Path, cloud: Cloud) -> None:
    """ADP-3, CD-4: and what Kanmon does not do then."""
    config = make_config(database=None, existing=EXISTING)
    step.plan(plan_of(cloud, make_bundle(cloud, "one", config=config)))
    assert "- existing: `database team-data: no snapshot before the release" in summary(tmp_path)


def test_a_plan_shows_what_the_user_pool_will_call(step: WorkflowStep, tmp_path: Path, cloud: Cloud) -> None:
    """CD-4"""
    step.plan(plan_of(cloud, make_bundle(cloud, "one", config=make_config(user_pool=GREETING))))
    assert "\n- `post_confirmation: api, before: none`\n" in summary(tmp_path)


def test_an_already_live_release_is_shown_in_a_line(step: WorkflowStep, tmp_path: Path, cloud: Cloud) -> None:
    release(cloud, "one")
    step.plan(plan_of(cloud, make_bundle(cloud, "one")))
    assert "nothing to change" in summary(tmp_path)
    assert "unchanged" in (tmp_path / "GITHUB_OUTPUT").read_text("utf-8")


def test_a_hostile_reason_and_failure_stay_text(
    step: WorkflowStep, tmp_path: Path, cloud: Cloud, log: io.StringIO
) -> None:
    release(cloud, "one")
    release(cloud, "two")
    services = cloud.services()
    target = rollback_target(services.ledger, None)
    outcome = rollback(services, make_config(), target, FakeApproval(), ignore, reason=HOSTILE)
    assert outcome.result is Result.ROLLED_BACK
    step.outcome(outcome)
    shown = summary(tmp_path)
    assert not elements(shown) & {"html_block", "html_inline", "link_open", "code_inline"}
    assert "alert" in shown
    assert outputs(tmp_path) == set(RESULT_OUTPUTS)
    assert log.getvalue() == ""


def test_a_failed_check_stays_in_the_summary_after_the_rollback(
    step: WorkflowStep, cloud: Cloud, tmp_path: Path
) -> None:
    """CD-7: the live release passes again, but it is another release."""
    release(cloud, "a1")
    cloud.faulty.add(("r2", "live"))
    step.outcome(release(cloud, "b2"))
    rows = [line for line in summary(tmp_path).splitlines() if line.startswith("| health | live |")]
    assert [("**failed**" in row, row.split(" | ")[2]) for row in rows] == [(True, "r2"), (False, "r1")]


def test_the_fired_alarms_stand_in_the_summary(step: WorkflowStep, cloud: Cloud, tmp_path: Path) -> None:
    """MON-2: the alarm behind the rollback, and an alarm from before the release."""
    release(cloud, "a1")
    cloud.noisy.add("r2")
    cloud.ringing["shop-test-rollback"] = "slow | [since](x) yesterday"
    step.outcome(release(cloud, "b2"))
    shown = summary(tmp_path)
    plain = shown.replace("\\", "")
    assert "| shop-test-green-rollback | fired | errors: 9 % is more than 5 % |" in plain
    assert "| shop-test-rollback | fired before, did not count | slow " in plain
    assert not elements(shown) & {"link_open", "html_inline"}


def test_a_failure_is_one_annotation(step: WorkflowStep, tmp_path: Path, log: io.StringIO) -> None:
    failure = KanmonError(Code.CHECK_FAILED, HOSTILE, where=HOSTILE)
    step.outcome(Outcome(Result.ABORTED, "r1", None, failure))
    shown = log.getvalue()
    assert shown.count("\n") == 1
    assert shown.startswith("::error title=Kanmon KNM-501::")
    assert not elements(summary(tmp_path)) & {"html_block", "html_inline", "link_open", "code_inline"}


def test_unreadable_reports_take_no_annotation_of_a_failed_test(
    step: WorkflowStep, tmp_path: Path, log: io.StringIO
) -> None:
    """GitHub shows the first ten (CD-1)."""
    case = Case("refuses an expired card", "payment", "", None, 0.1, CaseOutcome.FAILED, "it was taken", "")
    failures = [KanmonError(Code.TESTS_FAILED, "1 of 1 tests failed.")]
    failures += [
        KanmonError(Code.RESULTS_UNREADABLE, "The report is empty.", where=f"{n}") for n in range(20)
    ]
    step.verdict(Verdict(Results((case,), ("a.xml",)), None, None, (), tuple(failures)), tmp_path)
    shown = [line for line in log.getvalue().splitlines() if line.startswith("::error")][:10]
    assert any("refuses an expired card" in line for line in shown)
    assert any(Code.TESTS_FAILED.id in line for line in shown)


def test_the_previews_token_is_masked_before_it_is_shown(step: WorkflowStep, log: io.StringIO) -> None:
    """SEC-5: whoever has the token sees what nobody should see yet."""
    shown: list[tuple[str, str]] = []
    release(Cloud(), "a1", observer=step.observer(lambda event: shown.append((event.text, log.getvalue()))))
    link = next(text for text, _ in shown if text.startswith("preview "))
    token = link.split("kanmon-preview=")[1]
    assert all(f"::add-mask::{token}\n" in log_then for text, log_then in shown if token in text)
    with pytest.raises(KanmonError):
        step.runner.output("preview", link)
