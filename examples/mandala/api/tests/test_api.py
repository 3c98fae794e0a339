import base64
import json
from datetime import datetime
from typing import Any

import pytest
from mandala import handler
from mandala.app import App
from mandala.goals import Chart, sub_goals_content
from mandala.release import Release
from memory import MemoryGoals

RELEASE = Release("r42", "abc123", "green", "production")


class Api:
    def __init__(self) -> None:
        self.goals = MemoryGoals(schema=2)
        self.app = App(self.goals, RELEASE, needs_schema=2)

    def __call__(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        content = body if isinstance(body, str) or body is None else json.dumps(body)
        answer = self.raw({"httpMethod": method, "path": path, "body": content})
        return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None

    def raw(self, event: dict[str, Any]) -> dict[str, Any]:
        answer = handler.respond(self.app, event)
        assert answer["headers"]["x-kanmon-release"] == "r42"
        assert answer["headers"]["cache-control"] == "no-store"
        return answer


@pytest.fixture
def api() -> Api:
    return Api()


def test_health(api: Api) -> None:
    expected = {"status": "ok", "database": "ok", "schema": 2, "release": "r42"}
    assert api("GET", "/api/health") == (200, expected)


def test_health_fails_with_the_database(api: Api) -> None:
    api.goals.available = False
    status, content = api("GET", "/api/health")
    assert status == 503
    assert content["status"] == "failing"
    assert content["database"] == "unavailable"


def test_health_fails_on_an_older_schema_but_not_on_a_newer_one(api: Api) -> None:
    api.goals.applied = 1
    status, content = api("GET", "/api/health")
    assert status == 503
    assert content["schema"] == 1
    assert content["needs_schema"] == 2
    api.goals.applied = 3
    assert api("GET", "/api/health")[0] == 200


def test_version_needs_no_database(api: Api) -> None:
    api.goals.available = False
    expected = {"release": "r42", "commit": "abc123", "slot": "green"}
    assert api("GET", "/api/version") == (200, expected)


def test_the_life_of_a_goal(api: Api) -> None:
    status, goal = api("POST", "/api/goals", {"title": "Run a marathon"})
    assert status == 201
    assert goal["version"] == 1
    assert len(goal["sub_goals"]) == 8
    path = f"/api/goals/{goal['id']}"
    assert api("GET", path) == (200, goal)

    goal["sub_goals"][0]["actions"][0] = {"title": "Buy shoes", "done": True}
    status, changed = api("PUT", path, goal)
    assert status == 200
    assert changed["version"] == 2
    assert changed["progress"] == {"done": 1, "total": 1, "percent": 100}

    summary = {k: v for k, v in changed.items() if k != "sub_goals"}
    assert api("GET", "/api/goals") == (200, {"goals": [summary]})
    assert api("DELETE", path) == (204, None)
    assert api("GET", path)[0] == 404
    assert api("DELETE", path)[0] == 404


def test_a_new_goal_may_come_filled_and_has_a_location(api: Api) -> None:
    sub_goals = sub_goals_content(Chart("x"))
    sub_goals[7]["title"] = "Rest"
    body = json.dumps({"title": "Goal", "sub_goals": sub_goals})
    answer = api.raw({"httpMethod": "POST", "path": "/api/goals", "body": body})
    goal = json.loads(answer["body"])
    assert goal["sub_goals"][7]["title"] == "Rest"
    assert answer["headers"]["location"] == f"/api/goals/{goal['id']}"


def test_the_second_of_two_changes_conflicts(api: Api) -> None:
    _, goal = api("POST", "/api/goals", {"title": "Goal"})
    path = f"/api/goals/{goal['id']}"
    assert api("PUT", path, {**goal, "title": "First"})[0] == 200
    status, content = api("PUT", path, {**goal, "title": "Second"})
    assert status == 409
    assert content["error"]["code"] == "conflict"
    assert api("GET", path)[1]["title"] == "First"


@pytest.mark.parametrize("path", ["/", "/api", "/api/nothing", "/api/goals/x/y", "/api/goals/1"])
def test_unknown_is_404(api: Api, path: str) -> None:
    status, content = api("GET", path)
    assert status == 404
    assert content["error"]["code"] == "not_found"


def test_a_wrong_method_gets_the_right_ones(api: Api) -> None:
    answer = api.raw({"httpMethod": "PATCH", "path": "/api/goals"})
    assert answer["statusCode"] == 405
    assert answer["headers"]["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("[]", 400, "invalid_json"),
        ("[" * 100_000, 400, "invalid_json"),
        ('{"title": "' + "x" * 300_000 + '"}', 413, "too_large"),
        ('{"title": ""}', 400, "invalid"),
        ('{"title": "\\ud800"}', 400, "invalid"),
    ],
)
def test_a_bad_body_is_one_clear_error(api: Api, body: str, status: int, code: str) -> None:
    answered, content = api("POST", "/api/goals", body)
    assert answered == status
    assert content["error"]["code"] == code
    assert content["error"]["message"]


def test_bodies_may_be_base64(api: Api) -> None:
    event = {"httpMethod": "POST", "path": "/api/goals", "isBase64Encoded": True}
    body = base64.b64encode('{"title": "目標"}'.encode()).decode()
    assert api.raw({**event, "body": body})["statusCode"] == 201
    assert api.raw({**event, "body": "*"})["statusCode"] == 400


def test_a_failing_database_is_503(api: Api) -> None:
    api.goals.available = False
    answer = api.raw({"httpMethod": "GET", "path": "/api/goals"})
    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "2"
    assert json.loads(answer["body"])["error"]["code"] == "database_unavailable"


def test_a_bug_is_500_and_logged_but_not_shown(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise KeyError("inner matter")

    monkeypatch.setattr(api.goals, "list", fail)
    status, content = api("GET", "/api/goals")
    assert status == 500
    assert content["error"]["code"] == "internal"
    assert "inner matter" not in json.dumps(content)
    assert "inner matter" in capsys.readouterr().out


def test_every_request_is_one_json_line(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.raw({"httpMethod": "GET", "path": "/api/version", "requestContext": {"requestId": "id-1"}})
    (line,) = capsys.readouterr().out.splitlines()
    content = json.loads(line)
    assert content.pop("ms") >= 0
    assert datetime.fromisoformat(content.pop("timestamp")).tzinfo is not None
    assert content == {
        "level": "INFO",
        "message": "request",
        "method": "GET",
        "path": "/api/version",
        "status": 200,
        "release": "r42",
        "slot": "green",
        "request_id": "id-1",
    }


def test_the_release_comes_from_the_slot() -> None:
    variables = {"KANMON_RELEASE": "r7", "KANMON_COMMIT": "c", "KANMON_SLOT": "blue"}
    assert Release.from_environment(variables) == Release("r7", "c", "blue", "local")


def test_without_a_secret_the_version_answers_and_health_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_SECRET_ARN", raising=False)
    handler.application.cache_clear()
    assert handler.handle({"httpMethod": "GET", "path": "/api/version"}, None)["statusCode"] == 200
    assert handler.handle({"httpMethod": "GET", "path": "/api/health"}, None)["statusCode"] == 503
    assert "DATABASE_SECRET_ARN is not set" in capsys.readouterr().out
