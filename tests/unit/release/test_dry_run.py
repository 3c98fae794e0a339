"""A dry run shows what would happen, and changes nothing (CD-4, CD-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.release.dry_run import deploy_steps, rollback_steps
from tests.fakes.app import CANARY, GREETING, make_bundle, make_config
from tests.fakes.ledger import write_head
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud

CONFIG = make_config(traffic=CANARY)


def steps_back(cloud: Cloud, wanted: str) -> list[str]:
    target = cloud.ledger.release(wanted)
    assert target
    return list(rollback_steps(cloud.services(), CONFIG, target))


def test_a_deploy_has_the_steps_of_its_config(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    plan = plan_of(cloud, make_bundle(cloud, "two", config=CONFIG))
    steps = list(deploy_steps(cloud.services(), plan))
    assert steps[0] == f"ask for approval of the plan {plan.digest[:12]}"
    assert "run the hook migrate" in steps
    assert "check r2 as candidate in the green slot: health, page" in steps
    assert steps[-1] == "record it as stable, or return users to r1"
    shares = [step for step in steps if "% of the API requests" in step]
    assert len(shares) == len(CONFIG.traffic.shares)


def test_a_release_in_its_slot_needs_no_stack(cloud: Cloud) -> None:
    for version in ("one", "two"):
        release(cloud, version, config=CONFIG)
    assert "use r1 as it is: it is still complete in the blue slot" in steps_back(cloud, "r1")


def test_a_release_in_no_slot_is_applied_first(cloud: Cloud) -> None:
    for version in ("one", "two", "three"):
        release(cloud, version, config=CONFIG)
    steps = steps_back(cloud, "r1")
    assert "put r1 into the green slot by a stack update, from its recorded template" in steps
    assert "lose r2 there: a rollback to it then needs a stack update, too" in steps
    assert steps.index("check r1 as candidate") < steps.index("move the page, then the API")


def test_the_user_pool_moves_before_users_and_after_their_return(cloud: Cloud) -> None:
    """CD-8, CD-10: as the steps of an app with triggers do."""
    config = make_config(user_pool=GREETING)
    release(cloud, "one", config=config)
    forward = list(deploy_steps(cloud.services(), plan_of(cloud, make_bundle(cloud, "two", config=config))))
    pool = "let the user pool call the functions of"
    assert forward.index(f"{pool} r2") == forward.index("make it live for all users, and check it") - 1
    release(cloud, "two", config=config)
    back = steps_back(cloud, "r1")
    assert back.index(f"{pool} r1") == back.index("move the page, then the API") + 1


def test_the_end_of_a_held_release_freezes_too(cloud: Cloud) -> None:
    """CD-9: the rollback ends the held deploy, and nothing follows."""
    release(cloud, "one", config=CONFIG)
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    release(cloud, "two", config=CONFIG)
    assert steps_back(cloud, "r1") == [
        "ask for approval to return to r1",
        "end the operation 2 first: users return to r1",
        "freeze the environment: the next deploy needs --lift-freeze",
    ]


def test_a_dry_run_is_refused_like_the_real_one(cloud: Cloud) -> None:
    release(cloud, "one", config=CONFIG)
    plan = plan_of(cloud, make_bundle(cloud, "two", config=CONFIG))
    write_head(cloud.ledger, operation=1)
    with pytest.raises(KanmonError) as caught:
        list(deploy_steps(cloud.services(), plan))
    assert caught.value.code is Code.UNFINISHED
    lines = steps_back(cloud, "r1")
    assert lines
