"""References between sections of the config must exist, and must not clash (INF-7, INF-4)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.fakes.app import make_config, make_full_config

FUNCTION = {"handler": "a", "artifact": "b"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"functions": {"api": FUNCTION | {"starts": ["xy"]}}},
            "names the state machine xy, .* `state_machines`",
        ),
        (
            {"functions": {"api": FUNCTION | {"sends": ["xy"]}}},
            "names the queue xy, .* `queues`",
        ),
        (
            {"functions": {"api": FUNCTION | {"user_pool": True}}},
            "wants the user pool, but there is no `user_pool`",
        ),
        (
            {"queues": {"failed": {"retries": 5}}},
            "`retries` is for the function of a queue, and this .* none",
        ),
        ({"queues": {"failed": {"batch_size": 5}}}, "`batch_size` is for the function of a queue"),
        ({"queues": {"mail": {"function": "xy"}}}, "queue mail names the function xy, .* `functions`"),
        (
            {"schedules": {"s1": {"expression": "rate(1 day)", "function": "xy"}}},
            "s1 names the function xy",
        ),
        (
            {"schedules": {"s1": {"expression": "rate(1 day)", "state_machine": "xy"}}},
            "xy, .* `state_machines`",
        ),
        (
            {"queues": {"mail": {"function": "api"}, "mail-dead": {"function": "api"}}},
            "The queue mail has a dead-letter queue mail-dead of its own",
        ),
        (
            {"web": {"directory": "a", "immutable": ["assets/*", "api/*"]}},
            "api/.* has the same path as the API",
        ),
        ({"web": {"directory": "a", "immutable": ["a/*", "a/*"]}}, "a/.* is there twice"),
        ({"queues": {"aws-x": {"function": "api"}}}, "AWS_X_QUEUE_URL"),
        ({"secrets": {"kanmon-x": {}}}, "KANMON_X_SECRET_ARN"),
        ({"state_machines": {"aws-x": {"definition": "a"}}}, "AWS_X_STATE_MACHINE_ARN"),
        ({"state_machines": {"x1": {"definition": "../a"}}}, "inside the app's folder"),
        ({"functions": {"api": FUNCTION | {"environment": {"MAIL_QUEUE_URL": "x"}}}}, "belong to Kanmon"),
        (
            {"functions": {"api": FUNCTION | {"environment": {"X_STATE_MACHINE_ARN": "x"}}}},
            "belong to Kanmon",
        ),
        ({"functions": {"api": FUNCTION | {"environment": {"USER_POOL_ID": "x"}}}}, "belong to Kanmon"),
    ],
)
def test_sections_in_conflict_are_refused(changes: dict[str, Any], reason: str) -> None:
    base: dict[str, Any] = {"functions": {"api": FUNCTION}, "hooks": []}
    with pytest.raises(ValidationError, match=reason):
        make_config(**base | changes)


def test_every_section_together_is_fine() -> None:
    assert make_full_config().queues["mail"].retries == 3


def test_an_app_without_any_access_is_refused() -> None:
    with pytest.raises(ValueError, match="neither `api` nor `web`"):
        make_config(api=None, web=None)


def test_an_api_without_functions_is_refused() -> None:
    with pytest.raises(ValueError, match="names the function api"):
        make_config(functions={}, hooks=[], database=None)
