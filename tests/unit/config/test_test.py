"""The patterns of reports: Python's `glob` can take all accepted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from kanmon.apptest.files import stamps
from kanmon.config.test import AppTests

if TYPE_CHECKING:
    from pathlib import Path


def _tests(pattern: str) -> AppTests:
    return AppTests.model_validate({"commands": ["make"], "results": [pattern]})


@pytest.mark.parametrize("pattern", [".", "./", "./.", ".//."])
def test_a_pattern_of_no_name_is_refused(pattern: str) -> None:
    """TRU-6: `glob` fails with an IndexError, depending on the version of Python."""
    with pytest.raises(ValidationError, match="names no file"):
        _tests(pattern)


@pytest.mark.parametrize("pattern", ["x" * 201, "*/" * 100 + "x"], ids=["one name", "many folders"])
def test_a_long_pattern_is_refused(pattern: str) -> None:
    """TRU-6: the system refuses long names, and `glob` calls itself for each folder."""
    with pytest.raises(ValidationError, match="200"):
        _tests(pattern)


@pytest.mark.parametrize("pattern", ["x" * 200, "*/" * 99 + "x", "**/" * 66 + "x", "a/.", "[", "[!]", "a\nb"])
def test_an_accepted_pattern_can_be_searched(tmp_path: Path, pattern: str) -> None:
    """TRU-6"""
    assert stamps(_tests(pattern).results, tmp_path) == {}
