"""Outputs of an environment's stacks, as parameters of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import Slot
from kanmon.naming import SHARED_KINDS, SLOT
from kanmon.release.stack_outputs import outputs_of, resolve
from kanmon.stacks.spec import ParameterValue, StackOutput
from tests.fakes.app import make_config
from tests.fakes.runs import release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


def test_they_come_by_the_stacks_kinds(cloud: Cloud) -> None:
    release(cloud, "one")
    config = make_config()
    assert outputs_of(cloud.services(), config, Slot.BLUE)[SLOT]["Release"] == "r1"
    assert outputs_of(cloud.services(), config, Slot.GREEN).keys() == set(SHARED_KINDS)
    assert outputs_of(cloud.services(), config, Slot.NONE).keys() == set(SHARED_KINDS)


def test_a_parameter_has_its_text_or_an_output() -> None:
    parameters: dict[str, ParameterValue] = {
        "Size": "2",
        "Host": StackOutput(stack="foundation", key="DatabaseHost"),
    }
    assert resolve(parameters, {"foundation": {"DatabaseHost": "db"}}) == {"Size": "2", "Host": "db"}
    assert resolve(parameters, {"foundation": {}}) is None
