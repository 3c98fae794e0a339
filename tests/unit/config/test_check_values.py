"""What checks take from secrets and from each other must be there (CD-7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.config.check_values import mistakes, secrets_of_checks
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from kanmon.config.section import MistakeError

LOGIN: dict[str, Any] = {
    "name": "login", "path": "/api/login", "body": "${secrets.shopper.password}",
    "capture": {"json": {"token": "token"}, "cookies": ["sid"]},
}  # fmt: skip
SIGN_IN = {"name": "member", "sign_in": {"username": "a@b.example", "password": "${secrets.shopper}"}}


def _mistakes(*checks: dict[str, Any], **changes: Any) -> list[MistakeError]:
    # The config itself would raise the first one.
    plain = make_config(**{"secrets": {"shopper": {}}, **changes})
    given = make_config().checks[0].__class__.model_validate
    return list(mistakes(plain.model_copy(update={"checks": tuple(map(given, checks))})))


def _uses(text: str, name: str = "mine") -> dict[str, Any]:
    return {"name": name, "path": "/api/mine", "headers": {"authorization": text}}


@pytest.mark.parametrize(
    ("checks", "problem", "fix"),
    [
        ([_uses("${secrets.shoper}")], "names the secret shoper, which is not under `secrets`", "`shopper`"),
        ([_uses("${secrets}")], "names the secret , which is not", "Use a name from there"),
        ([_uses("${login.token}"), LOGIN], "The check login comes later", "Write `${secrets.name}`"),
        ([LOGIN, _uses("${login.tokn}")], "The check login captures no tokn", "Write `${login.token}`."),
        (
            [LOGIN, _uses("${logn.token}")],
            "No earlier check has the value `${logn.token}`",
            "`${login.token}`",
        ),
        ([_uses("${mine.token}")], "The check mine comes later", "Write"),
        ([_uses("${foundation.UserPoolId}")], "No earlier check has the value", "Write `${secrets.name}`"),
        ([_uses("${}")], "No earlier check has the value `${}`", "Write `${secrets.name}`"),
        ([{"name": "a1", "path": "/${secrets.shopper}"}], "can't stand in a path", "`headers` or `body`"),
        (
            [{"name": "a1", "function": "apo"}],
            "names the function apo, not under `functions`",
            "Write `api`.",
        ),
        ([SIGN_IN], "There is no `user_pool` to sign in to.", "Add `user_pool: {}`"),
    ],
)
def test_a_mistake_has_its_place_and_its_fix(checks: list[dict[str, Any]], problem: str, fix: str) -> None:
    [mistake] = _mistakes(*checks)
    assert problem in mistake.problem
    assert fix in mistake.fix
    assert mistake.at[:2] in {("checks", index) for index in range(len(checks))}


def test_a_pool_with_a_second_factor_for_all_takes_no_sign_in() -> None:
    [mistake] = _mistakes(SIGN_IN, user_pool={"mfa": "required"})
    assert "Every user of the pool needs a second factor" in mistake.problem


def test_right_checks_have_no_mistake() -> None:
    right = [LOGIN, _uses("Bearer ${login.token} ${login.sid}"), SIGN_IN, {"name": "dry", "function": "api"}]
    assert _mistakes(*right, user_pool={}) == []


def test_only_secrets_that_checks_name_are_read() -> None:
    secrets: dict[str, Any] = {"shopper": {}, "jwt": {"value": "generated"}, "key": {}}
    config = make_config(secrets=secrets, checks=[LOGIN, _uses("${secrets.key}")])
    assert secrets_of_checks(config) == ("key", "shopper")
