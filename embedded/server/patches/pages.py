"""A change set with many changes comes in pages: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html.

AWS cuts at 1 MB, ministack's other lists after 100 items, and so does this one.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from embedded.server.modules import change_sets, handlers

_describe = change_sets._describe_change_set
_END = b"</DescribeChangeSetResult>"


def apply() -> None:
    """Put it before ministack's own."""
    handlers._ACTION_HANDLERS["DescribeChangeSet"] = describe_change_set


def describe_change_set(params: dict[str, Any]) -> Any:
    """DescribeChangeSet, a page of its changes."""
    names = (change_sets._p(params, name) for name in ("ChangeSetName", "StackName"))
    _, found = change_sets._find_change_set(*names)
    if not found:
        return _describe(params)
    changes = found.get("Changes", [])
    helpers: Any = import_module("ministack.services.cloudformation.helpers")
    page, token, refused = helpers._page(changes, params, "DescribeChangeSet")
    if refused:
        return refused
    found["Changes"] = page
    try:
        status, headers, body = _describe(params)
    finally:
        found["Changes"] = changes
    return status, headers, body.replace(_END, token.encode() + _END)
