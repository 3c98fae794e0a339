"""Triggers are on in the live slot on the embedded AWS, switched by change sets of the deployed template."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

_CLAIMS = """\
import os

def handle(event, context):
    claims = {"claimsToAddOrOverride": {"release": os.environ["KANMON_RELEASE"]}}
    event["response"]["claimsAndScopeOverrideDetails"] = {"idTokenGeneration": claims}
    return event
"""
_FUNCTION = """\
functions:
  claims: {handler: claims.handle, artifact: build/api}
"""
_POOL = """\
user_pool:
  mfa: "off"
  # With it, the client takes the password itself: a test needs no SRP.
  triggers: {pre_token_generation_v2: claims, user_migration: claims}
"""
_TRIGGERS = """\
queues:
  later: {function: migrate}

schedules:
  nightly: {expression: "cron(0 18 * * ? *)", function: migrate}

hooks:
"""


def _triggers(project: Project) -> dict[str, tuple[str, str]]:
    """By slot, the states of its schedule and of its queue's consumer."""
    scheduler, functions = project.client("scheduler"), project.client("lambda")
    states = {}
    for schedule in scheduler.list_schedules(NamePrefix=f"mandala-{project.name}-")["Schedules"]:
        slot = next(slot for slot in ("blue", "green") if f"-{slot}-" in schedule["Name"])
        name = f"mandala-{project.name}-{slot}-migrate"
        [source] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        states[slot] = (schedule["State"], source["State"])
    return states


def _claim(project: Project) -> str:
    """The release whose function writes into a token of today."""
    pools = project.client("cognito-idp")
    pool = next(
        one["Id"]
        for one in pools.list_user_pools(MaxResults=60)["UserPools"]
        if f"mandala-{project.name}" in one["Name"]
    )
    [client] = pools.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]
    user = {"UserPoolId": pool, "Username": "kim@example.com"}
    if not pools.list_users(UserPoolId=pool)["Users"]:
        pools.admin_create_user(**user, MessageAction="SUPPRESS")
        pools.admin_set_user_password(**user, Password="Canary-password-1", Permanent=True)
    token = pools.initiate_auth(
        ClientId=client["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "kim@example.com", "PASSWORD": "Canary-password-1"},
    )["AuthenticationResult"]["IdToken"]
    content = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(content + "==="))["release"])


def test_triggers_are_those_of_the_live_slot_alone(project: Project) -> None:
    """CD-8, CD-10: a release, the next one and a rollback switch them, and the user pool's."""
    project.edit_config(
        lambda text: text.replace("hooks:\n", _TRIGGERS, 1).replace("functions:\n", _FUNCTION, 1) + _POOL
    )
    (project.folder / "build/api/claims.py").write_text(_CLAIMS, "utf-8")
    first = project.release().check().output
    assert first.index("the user pool calls claims of r1") < first.index("r1 is stable")
    on, off = ("ENABLED", "Enabled"), ("DISABLED", "Disabled")
    assert _triggers(project) == {"blue": on}
    assert _claim(project) == "r1"
    assert "nothing to change" in project.release().check().output
    visible_change(project, "two")
    output = project.release().check().output
    assert "pre_token_generation_v2: claims" in output
    assert output.index("the triggers of r1 are off") < output.index("the triggers of r2 are on")
    assert _triggers(project) == {"blue": off, "green": on}
    assert _claim(project) == "r2"
    project.kanmon("rollback", "--yes").check()
    assert _triggers(project) == {"blue": on, "green": off}
    assert _claim(project) == "r1"
    assert project.live() == ("r1", "r1")
