"""Goals in memory: behaves like the PostgreSQL store, which the tests prove."""

import threading
import uuid
from dataclasses import replace

from mandala.errors import DatabaseUnavailable
from mandala.goals import Chart, Goal, VersionConflict


class MemoryGoals:
    """A GoalStore that forgets. A test can make it fail, or give it an older schema."""

    def __init__(self, schema: int = 2) -> None:
        self.available = True
        self.applied = schema
        self._goals: dict[str, Goal] = {}
        # The local server answers in threads.
        self._lock = threading.Lock()

    def schema(self) -> int:
        """The schema that a test gave it."""
        self._check()
        return self.applied

    def list(self) -> list[Goal]:
        """All goals, the oldest first."""
        self._check()
        return list(self._goals.values())

    def get(self, id: str) -> Goal | None:
        """One goal."""
        self._check()
        return self._goals.get(id)

    def create(self, chart: Chart) -> Goal:
        """Keep a new goal, as version 1."""
        self._check()
        goal = Goal(str(uuid.uuid4()), 1, chart)
        self._goals[goal.id] = goal
        return goal

    def replace(self, id: str, version: int, chart: Chart) -> Goal | None:
        """Change the goal if it still is at `version`."""
        self._check()
        with self._lock:
            goal = self._goals.get(id)
            if goal is None:
                return None
            if goal.version != version:
                raise VersionConflict(id)
            changed = replace(goal, version=version + 1, chart=chart)
            self._goals[id] = changed
        return changed

    def delete(self, id: str) -> bool:
        """Delete the goal; returns whether it was there."""
        self._check()
        return self._goals.pop(id, None) is not None

    def _check(self) -> None:
        if not self.available:
            raise DatabaseUnavailable("made to fail")
