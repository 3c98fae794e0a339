"""What is left in the account: found by name, ARN or tag (AWS-3)."""

from __future__ import annotations

from typing import Any

import pytest

from verification.account import Account
from verification.removal import left_of

from .test_report import ACCOUNT

OWN = {"TagKey": "app", "TagValue": "kanmon-verify"}
GATEWAY = {"NatGatewayId": "nat-1", "Tags": [{"Key": "app", "Value": "kanmon-verify"}]}


class Kms:
    """One key."""

    def __init__(self, state: str, tags: list[dict[str, str]]) -> None:
        self.state, self.tags = state, tags

    def describe_key(self, KeyId: str) -> Any:  # noqa: N803 - boto's own name
        assert KeyId == "k"
        return {"KeyMetadata": {"KeyManager": "CUSTOMER", "KeyState": self.state}}

    def list_resource_tags(self, KeyId: str) -> Any:  # noqa: N803 - boto's own name
        assert KeyId == "k"
        return {"Tags": self.tags}


class Lists(Account):
    """An account with these lists."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Any:
        del service, operation, arguments
        return iter(self._made["lists"].get(key, ()))

    def stack(self, name: str) -> Any:
        del name
        return None


def left(lists: dict[str, Any], state: str = "Enabled", tags: Any = ()) -> list[str]:
    made = {"lists": lists, "kms": Kms(state, list(tags))}
    caller = f"arn:aws:iam::{ACCOUNT}:user/hanako"
    return list(left_of(Lists("eu-west-1", ACCOUNT, caller, made)))


@pytest.mark.parametrize(
    ("lists", "found"),
    [
        ({"Buckets": [{"Name": "kanmon-verify-aws-web-1"}, {"Name": "shop"}]}, ["1 in s3 Buckets"]),
        ({"QueueUrls": ["https://x/kanmon-verify-aws-mail"]}, ["1 in sqs QueueUrls"]),
        ({"NatGateways": [GATEWAY | {"State": "available"}]}, ["1 in ec2 NatGateways"]),
        ({"NatGateways": [GATEWAY | {"State": "deleted"}]}, []),
        ({}, []),
    ],
    ids=["name", "address", "tag", "deleted", "nothing"],
)
def test_a_thing_of_the_app_is_found(lists: dict[str, Any], found: list[str]) -> None:
    assert left(lists) == found


@pytest.mark.parametrize(
    ("state", "tags", "found"),
    [("Enabled", [OWN], ["kms key k"]), ("PendingDeletion", [OWN], []), ("Enabled", [], [])],
)
def test_a_key_counts_until_its_end_is_near(state: str, tags: Any, found: list[str]) -> None:
    assert left({"Keys": [{"KeyId": "k"}]}, state, tags) == found
