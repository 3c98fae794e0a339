"""The config refuses a function before Lambda would (INF-5)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.fakes.app import make_config

FUNCTION = {"handler": "shop.api", "artifact": "build/api"}


@pytest.mark.parametrize(
    "changes",
    [{"handler": "shop api"}, {"handler": "a" * 129}, {"environment": {"A": "one letter"}}],
)
def test_a_function_invalid_for_lambda_is_refused(changes: dict[str, Any]) -> None:
    """INF-5"""
    with pytest.raises(ValidationError):
        make_config(functions={"api": FUNCTION | changes}, hooks=[])
