"""Checks that see what users see, by the deploy role's own rights: a secret, a function, a login."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change

if TYPE_CHECKING:
    from tests.e2e.project import Ended, Project

pytestmark = pytest.mark.emulator

USER, PASSWORD = "kanmon@example.com", "Canary-password-1"
PUBLIC = """\
checks:
  - {name: key, path: /api/health, headers: {x-key: "${secrets.shopper}"}}
  - {name: migrated, function: migrate, expect: {json: {schema: 2}, latency: 10s}}
"""
SIGNED_IN = """\
  - name: member
    sign_in: {username: kanmon@example.com, password: "${secrets.member.password}"}
    capture: {json: {token: IdToken}}
  - {name: mine, path: /api/goals, headers: {authorization: "Bearer ${member.token}"}}
"""
SECRETS = "secrets: {shopper: {value: generated}, member: {}}\nuser_pool: {mfa: 'off'}\n"


def _release(project: Project) -> Ended:
    # The rights for the checks come first: an administrator gives them.
    assert "KNM-205" in project.release().check(2).error
    project.kanmon("bootstrap", "--yes").check()
    return project.kanmon("deploy", "--yes")


def test_checks_read_a_secret_invoke_a_function_and_sign_in(project: Project) -> None:
    """ADP-8, CD-7, SEC-1, TRU-3: no value is in the output, in the ledger or in the plan."""
    project.edit_config(lambda text: text.replace("checks:\n", PUBLIC) + SECRETS)
    ended = _release(project).check()
    assert "✓ migrated on r1 (live)" in ended.output
    secrets = project.client("secretsmanager")
    prefix = f"mandala-{project.name}"
    generated = secrets.get_secret_value(SecretId=f"{prefix}-shopper")["SecretString"]
    secrets.put_secret_value(SecretId=f"{prefix}-member", SecretString=f'{{"password": "{PASSWORD}"}}')
    pools = project.client("cognito-idp")
    pool = next(
        one["Id"] for one in pools.list_user_pools(MaxResults=60)["UserPools"] if prefix in one["Name"]
    )
    pools.admin_create_user(
        UserPoolId=pool, Username=USER, MessageAction="SUPPRESS", TemporaryPassword=PASSWORD
    )
    visible_change(project, "two")
    project.edit_config(lambda text: text.replace(PUBLIC, PUBLIC + SIGNED_IN))
    refused = _release(project).check(1)
    assert "give the user a permanent password" in refused.output + refused.error
    assert project.live() == ("r1", "r1")
    pools.admin_set_user_password(UserPoolId=pool, Username=USER, Password=PASSWORD, Permanent=True)
    released = project.kanmon("deploy", "--yes").check()
    assert "✓ mine on r3 (candidate)" in released.output
    everything = f"{ended.output}{refused.output}{refused.error}{released.output}"
    everything += project.kanmon("history", "--json").check().output
    for value in (generated, PASSWORD, "eyJ"):  # how a token begins
        assert value not in everything
