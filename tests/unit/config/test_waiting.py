"""What API Gateway would cut off is seen before the build (INF-6)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.codes import Code
from kanmon.config.waiting import waiting_warnings
from tests.fakes.app import NIGHTLY, make_config

LONG = {"api": {"handler": "shop.api", "artifact": "build/api", "timeout": 60}}
QUEUE = {"queues": {"mail": {"function": "api"}}}
HOOK = {"hooks": [{"name": "migrate", "function": "api"}]}
MACHINE = {"state_machines": {"report": {"definition": "report.json"}}}


def _with(timeout: int | None, **changes: Any) -> Any:
    functions = {"api": LONG["api"] | {"timeout": timeout}}
    return make_config(**{"functions": functions, "hooks": [], "database": None} | changes)


def test_a_function_that_only_the_api_calls_needs_no_longer_timeout() -> None:
    with pytest.raises(ValidationError, match="after 29 seconds, and the function could run for 31"):
        _with(31)
    for timeout in (None, 29, 30):
        assert waiting_warnings(_with(timeout)) == []


@pytest.mark.parametrize("other", [QUEUE, HOOK, MACHINE, {"schedules": NIGHTLY}])
def test_a_function_with_other_callers_is_named_by_the_build(other: dict[str, Any]) -> None:
    (warning,) = waiting_warnings(_with(60, **other))
    assert warning.code is Code.REQUEST_CUT_OFF
    assert "Requests to the function api end after 29 seconds." in warning.message


def test_a_function_that_only_the_user_pool_calls_needs_no_longer_timeout() -> None:
    """INF-6: Cognito waits 5 seconds. A queue's function may run longer."""
    functions = {**LONG, "greet": LONG["api"]} | {"api": LONG["api"] | {"timeout": 30}}
    pool = {"user_pool": {"triggers": {"post_confirmation": "greet"}}}
    with pytest.raises(
        ValidationError, match="Cognito waits 5 seconds for a trigger, and the function could"
    ):
        _with(30, functions=functions, **pool)
    others = {"queues": {"mail": {"function": "greet"}}}
    assert waiting_warnings(_with(30, functions=functions, **pool, **others)) == []


def test_a_function_behind_no_route_may_run_long() -> None:
    worker = {"handler": "shop.work", "artifact": "build/api", "timeout": 900}
    functions = {"api": LONG["api"] | {"timeout": 30}, "work": worker}
    assert waiting_warnings(_with(30, functions=functions)) == []
