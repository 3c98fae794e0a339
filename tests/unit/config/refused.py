"""The mistake of a value that its type refuses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError


def mistake_of(kind: Any, value: str) -> str:
    """The mistake in words; the test fails if the type takes the value."""
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    [error] = refused.value.errors()
    return str(error["ctx"]["error"])
