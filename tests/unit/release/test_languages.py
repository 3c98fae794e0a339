"""A language changes no behaviour: runs in several languages share plans, approvals, the ledger (DOC-1)."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kanmon.language import VARIABLE, speak
from kanmon.ledger.records import DecisionKind, StepRecord
from kanmon.model import Result, Step
from kanmon.release.decide import decide
from kanmon.release.deploy import deploy
from kanmon.release.dry_run import deploy_steps, rollback_steps
from kanmon.release.plan import read_plan
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback_target
from kanmon.release.step_words import shown_step
from kanmon.release.walk import still_open
from tests.fakes.app import (
    CANARY,
    GREETING,
    make_bundle,
    make_config,
    make_full_config,
    make_tuned_config,
)
from tests.fakes.cloud import Cloud
from tests.fakes.existing import EXISTING
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import failure_of, ignore, operation_of, plan_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kanmon.config.schema import Config
    from kanmon.release.events import Event
    from kanmon.release.walk import Outcome

CONFIG = make_config(traffic=CANARY)
PAIRS = [("ja", "en"), ("en", "ja"), ("ja", "ja")]
ENGLISH = re.compile(r"(?<![\w`'\"-])[a-z]+ [a-z]+ [a-z]{2,}")
"""Words of an English sentence. Names and commands are shorter, or in quotes."""


@contextmanager
def _in(language: str) -> Iterator[None]:
    speak({VARIABLE: language})
    try:
        yield
    finally:
        speak({})


def _ledger(cloud: Cloud) -> dict[str, bytes]:
    return dict(cloud.store.objects)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        make_config(database=None, existing=EXISTING),
        make_config(user_pool=GREETING),
        make_config(verify={"image": f"node@sha256:{'a' * 64}", "commands": ["npx playwright test"]}),
        make_config(web={"directory": "web/dist", "settings": {"A": "b"}}, tags={"team": "c"}),
    ],
)
def test_a_plan_has_the_same_digest_in_each_language(config: Config) -> None:
    """CD-4: and so one approval for both."""

    def digests(language: str) -> list[str]:
        cloud = Cloud()
        with _in(language):
            first = plan_of(cloud, make_bundle(cloud, "one", config=config))
            release(cloud, "one", config=config)
            second = plan_of(cloud, make_bundle(cloud, "two", config=config))
        return [first.digest, second.digest]

    assert digests("ja") == digests("en")


@pytest.mark.parametrize(
    "config",
    [make_tuned_config(), make_full_config(notifications={"channels": {"slack": "shop/slack"}})],
)
def test_a_first_plan_of_everything_has_the_same_digest_in_each_language(config: Config) -> None:
    """CD-4: with the templates of all stacks, and the notifier's package."""

    def digest(language: str) -> str:
        cloud = Cloud()
        with _in(language):
            return plan_of(cloud, make_bundle(cloud, "one", config=config)).digest

    assert digest("ja") == digest("en")


@pytest.mark.parametrize(("planning", "deploying"), PAIRS)
def test_a_plan_of_one_language_is_deployed_in_another(
    cloud: Cloud, tmp_path: Path, planning: str, deploying: str
) -> None:
    """CD-4: a workflow's job that plans may have another language than the one that deploys."""
    file = tmp_path / "plan.json"
    config = make_config(database=None, existing=EXISTING)
    with _in(planning):
        plan = plan_of(cloud, make_bundle(cloud, "one", config=config))
        file.write_text(plan.text(), encoding="utf-8")
    with _in(deploying):
        assert read_plan(file) == plan
        assert deploy(cloud.services(), read_plan(file), FakeApproval(), ignore).result is Result.STABLE


def _dies(cloud: Cloud, step: Step, act: Callable[[Cloud, Process, Callable[[Event], None]], object]) -> None:
    """Let a run die just after it announced a step."""
    announced: list[int] = []
    whole, process = cloud.copy(), Process()

    def listen(event: Event) -> None:
        if event.facts.get("step") == step.value:
            announced.append(len(process.calls))

    act(whole, process, listen)
    with pytest.raises(ProcessDied):
        act(cloud, Process(at=announced[0] + 1, blow=Blow.DEATH), ignore)


def _release(cloud: Cloud, process: Process, observer: Callable[[Event], None]) -> None:
    release(cloud, "two", config=CONFIG, process=process, observer=observer)


def _ended(step: Step, begun: str, recovered: str) -> tuple[dict[str, bytes], Outcome | None]:
    """The ledger, and the outcome, of a release that died in one language and was recovered in another."""
    cloud = Cloud()
    with _in(begun):
        release(cloud, "one", config=CONFIG)
        _dies(cloud, step, _release)
    cloud.clock.outlast_lease()
    with _in(recovered):
        outcome = recover(cloud.services(), ignore, FakeApproval())
    return _ledger(cloud), outcome


