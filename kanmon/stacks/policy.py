"""The policy of a stack with state. It stops every update, by anybody, from replacing or deleting state.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanmon.stacks.changes import STATEFUL

if TYPE_CHECKING:
    from collections.abc import Collection


def stack_policy(given_up: Collection[str]) -> str:
    """Allow all updates except the loss of state. `given_up` are logical ids of state you can lose."""
    named = [f"LogicalResourceId/{name}" for name in sorted(given_up)]
    everything = {"Principal": "*", "Resource": "*"}
    denied = {"Principal": "*", "NotResource": named} if named else everything
    statements = [
        {"Effect": "Allow", "Action": "Update:*", **everything},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            **denied,
            "Condition": {"StringEquals": {"ResourceType": sorted(STATEFUL)}},
        },
    ]
    return json.dumps({"Statement": statements}, indent=1)
