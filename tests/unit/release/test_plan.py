"""The plan: everything a release would change, approved as a whole by its digest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Slot, State
from kanmon.release.plan import Plan, read_plan
from tests.fakes.app import make_bundle, make_config
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.cloud import Cloud


def test_first_release_goes_into_blue_and_defers_what_needs_stacks_that_are_not_there(cloud: Cloud) -> None:
    """CD-4"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert (plan.release, plan.base, plan.slot) == ("r1", None, Slot.BLUE)
    deferred = {stack.part: stack.deferred for stack in plan.stacks}
    later = ("slot", "api", "edge", "observability")
    assert deferred == {"foundation": False, **dict.fromkeys(later, True)}
    assert all(change.mark == "+" for stack in plan.stacks for change in stack.changes)


def test_next_release_goes_into_the_idle_slot_and_leaves_other_stacks_alone(cloud: Cloud) -> None:
    """CD-8"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    assert (plan.base, plan.slot) == ("r1", Slot.GREEN)
    assert [stack.part for stack in plan.stacks if stack.touched] == ["slot"]
    assert plan.web.changed == ("index.html", "sw.js")


def test_planning_changes_nothing_that_users_or_stacks_have(cloud: Cloud) -> None:
    release(cloud, "one")
    before = dict(cloud.stacks.stacks), cloud.pages(), dict(cloud.gateway.stages)
    plan_of(cloud, make_bundle(cloud, "two"))
    assert (cloud.stacks.stacks, cloud.pages(), cloud.gateway.stages) == before


def test_the_live_release_again_is_nothing_to_do(cloud: Cloud) -> None:
    """CD-6, NFR-2"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert (plan.unchanged, plan.release, plan.stacks) == (True, "r1", ())
    assert release(cloud, "one").result == "unchanged"


def test_same_bundle_is_released_again_when_somebody_changed_a_stack(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.stacks.bodies["shop-test-edge"] += "# by hand\n"
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert not plan.unchanged


def test_planning_twice_takes_one_id_and_other_bundles_take_others(cloud: Cloud) -> None:
    first = plan_of(cloud, make_bundle(cloud, "one"))
    assert plan_of(cloud, make_bundle(cloud, "one")).release == first.release == "r1"
    assert plan_of(cloud, make_bundle(cloud, "two")).release == "r2"


def test_id_of_a_release_that_was_deployed_is_not_taken_again(cloud: Cloud) -> None:
    cloud.hooks.failing.add("migrate")
    assert release(cloud, "one").result == "aborted"
    assert plan_of(cloud, make_bundle(cloud, "one")).release == "r2"


@pytest.mark.parametrize("allowed", [False, True])
def test_a_plan_that_replaces_state_is_refused_unless_the_config_gives_it_up(
    cloud: Cloud, allowed: bool
) -> None:
    """CD-4"""
    release(cloud, "one")
    cloud.stacks.replacing.add("Key")
    config = make_config(tags={"team": "b"}, allow_destroy=["Key"] if allowed else [])
    manifest = make_bundle(cloud, "two", config=config)
    if allowed:
        assert plan_of(cloud, manifest).stacks[0].changes[0].destroys
        return
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, manifest)
    assert caught.value.code is Code.PLAN_DESTROYS
    assert "replaces Key (AWS::KMS::Key)" in caught.value.message
    assert "allow_destroy" in caught.value.fix


def test_a_plan_that_deletes_state_is_refused(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    body = cloud.stacks.bodies["shop-test-edge"]
    table = "\n  Orders:\n    Type: AWS::DynamoDB::Table\n"
    cloud.stacks.bodies["shop-test-edge"] = body.replace("\n  WebBucket:\n", f"{table}\n  WebBucket:\n", 1)
    with pytest.raises(KanmonError, match="deletes Orders"):
        plan_of(cloud, make_bundle(cloud, "two"))


def test_plan_file_round_trip(cloud: Cloud, tmp_path: Path) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    file = tmp_path / "plan.json"
    file.write_text(plan.text(), "utf-8")
    assert read_plan(file) == plan


def test_digest_covers_every_field(cloud: Cloud) -> None:
    """CD-4: what was approved is what runs."""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    content = plan.model_dump(mode="json")
    digests = {plan.digest}
    others: dict[str, object] = {
        "origin": {"deployment": "other", "slot": "green"}, "slot": "blue", "made": "2020-01-01T00:00:00Z",
        "stacks": content["stacks"][1:], "web": {"files": 0, "assets": 0, "changed": []}, "unchanged": True,
    }  # fmt: skip
    for key in content:
        altered = Plan.model_validate(content | {key: others.get(key, "altered")})
        digests.add(altered.digest)
    assert len(digests) == len(content) + 1


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index))]
    return [path] if isinstance(value, str) else []


def test_any_altered_text_in_a_plan_file_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    """CD-4"""
    release(cloud, "one")
    text = plan_of(cloud, make_bundle(cloud, "two")).text()
    file = tmp_path / "plan.json"
    for path in _leaves(json.loads(text)):
        content = json.loads(text)
        place = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] += "x"
        file.write_text(json.dumps(content), "utf-8")
        with pytest.raises(KanmonError) as caught:
            read_plan(file)
        assert caught.value.code in {Code.PLAN_ALTERED, Code.PLAN_UNREADABLE}, path


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"plan": {}, "digest": ""}', "null"])
def test_a_file_that_is_no_plan_is_one_clear_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, "utf-8")
    with pytest.raises(KanmonError) as caught:
        read_plan(file)
    assert caught.value.code is Code.PLAN_UNREADABLE


def test_a_missing_plan_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        read_plan(tmp_path / "none.json")
    assert caught.value.code is Code.PLAN_UNREADABLE


def test_planned_release_is_on_record(cloud: Cloud) -> None:
    """CD-11"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    record = cloud.ledger.release("r1")
    assert record
    assert (record.state, record.bundle, record.commit) == (State.PLANNED, plan.bundle, plan.commit)
