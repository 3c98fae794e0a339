"""Every page of a run is built by the templates alone: a foreign text changes none of its parts (TRU-5)."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from markdown_it import MarkdownIt

from kanmon.apptest.results import CaseOutcome
from kanmon.apptest.summary import summary_of
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.commits import Changes, Commit, PullRequest
from kanmon.language import speak
from kanmon.ledger.records import AlarmRecord, CheckRecord, Release
from kanmon.model import Result
from kanmon.release.walk import Outcome
from kanmon.report.markdown import render_markdown
from kanmon.report.plan_page import plan_markdown
from kanmon.stacks.changes import Change
from tests.fakes.foreign import FOREIGN, PIECES, invisible
from tests.unit.report.test_terminal import NOON, a_plan, hostile_operation
from tests.unit.report.test_verdict import case, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def plan_page(text: str) -> str:
    change = Change(action="Add", logical_id=text, type=text, properties=(text,))
    plan = a_plan(change, changed=(text, text), served={text: text})
    hostile = {"name": text, "kind": text, "permissions": {text: (f"+ {text}",)}}
    stacks = tuple(stack.model_copy(update=hostile) for stack in plan.stacks)
    changes = {"release": text, "commit": text, "base": text, "stacks": stacks}
    return plan_markdown(plan.model_copy(update=changes), 1_000_000)


def outcome_page(text: str) -> str:
    check = CheckRecord(
        name=text, target=text, passed=False, tries=1, milliseconds=1, release=text, failure=text
    )
    alarm = AlarmRecord(name=text, reason=text)
    operation = hostile_operation(text).model_copy(update={"checks": (check,), "alarms": (alarm,)})
    failure = KanmonError(Code.CHECK_FAILED, text, where=text, fix=text)
    outcome = Outcome(Result.ROLLED_BACK, text, operation, failure)
    plan = SimpleNamespace(bundle=text, config=text, environment=text)
    return render_markdown("outcome.md.j2", outcome=outcome, plan=plan)


def notes_page(text: str) -> str:
    pulls = (PullRequest(7, text, text, text),)
    changes = Changes(pulls=pulls, commits=(Commit(text, text, text, text),), more=3, url=text)
    release = Release(id=text, commit=text, bundle=text, created=NOON)
    operation = hostile_operation(text).model_copy(update={"run": text})
    return render_markdown("notes.md.j2", release=release, operation=operation, changes=changes)


def verdict_page(text: str) -> str:
    problem = KanmonError(Code.TESTS_FAILED, text, where=text)
    failed = verdict(case(text, CaseOutcome.FAILED, text), case(text), file=text, failures=(problem,))
    return render_markdown("verdict.md.j2", summary=summary_of(failed), shown=5, page=text)


def parts(markdown: str) -> list[str]:
    """The parts of a page without its text: elements, marks, cells, tags of HTML."""
    found: list[str] = []
    for token in GFM.parse(markdown):
        found.append(token.type)
        if token.type == "html_block":
            found += re.findall(r"<[^>]*>", token.content)
        found += [one.type for one in token.children or () if one.type not in {"text", "text_special"}]
    return found


PAGES = pytest.mark.parametrize("page", [plan_page, outcome_page, notes_page, verdict_page])


@PAGES
@settings(max_examples=25)
@given(value=FOREIGN)
@example(value="".join(PIECES))
def test_a_foreign_text_adds_no_part_to_a_page(page: Callable[[str], str], value: str) -> None:
    """TRU-5"""
    markdown = page(f"x{value}")
    assert parts(markdown) == parts(page("x"))
    assert not invisible(markdown.replace("\u200b", ""))


@PAGES
@pytest.mark.usefixtures("japanese")
def test_a_page_has_the_same_parts_in_japanese(page: Callable[[str], str]) -> None:
    """DOC-1, TRU-5: also with a foreign text in it. Only the order in a sentence is another one."""
    japanese = parts(page("x" + "".join(PIECES)))
    speak({})
    assert Counter(japanese) == Counter(parts(page("x")))


@PAGES
def test_a_foreign_text_mentions_nobody(page: Callable[[str], str]) -> None:
    """GitHub looks for mentions and references in the shown text (TRU-5)."""
    markdown = page("@octo/team GH-12 #12 www.evil.example https://evil.example")
    shown = [
        one.content
        for token in GFM.parse(markdown)
        for one in token.children or ()
        if one.type in {"text", "text_special"}
    ]
    assert not re.search(r"@\w|#\d|GH-\d|www\.|://", "".join(shown))


def test_an_address_of_a_stranger_is_no_link() -> None:
    """TRU-5"""
    assert "link_open" not in parts(notes_page("x](https://evil.example)"))
    assert "link_open" in parts(notes_page("https://github.com/octo/shop/pull/7"))
