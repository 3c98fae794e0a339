"""No release runs on a schema of the database that lacks what it needs (CD-9)."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import release_key
from kanmon.model import Result, Step
from kanmon.release.rollback import Targets, present_targets, rollback_target
from tests.fakes.app import make_config
from tests.fakes.runs import failure_of, operation_of, release, roll_back

if TYPE_CHECKING:
    from kanmon.release.walk import Outcome
    from tests.fakes.cloud import Cloud

KEPT = make_config(hooks=[{"name": "migrate", "function": "migrate"}], releases={"kept": 9})
HOOKLESS = make_config(hooks=[], releases={"kept": 9})


def _answer(schema: object, **others: object) -> str:
    return json.dumps({"schema": schema, "applied": ["0001_begin"], **others})


def _release(cloud: Cloud, version: str, answer: str) -> Outcome:
    cloud.functions.answer = answer
    return release(cloud, version, config=KEPT)


def _refused(cloud: Cloud, wanted: str | None) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        rollback_target(cloud.ledger, wanted)
    assert caught.value.code is Code.SCHEMA_TOO_NEW
    return caught.value


def _contracted(cloud: Cloud) -> None:
    """Four releases. The last migration removes what only the code for schema 1 and 2 needs."""
    for number in (1, 2, 3):
        assert _release(cloud, f"v{number}", _answer(number)).result is Result.STABLE
    assert _release(cloud, "v4", _answer(4, compatible_with=3)).result is Result.STABLE


def test_a_rollback_to_a_release_for_an_older_schema_is_refused(cloud: Cloud) -> None:
    """CD-9: it names the nearest release that runs on the present schema."""
    _contracted(cloud)
    error = _refused(cloud, "r1")
    assert error.message == (
        "r1 is for schema 1 of the database. The present schema is 4, and it needs releases for schema 3 or "
        "later."
    )
    assert error.fix == "The nearest one that runs on it: `kanmon rollback r3`."
    assert cloud.users == ("r4", "r4")


def test_a_rollback_to_a_release_that_runs_on_the_schema_goes_on(cloud: Cloud) -> None:
    """CD-9"""
    _contracted(cloud)
    assert roll_back(cloud, "r3").result is Result.ROLLED_BACK
    assert cloud.users == ("r3", "r3")


def test_the_schema_stays_after_a_rollback(cloud: Cloud) -> None:
    """CD-9: no rollback undoes a migration."""
    _contracted(cloud)
    roll_back(cloud)
    assert _refused(cloud, None).fix == (
        "No earlier release runs on it: repair the app, and release it with `kanmon deploy`."
    )
    assert present_targets(cloud.ledger) == Targets(None, ("r4",), _refused(cloud, None).message)


def test_status_reads_each_kept_release_once(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-9: each refused release is compared with all others, and with forty kept ones that is slow."""
    _contracted(cloud)
    reads: Counter[str] = Counter()

    def counted(key: str) -> tuple[bytes, str] | None:
        reads[key] += 1
        return found(key)

    found = cloud.store.get
    monkeypatch.setattr(cloud.store, "get", counted)
    assert present_targets(cloud.ledger).named == ("r3",)
    assert {reads[release_key(f"r{number}")] for number in (1, 2, 3, 4)} == {1}


def test_the_migration_of_an_aborted_release_counts(cloud: Cloud) -> None:
    """CD-9: the hook has run, and the checks failed."""
    for number in (1, 2, 3):
        _release(cloud, f"v{number}", _answer(number))
    cloud.faulty.add(("r4", "candidate"))
    assert _release(cloud, "v4", _answer(4, compatible_with=3)).result is Result.ABORTED
    assert _refused(cloud, "r2").fix.startswith("No earlier release")


def test_a_migration_that_the_live_release_cannot_run_on_ends_the_deploy(cloud: Cloud) -> None:
    """CD-5: an automatic rollback would have nowhere to go."""
    _release(cloud, "v1", _answer(1))
    outcome = _release(cloud, "v2", _answer(2, compatible_with=2))
    assert outcome.result is Result.ABORTED
    failure = failure_of(outcome)
    assert failure.code is Code.SCHEMA_TOO_NEW
    assert failure.message == (
        "After the migration of r2, the database needs releases for schema 2 or later. Users are on r1, "
        "which is for schema 1."
    )
    assert Step.SHIFT not in {step.step for step in operation_of(outcome).steps}
    assert cloud.users == ("r1", "r1")


def test_a_release_without_a_hook_is_for_the_schema_that_it_met(cloud: Cloud) -> None:
    """CD-9"""
    _release(cloud, "v1", _answer(1))
    _release(cloud, "v2", _answer(2))
    release(cloud, "v3", config=HOOKLESS)
    _release(cloud, "v4", _answer(3, compatible_with=2))
    assert rollback_target(cloud.ledger, "r3").database_schema == 2
    assert _refused(cloud, "r1").fix == "The nearest one that runs on it: `kanmon rollback r2`."


def test_a_release_from_before_the_first_answer_is_not_refused(cloud: Cloud) -> None:
    """Nobody stated what it runs on."""
    _release(cloud, "v1", "migrated")
    _release(cloud, "v2", _answer(7, compatible_with=7))
    assert rollback_target(cloud.ledger, "r1").database_schema is None


def test_an_earlier_statement_holds_beside_a_later_one(cloud: Cloud) -> None:
    """The code of a revert does not know what a later migration removed."""
    _contracted(cloud)
    _release(cloud, "v3 again", _answer(4))
    assert _refused(cloud, "r2").fix == "The nearest one that runs on it: `kanmon rollback r3`."


def test_a_restored_database_runs_the_older_releases_again(cloud: Cloud) -> None:
    """A lower number than before: somebody restored a snapshot."""
    _contracted(cloud)
    _release(cloud, "v1 again", _answer(1))
    assert rollback_target(cloud.ledger, "r1").id == "r1"


@pytest.mark.parametrize(
    "answer",
    [
        "null",
        '"migrated"',
        "[7]",
        '{"schema": "public"}',
        '{"schema": true}',
        '{"schema": -1}',
        "{",
        "[" * 99999,
    ],
)
def test_an_answer_without_a_number_is_the_apps_own(cloud: Cloud, answer: str) -> None:
    """CD-5"""
    assert _release(cloud, "v1", answer).result is Result.STABLE
    assert cloud.ledger.head().database_schema is None


@pytest.mark.parametrize("oldest", [8, -1, "7", None, True, 6.5])
def test_a_wrong_statement_fails_the_hook(cloud: Cloud, oldest: object) -> None:
    """CD-5"""
    failure = failure_of(_release(cloud, "v1", _answer(7, compatible_with=oldest)))
    assert failure.code is Code.HOOK_FAILED
    wrong = json.dumps(oldest)
    assert failure.message == (
        f"A hook answered `compatible_with` {wrong}. It must be a number of at most its `schema`, 7."
    )


def test_a_long_answer_is_read_whole(cloud: Cloud) -> None:
    """The names of many migrations don't hide the schema."""
    answer = json.dumps({"applied": ["x" * 99] * 9, "schema": 9})
    _release(cloud, "v1", answer)
    schema = cloud.ledger.head().database_schema
    assert schema is not None
    assert schema.number == 9
