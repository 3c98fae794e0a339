"""Changes that AWS never makes are refused by the plan, with the way back (CD-3, INF-4)."""

from __future__ import annotations

from typing import Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.fixed import refuse_impossible
from kanmon.templates.foundation import foundation_template
from tests.fakes.app import USER_POOL, make_config


def template(**changes: Any) -> str:
    return foundation_template(make_config(user_pool=USER_POOL | changes))


ATTRIBUTES: dict[str, Any] = USER_POOL["attributes"]
LOGIN: dict[str, Any] = USER_POOL["hosted_login"]


@pytest.mark.parametrize(
    ("changes", "problem", "fix"),
    [
        (
            {"attributes": {name: one for name, one in ATTRIBUTES.items() if name != "seats"}},
            "never removes an attribute, and seats",
            "`seats: {type: number, mutable: false, min: 1}`",
        ),
        (
            {"attributes": ATTRIBUTES | {"plan": {"max": 21}}},
            "never changes an attribute, and plan",
            "`plan: {type: string, mutable: true, min: 0, max: 20}`",
        ),
        ({"attributes": ATTRIBUTES | {"theme": {"type": "date"}}}, "theme", "`theme: {type: string"),
        ({"required": []}, "given_name of `user_pool.required`", "`required: [given_name, …]`"),
        ({"required": ["given_name", "locale"]}, "without locale", "Remove it"),
        ({"hosted_login": LOGIN | {"domain": "other"}}, "has shop-login", "Release once without"),
    ],
)
def test_an_impossible_change_is_refused(changes: dict[str, Any], problem: str, fix: str) -> None:
    with pytest.raises(KanmonError) as refused:
        refuse_impossible("shop-test-foundation", template(), template(**changes))
    assert refused.value.code is Code.PLAN_IMPOSSIBLE
    assert problem in refused.value.message
    assert fix in str(refused.value.fix)
    assert refused.value.where == "shop-test-foundation"


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": ATTRIBUTES | {"more": {}}},
        {"attributes": ATTRIBUTES | {"theme": {"writable": False}}},
        {"password": {"minimum_length": 20}},
        {"mfa": "required"},
        {"mail": None},
        {"messages": {}},
        {"tokens": {}},
        {"hosted_login": None, "resource_servers": {}},
        {"hosted_login": LOGIN | {"callback_urls": ["https://new.example.com/"]}},
    ],
)
def test_a_possible_change_passes(changes: dict[str, Any]) -> None:
    refuse_impossible("shop-test-foundation", template(), template(**changes))


def test_a_new_pool_has_any_attributes() -> None:
    without = foundation_template(make_config())
    refuse_impossible("shop-test-foundation", without, template())
    refuse_impossible("shop-test-foundation", "", template())
    refuse_impossible("shop-test-foundation", template(), without)
    refuse_impossible("shop-test-foundation", "by hand", template())
