"""Hooks run in order, in the idle slot, and the first failure ends them (CD-5)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.aws.functions import AccountConcurrency
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Slot
from kanmon.release.events import Event, EventKind
from kanmon.release.hooks import run_hooks
from tests.fakes.app import make_config
from tests.fakes.runs import journal_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.cloud import Cloud

CONFIG = make_config(
    hooks=[
        {"name": "migrate", "function": "migrate", "payload": {"to": "head"}},
        {"name": "warm-up", "function": "api"},
    ]
)


@dataclass
class _Functions:
    """Functions of all slots. They keep their events, and some of them fail."""

    failing: set[str] = field(default_factory=set)
    more: str = ""
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    logs: set[str] = field(default_factory=set)

    def with_other_code(self, packages: Mapping[str, str]) -> list[str]:
        """None: hooks run after the code was compared."""
        del packages
        return []

    def concurrency(self) -> AccountConcurrency:
        """A hook needs none of it."""
        return AccountConcurrency(0, 0)

    def invoke(self, name: str, event: Mapping[str, object], *, logs: str) -> str:
        self.events.append((name, dict(event)))
        self.logs.add(logs)
        if name in self.failing:
            raise KanmonError(Code.HOOK_FAILED, "It answered: no", where=name)
        return f"{name} is done{self.more}"


@pytest.fixture
def functions() -> _Functions:
    return _Functions()


def _run(cloud: Cloud, functions: _Functions, events: list[Event] | None = None) -> None:
    services = replace(cloud.services(), functions=functions)
    events = [] if events is None else events
    run_hooks(services, journal_of(cloud, events.append), CONFIG, "r1", Slot.GREEN)


def test_hooks_run_in_the_order_of_the_config(cloud: Cloud, functions: _Functions) -> None:
    """CD-5"""
    _run(cloud, functions)
    assert [name for name, _ in functions.events] == ["shop-test-green-migrate", "shop-test-green-api"]


def test_a_hook_gets_its_release_and_its_payload(cloud: Cloud, functions: _Functions) -> None:
    """CD-5"""
    _run(cloud, functions)
    facts = {"hook": "migrate", "release": "r1", "slot": "green"}
    assert functions.events[0][1] == {"kanmon": facts, "to": "head"}
    assert functions.logs == {"/aws/lambda/shop-test-green"}


def test_the_answers_are_sent_to_the_observer(cloud: Cloud, functions: _Functions) -> None:
    events: list[Event] = []
    _run(cloud, functions, events)
    assert [(event.kind, event.facts["hook"], event.text) for event in events] == [
        (EventKind.HOOK, "migrate", "shop-test-green-migrate is done"),
        (EventKind.HOOK, "warm-up", "shop-test-green-api is done"),
    ]


def test_a_long_answer_is_shown_in_part(cloud: Cloud, functions: _Functions) -> None:
    """CD-5: it is a line of the log, and of a job summary."""
    events: list[Event] = []
    functions.more = "x" * 10_000
    _run(cloud, functions, events)
    assert {len(event.text) for event in events} == {500}


def test_no_hook_runs_after_a_failed_one(cloud: Cloud, functions: _Functions) -> None:
    """CD-5"""
    functions.failing.add("shop-test-green-migrate")
    with pytest.raises(KanmonError) as caught:
        _run(cloud, functions)
    assert caught.value.code is Code.HOOK_FAILED
    assert len(functions.events) == 1
