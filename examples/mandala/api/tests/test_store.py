"""What every GoalStore does: run against the one in memory and the one in PostgreSQL."""

import uuid
from collections.abc import Iterator

import pytest
from mandala.credentials import CredentialsSource
from mandala.database import Database
from mandala.goals import Action, Chart, GoalStore, SubGoal, VersionConflict
from mandala.migrate import migrate
from mandala.store import PostgresGoals
from memory import MemoryGoals

CHART = Chart("走る – run; DROP TABLE goals", (SubGoal("'\"\\", (Action(":x", True),) * 8),) * 8)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def goals(request: pytest.FixtureRequest) -> Iterator[GoalStore]:
    if request.param == "memory":
        yield MemoryGoals()
        return
    source: CredentialsSource = request.getfixturevalue("source")
    connect = request.getfixturevalue("connect")
    migrate(source, connect)
    database = Database(source, connect)
    yield PostgresGoals(database)
    database.close()


def test_it_starts_empty_with_the_schema(goals: GoalStore) -> None:
    assert goals.list() == []
    assert goals.schema() == 2


def test_what_is_kept_is_found(goals: GoalStore) -> None:
    goal = goals.create(CHART)
    assert goal.version == 1
    assert goal.chart == CHART
    assert goals.get(goal.id) == goal


def test_the_oldest_comes_first(goals: GoalStore) -> None:
    ids = [goals.create(Chart(f"Goal {n}")).id for n in range(5)]
    assert [goal.id for goal in goals.list()] == ids


def test_a_change_raises_the_version(goals: GoalStore) -> None:
    goal = goals.create(Chart("Before"))
    changed = goals.replace(goal.id, 1, CHART)
    assert changed is not None
    assert changed.id == goal.id
    assert changed.version == 2
    assert changed.chart == CHART
    assert goals.get(goal.id) == changed


def test_a_change_of_an_old_version_conflicts(goals: GoalStore) -> None:
    goal = goals.create(Chart("Before"))
    first = goals.replace(goal.id, 1, Chart("First"))
    with pytest.raises(VersionConflict):
        goals.replace(goal.id, 1, Chart("Second"))
    assert goals.get(goal.id) == first


def test_deleted_is_gone(goals: GoalStore) -> None:
    goal = goals.create(CHART)
    assert goals.delete(goal.id)
    assert not goals.delete(goal.id)
    assert goals.get(goal.id) is None
    assert goals.replace(goal.id, 1, CHART) is None


@pytest.mark.parametrize("id", ["", "1", "'; DROP TABLE goals", str(uuid.UUID(int=7)), "\ud800"])
def test_an_id_that_is_not_there(goals: GoalStore, id: str) -> None:
    assert goals.get(id) is None
    assert goals.replace(id, 1, CHART) is None
    assert not goals.delete(id)
