"""What a plan's readers get: the facts of the plan, in their language (CD-4, DOC-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.config.existing import Existing
from kanmon.language import VARIABLE, speak
from kanmon.release.plan_words import existing_lines
from tests.fakes.app import GREETING, make_bundle, make_config
from tests.fakes.existing import EXISTING
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from kanmon.release.plan import Plan
    from tests.fakes.cloud import Cloud

pytestmark = pytest.mark.usefixtures("_english_again")


@pytest.fixture
def _english_again(japanese: None) -> None:
    """Each test begins in English, and leaves no other language."""
    del japanese
    speak({})


def test_each_thing_named_by_id_has_its_words() -> None:
    """ADP-3: and what Kanmon does not do for it."""
    ids = make_config(database=None, existing=EXISTING).existing.ids
    assert ids.keys() == Existing.model_fields.keys()
    assert "database team-data: no snapshot before the release, no rotation, no alarms" in existing_lines(ids)
    speak({VARIABLE: "ja"})
    lines = existing_lines(ids)
    assert (
        "データベース team-data (リリース前のスナップショット、ローテーション、アラームはありません)" in lines
    )
    assert len(lines) == len(ids)
    assert existing_lines({}) == ()


def _tagged(cloud: Cloud) -> Plan:
    release(cloud, "one")
    return plan_of(cloud, make_bundle(cloud, "two", config=make_config(tags={"team": "b"})))


def test_the_effect_of_a_change_comes_in_the_readers_language(cloud: Cloud) -> None:
    """CD-5"""
    foundation = next(stack for stack in _tagged(cloud).stacks if stack.kind == "foundation")
    assert foundation.effect == (
        "users get it at once; a rollback restores it in minutes, or longer for a database"
    )
    speak({VARIABLE: "ja"})
    assert foundation.effect == (
        "すぐにユーザーに反映されます。ロールバックでは数分 (データベースはさらに長く) かけて元に戻ります"
    )


def test_a_new_stack_has_no_effect_on_users(cloud: Cloud) -> None:
    stacks = plan_of(cloud, make_bundle(cloud, "one")).stacks
    assert "created from its template during the deploy" in {stack.effect for stack in stacks}
    speak({VARIABLE: "ja"})
    assert not any(stack.effect.isascii() for stack in stacks if stack.effect)


def test_a_change_of_triggers_comes_in_the_readers_language(cloud: Cloud) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one", config=make_config(user_pool=GREETING)))
    assert plan.user_triggers == ("post_confirmation: api, before: none",)
    speak({VARIABLE: "ja"})
    assert plan.user_triggers == ("post_confirmation: api (変更前: なし)",)
