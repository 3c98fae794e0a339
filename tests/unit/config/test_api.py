"""The config refuses routes before API Gateway would (INF-6)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kanmon.config.api import Route, resource_count
from tests.fakes.app import make_config


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["/api/{proxy+}/x"], "must come last"),
        (["/api/{id}", "/api/{name}/x"], "after /api. Another route has {id} there"),
        (["/api/{id}", "/api/{proxy+}"], "one variable at a place"),
    ],
)
def test_routes_invalid_for_api_gateway_are_refused(paths: list[str], reason: str) -> None:
    """INF-6"""
    with pytest.raises(ValidationError) as caught:
        make_config(api={"routes": [{"path": path, "function": "api"} for path in paths]})
    assert reason in str(caught.value)


@pytest.mark.parametrize("path", ["/api/~ann", "/api/a b", "/api/ä", "/api/a%20b", "/api/a$b", "api/a"])
def test_letters_that_api_gateway_refuses_are_refused(path: str) -> None:
    """INF-6"""
    with pytest.raises(ValidationError, match=r"api.routes.0.path"):
        make_config(api={"routes": [{"path": path, "function": "api"}]})


def test_a_colon_in_a_path_is_accepted() -> None:
    """INF-6: https://github.com/aws/aws-cdk/issues/22477"""
    make_config(api={"routes": [{"path": "/api/events:batch", "function": "api"}]})


def test_routes_with_the_same_variable_are_accepted() -> None:
    """INF-6"""
    paths = ["/api/{id}", "/api/{id}/tasks", "/api/{id}/{task}", "/api/x/{name}", "/api/x/y/{proxy+}"]
    make_config(api={"routes": [{"path": path, "function": "api"} for path in paths]})


@pytest.mark.parametrize(
    ("paths", "count"),
    [
        (["/api/{proxy+}"], 3),
        (["/api/goals", "/api/goals/{id}"], 4),
        (["/api/a/b", "/api/c/b"], 6),
        ([], 1),
    ],
)
def test_each_step_of_a_path_is_a_resource(paths: list[str], count: int) -> None:
    """INF-6: steps at the same place are one, and the root is one."""
    assert resource_count([Route(path=path, method="ANY", function="api") for path in paths]) == count