@pytest.mark.parametrize(
    "step", [Step.LOCK, Step.PROVISION, Step.VERIFY, Step.SHIFT, Step.PROMOTE, Step.COMPLETE]
)
def test_a_release_of_one_language_is_recovered_in_another(step: Step) -> None:
    """CD-13: and the ledger has the same bytes as after a run in one language."""
    expected, outcome = _ended(step, "en", "en")
    assert outcome
    mixed, other = _ended(step, "ja", "en")
    assert other
    assert other.result is outcome.result
    assert mixed == expected


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize(("keep", "result"), [(True, Result.STABLE), (False, Result.ROLLED_BACK)])
def test_a_hold_of_one_language_is_decided_in_another(
    cloud: Cloud, first: str, second: str, keep: bool, result: Result
) -> None:
    """CD-8, CD-13"""
    with _in(first):
        release(cloud, "one", config=CONFIG)
        cloud.faulty |= {("r2", "live"), ("r1", "stable")}
        assert release(cloud, "two", config=CONFIG).result is Result.HELD
    with _in(second):
        outcome = recover(cloud.services(), ignore, FakeApproval(), keep=keep)
        assert outcome
        assert outcome.result is result
        assert cloud.ledger.head().operation is None


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_run_obeys_a_decision_of_another_language(cloud: Cloud, first: str, second: str) -> None:
    """CD-9"""
    release(cloud, "one", config=CONFIG)

    def abort(event: Event) -> None:
        if event.facts.get("step") == Step.VERIFY.value:
            with _in(first):
                decide(cloud.services(actor="bo"), DecisionKind.ABORT, FakeApproval(), reason="prices")
            speak({VARIABLE: second})

    with _in(second):
        assert release(cloud, "two", config=CONFIG, observer=abort).result is Result.ABORTED


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_rollback_trusts_a_record_of_another_language(cloud: Cloud, first: str, second: str) -> None:
    """CD-9, TRU-4: the approved digest is that of the whole record."""
    with _in(first):
        release(cloud, "one", config=CONFIG)
        release(cloud, "two", config=CONFIG)
        digest = rollback_target(cloud.ledger, None).digest
    with _in(second):
        assert rollback_target(cloud.ledger, None).digest == digest
        assert roll_back(cloud).result is Result.ROLLED_BACK


@pytest.mark.usefixtures("japanese")
def test_the_journal_of_a_japanese_run_is_in_english(cloud: Cloud) -> None:
    """CD-11: a run in English shows the same record in its own words."""
    release(cloud, "one", config=CONFIG)
    cloud.faulty.add(("r2", "live"))
    operation = operation_of(release(cloud, "two", config=CONFIG))
    notes = [step.note for step in operation.steps]
    assert all(note.isascii() for note in notes)
    shown = [shown_step(operation, step) for step in operation.steps]
    assert not any(text.isascii() for text in shown)
    speak({})
    assert [shown_step(operation, step) for step in operation.steps] == notes


@pytest.mark.usefixtures("japanese")
def test_the_freeze_of_a_japanese_run_has_its_cause_in_both_languages(cloud: Cloud) -> None:
    """CD-10"""
    release(cloud, "one", config=CONFIG)
    cloud.faulty.add(("r2", "live"))
    release(cloud, "two", config=CONFIG)
    freeze = cloud.ledger.head().freeze
    assert freeze
    assert freeze.reason == "r2 was rolled back"
    assert freeze.cause == "r2 をロールバックしました"
    speak({})
    assert freeze.cause == freeze.reason


@pytest.mark.usefixtures("japanese")
def test_the_freeze_after_a_rollback_by_hand_has_the_persons_reason(cloud: Cloud) -> None:
    release(cloud, "one")
    release(cloud, "two")
    roll_back(cloud, reason="prices are wrong")
    freeze = cloud.ledger.head().freeze
    assert freeze
    assert freeze.cause == freeze.reason == "prices are wrong"


def _texts_of_runs() -> list[str]:
    """What people read of several runs."""
    texts: list[str] = []

    def listen(event: Event) -> None:
        texts.append(event.text)

    cloud, config = Cloud(), make_config(traffic=CANARY, user_pool=GREETING)
    release(cloud, "one", config=config, observer=listen)
    release(cloud, "two", config=config, observer=listen)
    texts += rollback_steps(cloud.services(), config, rollback_target(cloud.ledger, None))
    texts += deploy_steps(cloud.services(), plan_of(cloud, make_bundle(cloud, "three", config=config)))
    cloud.faulty |= {("r3", "live"), ("r2", "stable")}
    held = failure_of(release(cloud, "three", config=config, observer=listen))
    texts += [held.message, held.fix]
    recover(cloud.services(), listen, FakeApproval(), keep=False)
    cloud.faulty.add(("r4", "live"))
    failed = failure_of(release(cloud, "four", config=config, lift_freeze="x", observer=listen))
    texts += [failed.message, failed.fix]
    for step in Step:
        begun = StepRecord(step=step, began=cloud.clock.now())
        operation = cloud.ledger.operations()[-1].model_copy(update={"steps": (begun,), "result": None})
        left = failure_of(still_open(operation, failed, held))
        texts += [left.message, left.fix]
    return texts


@pytest.mark.usefixtures("japanese")
def test_people_read_whole_sentences_in_their_language() -> None:
    texts = _texts_of_runs()
    assert len(texts) > 40
    assert [text for text in texts if ENGLISH.search(text)] == []
    speak({})
    assert [text for text in _texts_of_runs() if ENGLISH.search(text)]
