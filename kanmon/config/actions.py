"""The names of IAM's actions: a misspelled one allows nothing, and neither IAM nor CloudFormation refuses it.

The names come with Kanmon, so they may be older than AWS's: an unknown action is a warning. IAM itself
refuses an unknown service, so one that is nearly the name of a service is a mistake in the config.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from functools import cache
from pathlib import Path

PLACE = Path(__file__).with_name("iam-actions.txt")
"""Written by scripts/generators/iam_actions.py."""
_NEAR = 0.8
# Operations with an action of another name.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
# https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-scoped.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
# https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
_OTHERWISE = {
    "bedrock:converse": "InvokeModel",
    "bedrock:conversestream": "InvokeModelWithResponseStream",
    "dynamodb:transactgetitems": "GetItem",
    "dynamodb:transactwriteitems": "PutItem",
    "execute-api:posttoconnection": "ManageConnections",
    "lambda:invoke": "InvokeFunction",
    "s3:copyobject": "PutObject",
    "s3:createmultipartupload": "PutObject",
    "s3:deleteobjects": "DeleteObject",
    "s3:headbucket": "ListBucket",
    "s3:headobject": "GetObject",
    "s3:listbuckets": "ListAllMyBuckets",
    "s3:listobjects": "ListBucket",
    "s3:listobjectsv2": "ListBucket",
    "s3:uploadpart": "PutObject",
    "sqs:changemessagevisibilitybatch": "ChangeMessageVisibility",
    "sqs:deletemessagebatch": "DeleteMessage",
    "sqs:sendmessagebatch": "SendMessage",
}


@cache
def services() -> dict[str, tuple[str, ...]]:
    """The actions by services; none for a service of which only the name is known."""
    found: dict[str, tuple[str, ...]] = {}
    for block in re.findall(r"^\S+\n(?:  .*\n)*", PLACE.read_text("utf-8"), re.MULTILINE):
        name, *actions = block.split()
        found[name] = tuple(actions)
    return found


def near_service(action: str) -> str:
    """The service that an action's unknown one is nearly named like; empty for a known or a foreign one."""
    name = action.partition(":")[0].lower()
    if name in services():
        return ""
    return next(iter(difflib.get_close_matches(name, services(), n=1, cutoff=_NEAR)), "")


def unknown_action(action: str) -> str | None:
    """What to write for an action, or a pattern of one, that IAM doesn't know: empty for no near name.

    None for a known one, and where nothing is known of its service.
    """
    service, _, name = action.lower().partition(":")
    if service not in services():
        return ""
    known = {one.lower(): one for one in services()[service]}
    if not known or fnmatch.filter(known, name):
        return None
    if other := _OTHERWISE.get(f"{service}:{name}"):
        return f"{service}:{other}"
    near = difflib.get_close_matches(name, known, n=1)
    return f"{service}:{known[near[0]]}" if near else ""
