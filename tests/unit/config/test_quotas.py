"""The config refuses names, tags and settings before AWS would (INF-9, INF-4)."""

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
    ("changes", "reason"),
    [
        ({"app": "a" * 29}, "leaves it 28 in ap-northeast-1"),
        (
            {"app": "a" * 22, "environment": "b" * 22},
            "44 characters together. Names of resources leave them 43. Make one",
        ),
        (
            {"app": "a" * 22, "github": {"repository": "o/r", "environments": ["test", "b" * 22]}},
            "44 characters together",
        ),
        (
            {"app": "a" * 20, "environment": "b" * 20, **_alone("c" * 17)},
            f"its resource has the name {'a' * 20}-{'b' * 20}-green-{'c' * 17} with 65 characters",
        ),
        (
            {"schedules": {"s" * 32: {"expression": "rate(1 day)", "function": "api"}}} | _LONG,
            "AWS takes 64. Make it shorter by 12.",
        ),
        (
            {"state_machines": {"w" * 32: {"definition": "a.json"}}} | _LONG | {"app": "a" * 23},
            "AWS takes 80. Make it shorter by 1.",
        ),
        (
            {"queues": {"q" * 32: {"function": "api"}}} | _LONG | {"app": "a" * 24},
            "AWS takes 80. Make it shorter by 1.",
        ),
        (
            {"schedules": {"a" * 32: {"expression": "rate(1 day)", "function": "api"}}, "app": "s" * 25},
            "Make it shorter by 5.",
        ),
        (_alone(environment={"LONG": "ü" * 2000}), "The function api sets 4004 bytes"),
        (
            _alone(environment={"KEY": "x{{resolve:secretsmanager:jwt}}"}),
            "`functions.api.environment.KEY` has a dynamic reference",
        ),
        (
            {"secrets": {"jwt": {"description": "{{resolve:ssm:x}}"}}},
            "`secrets.jwt.description` has a dynamic reference",
        ),
        (
            {"tags": {f"t{n}": "" for n in range(48)}},
            "48 tags. A stack takes 47 besides Kanmon's own. Remove 1 of them.",
        ),
        ({"tags": {"a" * 129: ""}}, "a key of 129 characters"),
        ({"tags": {"": ""}}, "a key of 0 characters"),
        ({"tags": {"a": "b" * 257}}, "a value of 257"),
        ({"tags": {"AWS:x": "b"}}, "begins with `aws:`"),
        ({"tags": {"team": "a&b"}}, "Use letters from A to Z, digits"),
        ({"tags": {"team": "東京"}}, "changed by CloudFormation"),
    ],
)
def test_too_much_is_refused_with_the_limit(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_config(**changes)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"app": "a" * 28, "environment": "b" * 15},
        {"app": "a" * 20, "environment": "b" * 20, **_alone("c" * 16)},
        {"tags": {"Cost Center": "Groesse 1: a/b=c+d@e.f_g-h"}},
        {"app": "a" * 29, "region": "eu-central-1", "environment": "ab"},
    ],
)
def test_values_at_the_limit_are_accepted(changes: dict[str, Any]) -> None:
    make_config(**changes)


@pytest.mark.parametrize("name", ["a--1", "a-", "-a", "1a", "A1", "a", "a" * 33, "a_b", "a--b"])
def test_a_name_is_one_everywhere(name: str) -> None:
    """RDS takes no two hyphens in a row (DBClusterIdentifier), and no hyphen at the end."""
    with pytest.raises(ValidationError):
        make_config(app=name)
    with pytest.raises(ValidationError):
        make_config(github={"repository": "o/r", "environments": [name]})


@pytest.mark.parametrize(
    ("queue", "reason"), [({"batch_size": 10_001}, "10000"), ({"retention_days": 15}, "14")]
)
def test_a_queue_has_the_limits_of_sqs(queue: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        make_config(queues={"mail": {"function": "api"} | queue})
