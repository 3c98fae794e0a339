"""CloudFormation answers `?` for every character outside ASCII; the resources get the real ones.

https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220
"""

from __future__ import annotations

import re
from typing import Any

from embedded.server.modules import handlers

ANSWERS = ("GetTemplate", "DescribeStacks")
_OTHER = re.compile(r"[^\x00-\x7f]")


def apply() -> None:
    """For a template, and for a stack with its tags and description."""
    for name in ANSWERS:
        handlers._ACTION_HANDLERS[name] = _ascii(handlers._ACTION_HANDLERS[name])


def _ascii(answer: Any) -> Any:
    def answered(params: dict[str, Any]) -> Any:
        status, headers, body = answer(params)
        return status, headers, _OTHER.sub("?", body.decode()).encode()

    return answered
