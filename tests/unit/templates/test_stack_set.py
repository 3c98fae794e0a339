"""An environment's stacks: kinds, order, names, tags, and parameters from other stacks (INF-9)."""

from __future__ import annotations

import pytest

from kanmon.model import Slot
from kanmon.naming import API, EDGE, FOUNDATION, OBSERVABILITY, SLOT, STACK_KINDS, Parameter
from kanmon.notify.package import notifier_package
from kanmon.stacks.cloudformation import DeployedStack
from kanmon.stacks.spec import StackOutput, StackSpec
from kanmon.stacks.user_triggers import still_live, triggers_of
from kanmon.templates.offline import unbuilt
from kanmon.templates.stack_set import Bootstrapped, notifier_of, stack_kinds, stacks_of, tags
from tests.fakes.app import GREETING, NIGHTLY, make_config
from tests.fakes.configs import matrix

MADE = Bootstrapped("shop-kanmon", "arn:key")
SLACK = {"channels": {"slack": "shop-slack"}}


def _stacks(case: str = "everything on", slot: Slot = Slot.GREEN) -> dict[str, StackSpec]:
    config = matrix()[case]
    return {spec.kind: spec for spec in stacks_of(config, unbuilt(config), "r7", slot, MADE)}


def _outputs(spec: StackSpec, stack: str) -> set[str]:
    """The parameters from a stack. Each has the name of its output."""
    given = {key: one for key, one in spec.parameters.items() if isinstance(one, StackOutput)}
    assert all(one.key == key for key, one in given.items())
    return {key for key, one in given.items() if one.stack == stack}


def _given(spec: StackSpec) -> dict[str, str]:
    """The parameters with a value already."""
    return {key: one for key, one in spec.parameters.items() if isinstance(one, str)}


def test_an_app_with_an_api_has_every_kind_of_stack() -> None:
    assert stack_kinds(matrix()["everything on"]) == STACK_KINDS


def test_an_app_of_pages_has_no_stack_of_the_api() -> None:
    assert stack_kinds(matrix()["web only"]) == (FOUNDATION, SLOT, EDGE, OBSERVABILITY)


@pytest.mark.parametrize("case", matrix())
def test_there_is_a_stack_of_each_kind_in_order(case: str) -> None:
    assert tuple(_stacks(case)) == stack_kinds(matrix()[case])


@pytest.mark.parametrize("case", matrix())
def test_each_stack_comes_after_the_stacks_it_needs(case: str) -> None:
    kinds = stack_kinds(matrix()[case])
    for kind, spec in _stacks(case).items():
        needed = {one.stack for one in spec.parameters.values() if isinstance(one, StackOutput)}
        assert needed <= set(kinds[: kinds.index(kind)])


def test_the_slots_stack_is_the_one_of_its_slot() -> None:
    assert _stacks(slot=Slot.BLUE)[SLOT].name == "shop-test-slot-blue"


def test_the_foundation_takes_the_environments_key() -> None:
    """INF-3, AWS-1: and every deletion protection is on."""
    protected = {"ProtectDatabase": "true", "ProtectUserPool": "true"}
    given = _given(_stacks()[FOUNDATION])
    assert given == {"KeyArn": MADE.key} | protected | triggers_of(given)


def test_the_foundation_knows_the_triggers_of_the_release() -> None:
    """CD-8: a deploy leaves the live ones until the release is live, and other stacks alone."""
    config = make_config(user_pool=GREETING)
    (foundation, *_) = stacks_of(config, unbuilt(config), "r7", Slot.GREEN, MADE)
    given = _given(foundation)
    assert given["UserTriggers"] == "green"
    assert (given["PostConfirmation"], given["UserMigration"]) == ("api", "")
    live = {"UserTriggers": "blue", "PreSignUp": "old"}
    existing = DeployedStack("shop-test-foundation", "arn:1", "UPDATE_COMPLETE", live)
    assert still_live(FOUNDATION, given, existing) == given | triggers_of(live)
    assert still_live(FOUNDATION, given, None) == given | triggers_of({})
    assert still_live("orders", {"PreSignUp": "mine"}, existing) == {"PreSignUp": "mine"}


def test_the_slot_has_the_values_of_its_release() -> None:
    assert _given(_stacks()[SLOT]) == {
        "Slot": "green",
        "Release": "r7",
        "Commit": "0" * 40,
        "ArtifactBucket": MADE.bucket,
        "Triggers": "DISABLED",
    }


def test_a_slot_without_functions_has_no_commit() -> None:
    assert _given(_stacks("web only")[SLOT]) == {"Slot": "green", "Release": "r7"}


def test_a_slot_without_triggers_has_no_switch() -> None:
    assert Parameter.TRIGGERS not in _stacks("minimal")[SLOT].parameters


def test_a_schedule_starts_switched_off() -> None:
    config = make_config(schedules=NIGHTLY)
    stacks = stacks_of(config, unbuilt(config), "r7", Slot.GREEN, MADE)
    (slot,) = [spec for spec in stacks if spec.kind == SLOT]
    assert slot.parameters[Parameter.TRIGGERS] == "DISABLED"


def test_the_slot_takes_the_key_from_the_foundation() -> None:
    assert _outputs(_stacks("minimal")[SLOT], FOUNDATION) == {"KeyArn"}


def test_the_api_takes_its_logs_from_the_foundation() -> None:
    assert _outputs(_stacks()[API], FOUNDATION) == {"AccessLogs"}


def test_the_edge_takes_the_api() -> None:
    assert _outputs(_stacks()[EDGE], API) == {"ApiId"}


def test_the_edge_of_pages_needs_nothing() -> None:
    assert _stacks("web only")[EDGE].parameters == {}


def test_observability_takes_the_distribution() -> None:
    assert _outputs(_stacks()[OBSERVABILITY], EDGE) == {"Distribution"}


def test_observability_takes_the_key_and_the_database() -> None:
    assert _outputs(_stacks()[OBSERVABILITY], FOUNDATION) == {"KeyArn", "DatabaseCluster"}


def test_observability_without_a_database_takes_the_key() -> None:
    assert _outputs(_stacks("minimal")[OBSERVABILITY], FOUNDATION) == {"KeyArn"}


def test_a_channel_needs_the_bucket_of_packages() -> None:
    assert _given(_stacks()[OBSERVABILITY]) == {"ArtifactBucket": MADE.bucket}


def test_without_a_channel_no_bucket_is_given() -> None:
    assert _given(_stacks("minimal")[OBSERVABILITY]) == {}


def test_the_notifier_has_the_libraries_of_its_channels() -> None:
    assert notifier_of(make_config(notifications=SLACK)) == notifier_package(("slack",))


def test_a_resource_has_the_teams_tags_and_kanmons() -> None:
    assert tags(make_config(tags={"team": "web"})) == {
        "team": "web",
        "app": "shop",
        "environment": "test",
        "managed-by": "kanmon",
    }


def test_a_teams_tag_changes_none_of_kanmons() -> None:
    assert tags(make_config(tags={"app": "other"}))["app"] == "shop"
