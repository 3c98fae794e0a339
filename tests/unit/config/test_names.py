"""Names of environments that begin alike (SEC-1)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.fakes.app import make_config
from tests.fakes.configs import GITHUB


def _with(*environments: str, **changes: Any) -> None:
    make_config(github=GITHUB | {"environments": environments}, **changes)


@pytest.mark.parametrize(
    ("short", "long"), [("test", "test-eu"), ("eu", "eu-1"), ("prod", "prod-eu-west"), ("a1", "a1-b")]
)
def test_an_environment_beginning_another_is_refused(short: str, long: str) -> None:
    for own, other in ((short, long), (long, short)):
        with pytest.raises(ValueError, match=f"{long} begins with the name of the environment {short}"):
            _with(other, environment=own)


@pytest.mark.parametrize("others", [("test", "testing"), ("test", "eu-test"), ("test-eu", "test-us")])
def test_other_names_are_taken(others: tuple[str, ...]) -> None:
    _with(*others, environment=others[0])


@pytest.mark.parametrize("name", ["kanmon", "kanmon-1", "kanmon-111122223333"])
def test_kanmons_own_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} begins with `kanmon`"):
        make_config(environment=name)
    with pytest.raises(ValueError, match=f"{name} begins with `kanmon`"):
        _with(name)


def test_a_name_with_kanmon_in_it_is_taken() -> None:
    make_config(environment="kanmons")


def test_names_that_differ_by_a_hyphen_only_are_refused() -> None:
    """Both would be `Test1` in the bootstrap stack: one would lose its roles."""
    with pytest.raises(ValueError, match="test-1 and test1 have the same name"):
        _with("test-1", "test1", environment="test1")


@pytest.mark.parametrize(
    "name", ["foundation", "slot", "slot-blue", "api", "edge", "observability", "bootstrap"]
)
def test_no_stack_has_the_name_of_kanmons_own(name: str) -> None:
    """ADP-2: it would be changed in the place of the other one."""
    with pytest.raises(ValidationError, match="Kanmon itself has a stack"):
        make_config(stacks={name: {"template": "a.yml"}})
