"""What would become a name, a tag or a setting that AWS refuses is refused in the config (INF-9, INF-4)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.fakes.app import make_config

FUNCTION = {"handler": "shop.api", "artifact": "build/api"}

_LONG = {"app": "a" * 18, "environment": "b" * 18}


def _alone(name: str = "api", **function: Any) -> dict[str, Any]:
    return {
        "functions": {name: FUNCTION | function},
        "api": {"routes": [{"path": "/api/{proxy+}", "function": name}]},
        "hooks": [],
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"app": "a" * 29}, "leaves it 28 in ap-northeast-1"),
        (
            {"app": "a" * 22, "environment": "b" * 22},
            "44 characters together; names of resources leave them 43",
        ),
        (
            {"app": "a" * 22, "github": {"repository": "o/r", "environments": ["test", "b" * 22]}},
            "44 characters together",
        ),
        (
            {"app": "a" * 20, "environment": "b" * 20, **_alone("c" * 17)},
            f"is 1 characters too long: its resource is named {'a' * 20}-{'b' * 20}-green-{'c' * 17}",
        ),
        (
            {"schedules": {"s" * 32: {"expression": "rate(1 day)", "function": "api"}}} | _LONG,
            "under `schedules` is 12 characters too long",
        ),
        (
            {"workflows": {"w" * 32: {"definition": "a.json"}}} | _LONG | {"app": "a" * 23},
            "under `workflows` is 1 characters too long",
        ),
        (
            {"queues": {"q" * 32: {"function": "api"}}} | _LONG | {"app": "a" * 24},
            "under `queues` is 1 characters too long",
        ),
        (_alone(environment={"LONG": "ü" * 2000}), "function api sets 4004 bytes"),
        (_alone(environment={"KEY": "x{{resolve:secretsmanager:jwt}}"}), "KEY of function api is a dynamic"),
        (
            {"secrets": {"jwt": {"description": "{{resolve:ssm:x}}"}}},
            "description of secret jwt is a dynamic",
        ),
        ({"tags": {f"t{n}": "" for n in range(48)}}, "48 tags; a stack takes 47"),
        ({"tags": {"a" * 129: ""}}, "too long"),
        ({"tags": {"": ""}}, "too long"),
        ({"tags": {"a": "b" * 257}}, "too long"),
        ({"tags": {"AWS:x": "b"}}, "AWS's own"),
        ({"tags": {"team": "a&b"}}, "more than letters"),
    ],
)
def test_what_is_too_much_is_refused_with_how_much_may_be(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_config(**changes)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "a" * 28, "environment": "b" * 15},
        {"app": "a" * 20, "environment": "b" * 20, **_alone("c" * 16)},
        {"tags": {"Cost Center": "Größe 1: a/b=c+d@e.f_g-h"}},
        {"app": "a" * 29, "region": "eu-central-1", "environment": "ab"},
    ],
)
def test_what_just_fits_is_taken(changes: dict[str, Any]) -> None:
    make_config(**changes)


@pytest.mark.parametrize("name", ["a--1", "a-", "-a", "1a", "A1", "a", "a" * 33, "a_b", "a--b"])
def test_a_name_is_one_everywhere(name: str) -> None:
    """RDS takes no two hyphens in a row (DBClusterIdentifier), and no hyphen at the end."""
    with pytest.raises(ValidationError):
        make_config(app=name)
    with pytest.raises(ValidationError):
        make_config(github={"repository": "o/r", "environments": [name]})


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (["/api/{proxy+}/x"], "must come last"),
        (["/api/{id}", "/api/{name}/x"], "at /api there is {id} already"),
        (["/api/{id}", "/api/{proxy+}"], "one variable at a place"),
    ],
)
def test_routes_that_api_gateway_does_not_take_are_refused(paths: list[str], told: str) -> None:
    """INF-6"""
    with pytest.raises(ValidationError) as caught:
        make_config(api={"routes": [{"path": path, "function": "api"} for path in paths]})
    assert told in str(caught.value)


def test_routes_that_share_a_variable_are_taken() -> None:
    """INF-6"""
    paths = ["/api/{id}", "/api/{id}/tasks", "/api/{id}/{task}", "/api/x/{name}", "/api/x/y/{proxy+}"]
    make_config(api={"routes": [{"path": path, "function": "api"} for path in paths]})


@pytest.mark.parametrize(
    "changes",
    [
        _alone(handler="shop api"),
        _alone(handler="a" * 129),
        _alone(environment={"A": "one letter"}),
        {"notifications": {"slack_secret": 'x"${AWS::Region}'}},
    ],
)
def test_what_lambda_and_secrets_manager_do_not_take_is_refused(changes: dict[str, Any]) -> None:
    """INF-5"""
    with pytest.raises(ValidationError):
        make_config(**changes)
