"""Reserved concurrency counts for both slots, and is refused before anything changes (AWS-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.aws.functions import AccountConcurrency
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import Cloud
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from kanmon.config.schema import Config


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def _plan(cloud: Cloud, count: int | None, quota: int, *, unreserved: int | None = None) -> None:
    cloud.functions.account = AccountConcurrency(quota, quota if unreserved is None else unreserved)
    plan_of(cloud, make_bundle(cloud, "next", config=_config(count)))


def _config(count: int | None) -> Config:
    function = {"handler": "shop.api", "artifact": "build/api", "reserved_concurrency": count}
    return make_config(functions={"api": function}, hooks=[], database=None)


@pytest.mark.parametrize(
    ("count", "quota"), [(None, 10), (450, 1000), (1, 102)], ids=["nothing", "half", "one in each slot"]
)
def test_what_fits_twice_is_planned(cloud: Cloud, count: int | None, quota: int) -> None:
    """AWS-4"""
    _plan(cloud, count, quota)


@pytest.mark.parametrize(
    ("count", "quota", "room"),
    [(1, 10, 0), (1, 50, 0), (1, 101, 1), (451, 1000, 900), (900, 1000, 900)],
    ids=["new account", "small account", "one slot only", "two slots", "one slot's whole room"],
)
def test_what_does_not_fit_twice_is_refused(cloud: Cloud, count: int, quota: int, room: int) -> None:
    """AWS-4: the first release would fit; the second one, beside it, would not."""
    with pytest.raises(
        KanmonError, match=f"reserve {count} .* need {2 * count} .* room for {room} "
    ) as caught:
        _plan(cloud, count, quota)
    assert caught.value.code is Code.CONCURRENCY_MISSING
    assert "Service Quotas" in caught.value.fix
    assert cloud.stacks.stacks == {}


def test_the_slots_own_reservations_are_room(cloud: Cloud) -> None:
    """AWS-4: both slots have 200 of 900. Up to 450 in each is no more than the account has."""
    for version in ("one", "two"):
        release(cloud, version, config=_config(200))
    _plan(cloud, 450, 1000, unreserved=600)
    with pytest.raises(KanmonError, match="room for 900 "):
        _plan(cloud, 451, 1000, unreserved=600)


def test_the_live_slot_keeps_its_reservation_beside_a_smaller_one(cloud: Cloud) -> None:
    """AWS-4: the account got a smaller quota since. 400 in the live slot leave 100 for the new one."""
    release(cloud, "one", config=_config(400))
    _plan(cloud, 100, 600, unreserved=200)
    with pytest.raises(KanmonError, match=r"need 501 .* room for 500 "):
        _plan(cloud, 101, 600, unreserved=200)
