"""What the rows give together: one statement for several things, one ceiling for a section (SEC-2)."""

from __future__ import annotations

from kanmon.stacks.granted import ceilings, granted
from tests.fakes.app import make_config
from tests.unit.stacks.test_grants import FUNCTION, READ_SECRET


def test_a_section_has_one_ceiling_for_all_its_rows() -> None:
    assert [one.sid for one in ceilings()] == ["Secrets", "StateMachines", "Queues"]


def test_two_secrets_share_a_statement() -> None:
    functions = {"api": FUNCTION | {"secrets": ["jwt", "ai-key"]}}
    config = make_config(functions=functions, hooks=None, database=None, secrets={"jwt": {}, "ai-key": {}})
    resources = ["!Ref AiKeySecretArn", "!Ref JwtSecretArn"]
    assert granted(config, "api").permissions == {"OwnSecrets": (READ_SECRET, resources)}


def test_a_sender_and_receiver_uses_the_key_for_both() -> None:
    functions = {"api": FUNCTION | {"sends": ["mail"]}}
    queues = {"mail": {"function": "api"}}
    config = make_config(functions=functions, hooks=None, database=None, queues=queues)
    assert granted(config, "api").key_uses == {"MessagesKey": ("sqs", ["kms:GenerateDataKey", "kms:Decrypt"])}
