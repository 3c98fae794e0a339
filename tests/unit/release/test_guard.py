"""Plans that CloudFormation would find impossible in the middle of a deploy (ADP-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.app import make_bundle, make_config
from tests.fakes.existing import NETWORK
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


EXISTING = {"network": NETWORK}


@pytest.mark.parametrize(("before", "after"), [({}, EXISTING), (EXISTING, {})])
def test_a_plan_moving_the_database_to_another_network_is_refused(
    cloud: Cloud, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """ADP-3: to an existing network, and back from one."""
    release(cloud, "one", config=make_config(existing=before))
    cloud.stacks.replacing.add("DatabaseSecurityGroup")
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, make_bundle(cloud, "two", config=make_config(existing=after)))
    assert caught.value.code is Code.NETWORK_MOVES
    assert caught.value.where == "shop-test-foundation"


def test_a_database_that_stays_in_its_network_is_planned(cloud: Cloud) -> None:
    """ADP-3"""
    release(cloud, "one", config=make_config(existing=EXISTING))
    more = {"network": {**NETWORK, "security_groups": ["sg-0a1b2c3d", "sg-0a1b2c3e"]}}
    assert plan_of(cloud, make_bundle(cloud, "two", config=make_config(existing=more))).stacks
