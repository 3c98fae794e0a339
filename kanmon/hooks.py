"""Hooks: functions of the idle slot that are invoked before it takes traffic, such as a migration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws import explained
from kanmon.errors import Code, KanmonError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from kanmon.config import Hook
    from kanmon.ledger import Slot

_SHOWN = 500


@dataclass(frozen=True)
class Hooks:
    """Invokes hooks of one app."""

    functions: LambdaClient
    prefix: str

    def run(self, hook: Hook, slot: Slot, release: str) -> str:
        """Invoke a hook and wait for it; its answer as text. Raises HOOK_FAILED.

        A hook must be idempotent: it is invoked again when a release is begun again.
        """
        name = f"{self.prefix}-{slot}-{hook.function}"
        event = {"kanmon": {"hook": hook.name, "release": release, "slot": slot}, **hook.payload}
        with explained(f"invoking the hook {hook.name}"):
            answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            text = answer["Payload"].read().decode("utf-8", "replace")
        if answer.get("FunctionError"):
            raise KanmonError(Code.HOOK_FAILED, f"{hook.name}: {text[:_SHOWN]}", where=name)
        return text[:_SHOWN]
