"""Environments of one account with names that begin alike (SEC-1)."""

from __future__ import annotations

import json

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.cloudformation import DeployedStack
from kanmon.stacks.neighbours import refuse_alike


def _stack(name: str, *environments: str) -> DeployedStack:
    outputs = {"Environments": json.dumps(dict.fromkeys(environments))} if environments else {}
    return DeployedStack(name, f"arn:{name}", "CREATE_COMPLETE", {}, outputs, {})


@pytest.mark.parametrize(
    ("app", "environment", "other", "theirs"),
    [
        # The same prefix, one within the other, and Kanmon's own bucket within one.
        ("shop", "eu-test", "shop-eu", "test"),
        ("shop", "eu", "shop-eu", "test"),
        ("shop-eu", "test", "shop", "eu"),
        ("shop", "eu-kanmon", "shop-eu", "test"),
    ],
)
def test_another_app_within_a_prefix_is_refused(app: str, environment: str, other: str, theirs: str) -> None:
    with pytest.raises(KanmonError, match="begin alike") as caught:
        refuse_alike(app, [environment], [_stack(f"{other}-bootstrap", theirs)])
    assert caught.value.code is Code.NAMES_ALIKE


def test_an_earlier_environment_of_the_app_is_refused() -> None:
    with pytest.raises(KanmonError, match="shop-test and shop-test-eu begin alike"):
        refuse_alike("shop", ["test-eu", "test"], [])


@pytest.mark.parametrize("output", ["dev,prod", "5", "null", '["test"]', "[" * 100_000])
def test_another_tools_output_of_the_name_is_no_trouble(output: str) -> None:
    """TRU-6"""
    foreign = DeployedStack("shop-eu-bootstrap", "arn:x", "CREATE_COMPLETE", {}, {"Environments": output}, {})
    refuse_alike("shop", ["eu"], [foreign])


def test_unlike_apps_and_other_stacks_are_no_trouble() -> None:
    stacks = [
        _stack("shop-bootstrap", "test"),
        _stack("shop-eu-bootstrap", "test"),
        _stack("store-bootstrap", "test"),
        # Not Kanmon's.
        _stack("shop-test-bootstrap"),
        _stack("CDKToolkit"),
    ]
    refuse_alike("shop", ["test", "production"], stacks)
