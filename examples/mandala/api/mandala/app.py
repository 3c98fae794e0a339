"""The API's routes, written against a GoalStore: what each address does."""

from typing import Any

from mandala.errors import DatabaseUnavailable
from mandala.goals import (
    Goal,
    GoalStore,
    VersionConflict,
    goal_content,
    goal_summary,
    parse_chart,
    parse_version,
)
from mandala.logs import log
from mandala.release import Release
from mandala.routing import ApiError, Request, Response, Router


class App:
    """Answers requests."""

    def __init__(self, goals: GoalStore, release: Release, needs_schema: int) -> None:
        self._goals = goals
        self._release = release
        self._needs_schema = needs_schema
        self._router = Router()
        self._router.add("GET", "/api/health", self._health)
        self._router.add("GET", "/api/version", self._version)
        self._router.add("GET", "/api/goals", self._list)
        self._router.add("POST", "/api/goals", self._create)
        self._router.add("GET", "/api/goals/{id}", self._get)
        self._router.add("PUT", "/api/goals/{id}", self._replace)
        self._router.add("DELETE", "/api/goals/{id}", self._delete)

    @property
    def release(self) -> Release:
        """The release that this is."""
        return self._release

    def answer(self, request: Request) -> Response:
        """Route the request; a refusal is an answer too."""
        try:
            return self._router.dispatch(request)
        except ApiError as error:
            return Response.refusal(error)

    def _health(self, _: Request) -> Response:
        """Healthy means: the database answers, and has what this release needs."""
        content: dict[str, Any] = {"status": "failing", "release": self._release.id}
        try:
            schema = self._goals.schema()
        except DatabaseUnavailable as error:
            log("error", "database unavailable", reason=str(error), release=self._release.id)
            return Response(503, {**content, "database": "unavailable"})
        content |= {"database": "ok", "schema": schema}
        if schema < self._needs_schema:
            return Response(503, {**content, "needs_schema": self._needs_schema})
        return Response(200, {**content, "status": "ok"})

    def _version(self, _: Request) -> Response:
        release = self._release
        return Response(
            200, {"release": release.id, "commit": release.commit, "slot": release.slot}
        )

    def _list(self, _: Request) -> Response:
        return Response(200, {"goals": [goal_summary(goal) for goal in self._goals.list()]})

    def _create(self, request: Request) -> Response:
        goal = self._goals.create(parse_chart(request.json()))
        return Response(201, goal_content(goal), {"location": f"/api/goals/{goal.id}"})

    def _get(self, _: Request, id: str) -> Response:
        return Response(200, goal_content(_found(self._goals.get(id))))

    def _replace(self, request: Request, id: str) -> Response:
        content = request.json()
        try:
            goal = self._goals.replace(id, parse_version(content), parse_chart(content))
        except VersionConflict:
            raise ApiError(
                409, "conflict", "The goal was changed meanwhile; read it again."
            ) from None
        return Response(200, goal_content(_found(goal)))

    def _delete(self, _: Request, id: str) -> Response:
        if not self._goals.delete(id):
            _found(None)
        return Response(204)


def _found(goal: Goal | None) -> Goal:
    if goal is None:
        raise ApiError(404, "not_found", "There is no such goal.")
    return goal
