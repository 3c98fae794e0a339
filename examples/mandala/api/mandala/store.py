"""Goals in PostgreSQL: one row each, the blocks as one JSON document."""

import json
import uuid
from typing import Any

from mandala import schema
from mandala.database import Database
from mandala.goals import Chart, Goal, VersionConflict, parse_chart, sub_goals_content

_COLUMNS = "id, version, title, sub_goals"


class PostgresGoals:
    """A GoalStore on a Database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def schema(self) -> int:
        """The number of the newest migration that was applied."""
        return schema.current(self._database.run)

    def list(self) -> list[Goal]:
        """All goals, the oldest first."""
        rows = self._database.run(f"SELECT {_COLUMNS} FROM goals ORDER BY created_at, id")
        return [_goal(row) for row in rows]

    def get(self, id: str) -> Goal | None:
        """One goal."""
        if not _is_id(id):
            return None
        rows = self._database.run(
            f"SELECT {_COLUMNS} FROM goals WHERE id = CAST(:id AS uuid)", id=id
        )
        return _goal(rows[0]) if rows else None

    def create(self, chart: Chart) -> Goal:
        """Keep a new goal, as version 1."""
        rows = self._database.run(
            "INSERT INTO goals (title, sub_goals) VALUES (:title, CAST(:sub_goals AS jsonb))"
            f" RETURNING {_COLUMNS}",
            title=chart.title,
            sub_goals=json.dumps(sub_goals_content(chart)),
        )
        return _goal(rows[0])

    def replace(self, id: str, version: int, chart: Chart) -> Goal | None:
        """Change the goal if it still is at `version`: one statement, so no two can win."""
        if not _is_id(id):
            return None
        rows = self._database.run(
            "UPDATE goals SET title = :title, sub_goals = CAST(:sub_goals AS jsonb),"
            " version = version + 1"
            " WHERE id = CAST(:id AS uuid) AND version = CAST(:version AS integer)"
            f" RETURNING {_COLUMNS}",
            id=id,
            version=version,
            title=chart.title,
            sub_goals=json.dumps(sub_goals_content(chart)),
        )
        if rows:
            return _goal(rows[0])
        if self.get(id) is None:
            return None
        raise VersionConflict(id)

    def delete(self, id: str) -> bool:
        """Delete the goal; returns whether it was there."""
        if not _is_id(id):
            return False
        rows = self._database.run(
            "DELETE FROM goals WHERE id = CAST(:id AS uuid) RETURNING id", id=id
        )
        return bool(rows)


def _goal(row: list[Any]) -> Goal:
    id, version, title, sub_goals = row
    return Goal(str(id), version, parse_chart({"title": title, "sub_goals": sub_goals}))


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
